"""`python -m inference_service`: start the service; everything is set by environment."""

import logging
import sys

from fastapi import FastAPI

from artifact import load
from inference_service.app import create_app
from inference_service.audit import Journal, JournalUnusable
from inference_service.settings import Settings
from web.serve import Unservable, run
from web.signing import SigningSettings


def build(settings: Settings) -> FastAPI:
    """Create the service.

    Raises:
        Unservable: if there is an audit log that cannot be continued.
    """
    # It logs bytes of the bodies that it cannot parse, and those may be anything.
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
    return create_app(settings, load, open_journal(settings))


def open_journal(settings: Settings) -> Journal | None:
    """Open the audit log, if there is to be one.

    Raises:
        Unservable: if it cannot be continued.
    """
    if settings.audit_log is None:
        return None
    key = settings.audit_key.get_secret_value().encode() if settings.audit_key else None
    try:
        return Journal(settings.audit_log, key=key, max_bytes=settings.audit_max_bytes)
    except JournalUnusable as error:
        raise Unservable(str(error)) from error


if __name__ == "__main__":
    sys.exit(run("inference", Settings, build, also=[SigningSettings]))
