"""`python -m chat_service`: start the service; everything is set by environment."""

import gc
import resource
import sys

from fastapi import FastAPI

from chat_service.app import create_app
from chat_service.egress_log import EgressLogUnusable, open_egress_log
from chat_service.knowledge import KnowledgeInvalid
from chat_service.settings import MistralSettings, Settings
from web.serve import Unservable, run
from web.signing import SigningSettings

FILES = 4096
"""Open files that are enough for every connection the settings allow by default."""


def build(settings: Settings) -> FastAPI:
    """Create the service.

    Raises:
        Unservable: if its knowledge base has a gap, or the egress log cannot be written.
    """
    try:
        if settings.egress_log:
            open_egress_log(settings.egress_log, settings.egress_log_max_bytes).close()
        app = create_app(settings)
    except EgressLogUnusable as error:
        raise Unservable(str(error)) from error
    except KnowledgeInvalid as error:
        raise Unservable(f"The knowledge base cannot be used: {error}") from error
    spare_collector()
    return app


def spare_collector() -> None:
    """Take what lives as long as the service out of garbage collection.

    Python looks through all of it again and again, 0.07 s each time while everyone waits.
    """
    gc.collect()
    gc.freeze()


def allow_connections() -> None:
    """Raise the limit of open files as far as it may be: a crowd needs two for each explanation."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < enough:
        resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))


if __name__ == "__main__":
    allow_connections()
    sys.exit(run("chat", Settings, build, also=[MistralSettings, SigningSettings]))
