"""`python -m inference_service`: start the service; everything is set by environment."""

import logging
import sys

from pydantic import ValidationError

from artifact import load
from inference_service.app import create_app
from inference_service.settings import Settings
from web.serve import Unservable, check_exposure, serve


def main() -> int:
    """Serve until told to stop; return the exit status."""
    # It logs bytes of the bodies that it cannot parse, and those may be anything.
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
    try:
        settings = Settings()
        check_exposure(
            settings.host, allow_anonymous=settings.allow_anonymous, variable="INFERENCE_ALLOW_ANONYMOUS"
        )
        serve(create_app(settings, load), settings.host, settings.port, name="inference")
    except ValidationError as error:
        for item in error.errors(include_input=False, include_url=False):
            print(f"INFERENCE_{str(item['loc'][0]).upper()}: {item['msg']}", file=sys.stderr)
        return 1
    except Unservable as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
