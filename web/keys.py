"""API keys: what the file of keys holds, and `python -m web.keys NAME`, which makes one.

A line for each key, `NAME sha256:DIGEST [rate=REQUESTS_A_MINUTE] [expires=YYYY-MM-DD]`; `#` begins a remark.
Only digests are stored. A key has 256 random bits, so a fast digest is as safe as a slow one here. Two lines
may have one name while a client changes from an old key to a new one.
"""

import argparse
import hashlib
import os
import re
import secrets
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
MAX_KEYS = 1000
"""Lines that count: each request is compared with every one of them."""
MAX_RATE = 1_000_000


class KeyLineInvalid(ValueError):
    """A line is no key; the message says why, and never repeats the line."""


class ApiKey(NamedTuple):
    """One client's key, of which only the digest is known."""

    client: str
    digest: bytes
    """SHA-256 of the key, 32 bytes."""
    rate: int = 0
    """Requests a minute; 0 is no limit."""
    expires: date | None = None
    """The last day (UTC) on which the key counts."""

    def has_expired(self, now: datetime) -> bool:
        """Whether its last day is over."""
        return self.expires is not None and now.astimezone(UTC).date() > self.expires

    def line(self) -> str:
        """Write it as it stands in the file."""
        rate = f" rate={self.rate}" if self.rate else ""
        expires = f" expires={self.expires.isoformat()}" if self.expires else ""
        return f"{self.client} sha256:{self.digest.hex()}{rate}{expires}"


def make_key() -> str:
    """Return a new key: 256 random bits behind a prefix by which scanners for leaked keys can find it."""
    return f"bts_{secrets.token_urlsafe(32)}"


def digest_of(key: str) -> bytes:
    """Return what is stored of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def parse_line(line: str) -> ApiKey | None:
    """Read one line; None if it holds only a remark.

    Raises:
        KeyLineInvalid: if it is neither a key nor a remark.
    """
    words = line.partition("#")[0].split()
    if not words:
        return None
    client, *rest = words
    found = DIGEST.fullmatch(rest[0]) if rest else None
    if not NAME.fullmatch(client) or found is None:
        raise KeyLineInvalid("it does not begin with NAME sha256:DIGEST")
    options = dict(word.partition("=")[::2] for word in rest[1:])
    if len(options) < len(rest) - 1 or options.keys() - {"rate", "expires"}:
        raise KeyLineInvalid("only rate= and expires= may follow, once each")
    return ApiKey(client, bytes.fromhex(found[1]), _rate(options.get("rate")), _day(options.get("expires")))


def _rate(text: str | None) -> int:
    if text is None:
        return 0
    if not re.fullmatch(r"[0-9]{1,7}", text) or int(text) > MAX_RATE:
        raise KeyLineInvalid(f"rate= is a number of requests a minute, at most {MAX_RATE}")
    return int(text)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError as error:
        raise KeyLineInvalid("expires= is a day such as 2027-12-31") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Make a key: print it once, and its line, or add the line to a file."""
    parser = argparse.ArgumentParser(prog="python -m web.keys", description="Make an API key for a client.")
    parser.add_argument("name", help="name of the client, as logs shall show it")
    parser.add_argument("--rate", default="0", help="requests a minute; 0, the default, is no limit")
    parser.add_argument("--expires", help="last day on which it counts, YYYY-MM-DD (UTC)")
    parser.add_argument("--add-to", type=Path, help="file to add the line to; then only the key is printed")
    given = parser.parse_args(arguments)
    key = make_key()
    try:
        made = ApiKey(given.name, digest_of(key), _rate(given.rate), _day(given.expires))
        parse_line(made.line())
        if given.add_to is not None:
            _append(given.add_to, made.line())
    except (KeyLineInvalid, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        print(f"No key was made: {reason}.", file=sys.stderr)  # noqa: T201 - speaks to its user
        return 1
    print(key if given.add_to else f"key:  {key}\nline: {made.line()}")  # noqa: T201 - speaks to its user
    return 0


def _append(path: Path, line: str) -> None:
    """Add a line in one write, to a file that only its owner can change."""
    opened = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
    with os.fdopen(opened, "r+b") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 1))
        missing = b"" if file.read(1) in (b"", b"\n") else b"\n"
        file.write(missing + line.encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main())
