"""`python -m chat_service`: start the service; everything is set by environment."""

import sys

from pydantic import ValidationError

from chat_service.app import create_app
from chat_service.knowledge import KnowledgeInvalid
from chat_service.settings import MistralSettings, Settings
from web.serve import Unservable, check_exposure, serve

PREFIX = {kind.__name__: kind.model_config["env_prefix"] for kind in (Settings, MistralSettings)}


def main() -> int:
    """Serve until told to stop; return the exit status."""
    try:
        settings = Settings()
        check_exposure(
            settings.host, allow_anonymous=settings.allow_anonymous, variable="CHAT_ALLOW_ANONYMOUS"
        )
        serve(create_app(settings), settings.host, settings.port, name="chat")
    except ValidationError as error:
        for item in error.errors(include_input=False, include_url=False):
            print(f"{PREFIX[error.title]}{str(item['loc'][0]).upper()}: {item['msg']}", file=sys.stderr)
        return 1
    except KnowledgeInvalid as error:
        print(f"The knowledge base cannot be used: {error}", file=sys.stderr)
        return 1
    except Unservable as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
