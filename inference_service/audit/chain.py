"""The form of a record, which ties it to all before it.

A line is a JSON object whose `prev` is the digest of the line before and whose last member is its own digest:
`hash` (SHA-256) or, with a key, `mac` (HMAC-SHA256), over the bytes of the line up to there. Nobody can
change, remove, insert or move a line without changing all that follow it, and with a key nobody who lacks it
can do that either.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import NamedTuple

Field = str | int | bool | None

LONGEST_LINE = 4096
"""Bytes of a line; every field of ours is bounded well below."""
ENDING = re.compile(rb',"(hash|mac)":"([0-9a-f]{64})"\}')
ENDING_LENGTHS = {"hash": 75, "mac": 74}


class LineBroken(ValueError):
    """A line is not what was written; the message says in which way."""


class KeyMissing(Exception):
    """The records are sealed with a key, and there is none to check them with."""


class Link(NamedTuple):
    """A place in the chain: the number of a record and its digest."""

    number: int
    digest: str


START = Link(-1, "0" * 64)
"""What the very first record follows."""


class Record(NamedTuple):
    """A line that was read and found sound in itself."""

    link: Link
    prev: str
    event: str


class Chain:
    """Writes and reads lines, sealed with `key` if there is one."""

    def __init__(self, key: bytes | None) -> None:
        self._key = key
        self._kind = "hash" if key is None else "mac"

    def forge(self, before: Link, fields: Mapping[str, Field]) -> tuple[bytes, Link]:
        """Return the line that follows `before`, with its line break, and its place."""
        number = before.number + 1
        content = json.dumps({"seq": number, **fields, "prev": before.digest}, separators=(",", ":"))
        body = content[:-1].encode()
        digest = self._digest(body)
        return body + f',"{self._kind}":"{digest}"}}\n'.encode(), Link(number, digest)

    def read(self, line: bytes) -> Record:
        """Read a line without its line break.

        Raises:
            KeyMissing: if it is sealed with a key and there is none.
            LineBroken: if it is not as it was written.
        """
        found = None
        for length in ENDING_LENGTHS.values():
            found = found or ENDING.fullmatch(line[-length:])
        if found is None:
            raise LineBroken("is no record")
        kind, digest = found[1].decode(), found[2].decode()
        if kind == "mac" and self._key is None:
            raise KeyMissing
        if kind != self._kind:
            raise LineBroken("is not sealed with the key")
        body = line[: -ENDING_LENGTHS[kind]]
        if not hmac.compare_digest(self._digest(body), digest):
            raise LineBroken("was changed")
        try:
            content = json.loads(body + b"}")
            return Record(Link(int(content["seq"]), digest), str(content["prev"]), str(content["event"]))
        except (ValueError, KeyError, TypeError) as error:
            raise LineBroken("is no record") from error

    def _digest(self, body: bytes) -> str:
        if self._key is None:
            return hashlib.sha256(body).hexdigest()
        return hmac.digest(self._key, body, "sha256").hex()
