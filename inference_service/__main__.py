"""`python -m inference_service`: start the service; everything is set by environment."""

import logging
import sys

from fastapi import FastAPI

from artifact import load
from inference_service.app import create_app
from inference_service.settings import Settings
from web.serve import run
from web.signing import SigningSettings


def build(settings: Settings) -> FastAPI:
    """Create the service."""
    # It logs bytes of the bodies that it cannot parse, and those may be anything.
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
    return create_app(settings, load)


if __name__ == "__main__":
    sys.exit(run("inference", Settings, build, also=[SigningSettings]))
