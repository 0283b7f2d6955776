"""The egress log as a file of its own: one JSON line for each request that left or was held back."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from chat_service.egress import logger
from web.logs import JsonFormatter

KEPT = 5
"""How many full files are kept beside the present one; the oldest is deleted."""


class EgressLogUnusable(Exception):
    """The file cannot be written."""


def open_egress_log(path: Path, max_bytes: int) -> logging.Handler:
    """Open the file to add to it; a new one is for its owner only.

    Raises:
        EgressLogUnusable: if it cannot be opened.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        handler = RotatingFileHandler(path, maxBytes=max_bytes, backupCount=KEPT, encoding="utf-8")
    except OSError as error:
        raise EgressLogUnusable(f"The egress log {path} cannot be written: {error.strerror}") from error
    handler.setFormatter(JsonFormatter())
    return handler


@contextmanager
def logging_egress(path: Path | None, max_bytes: int) -> Iterator[None]:
    """Write what the egress log says into a file as well, if there is one.

    Raises:
        EgressLogUnusable: if it cannot be opened.
    """
    if path is None:
        yield
        return
    handler = open_egress_log(path, max_bytes)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()
