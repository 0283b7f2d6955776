"""`python -m inference_service`: start the service; everything is set by environment."""

import logging
import sys
from functools import partial

from fastapi import FastAPI

from artifact import load
from artifact.digest import digest_file_of
from inference_service.app import create_app
from inference_service.audit import Journal, JournalUnusable
from inference_service.settings import Settings
from web.serve import Unservable, is_loopback, run
from web.signing import SigningSettings

SWITCH_S = 0.0005
"""How long a thread may keep others from Python: of the usual 5 ms an image under load waits a dozen."""


def build(settings: Settings) -> FastAPI:
    """Create the service.

    Raises:
        Unservable: if nothing vouches for the model file where it must, or the audit log cannot be continued.
    """
    # It logs bytes of the bodies that it cannot parse, and those may be anything.
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
    sys.setswitchinterval(SWITCH_S)
    alone = is_loopback(settings.host)
    if not alone:
        check_digest(settings)
    read = partial(load, sha256=settings.model_sha256, unverified=alone)
    return create_app(settings, read, open_journal(settings))


def check_digest(settings: Settings) -> None:
    """Refuse to answer others from a model file that may be anybody's.

    Raises:
        Unservable: if no digest is known that the file must have.
    """
    place = digest_file_of(settings.model)
    if settings.model_sha256 is None and not place.exists():
        raise Unservable(
            f"Listening on {settings.host} needs a model file whose digest is known. "
            f"Write it into {place} with sha256sum, or say it in INFERENCE_MODEL_SHA256."
        )


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
