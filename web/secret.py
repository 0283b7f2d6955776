"""`python -m web.secret FILE`: leave a secret for signing in a file, unless one is there.

So every installation has a secret of its own, and no default is shared. It runs at every start and does
nothing when there is one.
"""

import argparse
import os
import secrets
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path


def make_secret() -> str:
    """Return a new secret under a name of its own, as `web.signing.parse_keys` reads it: 256 random bits."""
    return f"made-{secrets.token_hex(4)}:{secrets.token_hex(32)}"


def provide(path: Path) -> bool:
    """Leave a secret at `path`, whole or not at all, for its owner's eyes only; return whether it is new.

    Of two that run at once only one leaves a secret.

    Raises:
        OSError: if it cannot be written.
    """
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(make_secret() + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(part, path)  # unlike renaming it replaces nothing
            return True
        return False
    finally:
        part.unlink(missing_ok=True)


def main(arguments: Sequence[str]) -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m web.secret", description=__doc__)
    parser.add_argument("file", type=Path)
    path = parser.parse_args(arguments).file
    try:
        new = not path.exists() and provide(path)
    except OSError as error:
        print(f"error: {error.strerror or error}: {path}", file=sys.stderr)  # noqa: T201 - a command
        return 1
    print("a new secret for signing was made" if new else "there is a secret for signing")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
