"""`python -m chat_service`: start the service; everything is set by environment."""

import sys

from fastapi import FastAPI

from chat_service.app import create_app
from chat_service.knowledge import KnowledgeInvalid
from chat_service.settings import MistralSettings, Settings
from web.serve import Unservable, run
from web.signing import SigningSettings


def build(settings: Settings) -> FastAPI:
    """Create the service.

    Raises:
        Unservable: if its knowledge base has a gap.
    """
    try:
        return create_app(settings)
    except KnowledgeInvalid as error:
        raise Unservable(f"The knowledge base cannot be used: {error}") from error


if __name__ == "__main__":
    sys.exit(run("chat", Settings, build, also=[MistralSettings, SigningSettings]))
