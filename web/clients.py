"""The clients whose keys count now: read from a file, and read again when it changes."""

import hmac
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from web.keys import MAX_KEYS, ApiKey, KeyLineInvalid, digest_of, parse_line

logger = logging.getLogger(__name__)

CHECK_EVERY_S = 1.0
"""How long a revoked key may still count."""
MAX_FILE = 1_000_000
"""Largest file of keys in bytes."""
LONGEST_KEY = 512
"""Characters of a presented key; a longer one is nobody's."""


class KeysUnusable(Exception):
    """The file of keys cannot be used; the message says why and holds nothing of its content."""


class Clients:
    """Finds the client of a presented key.

    A line that is no key does not count, and a file that has vanished holds no keys: whatever goes wrong
    with the file while the service runs, nobody is let in who does not stand in it.

    Raises:
        KeysUnusable: at the start, if the file cannot be read or holds a line that is no key.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._seen = self._state()
        self._keys, wrong = self._read()
        self._checked = clock()
        if wrong:
            raise KeysUnusable(f"The file of API keys cannot be used: {wrong[0]}.")
        if not self._keys:
            raise KeysUnusable("The file of API keys holds none. `python -m web.keys NAME` makes one.")

    def find(self, presented: str) -> ApiKey | None:
        """Return the entry of this key, compared with every entry in the same time, or None."""
        self._refresh()
        if len(presented) > LONGEST_KEY:
            return None
        digest, found = digest_of(presented), None
        for key in self._keys:
            if hmac.compare_digest(key.digest, digest):
                found = key
        return None if found is None or found.has_expired(datetime.now(UTC)) else found

    def _refresh(self) -> None:
        now = self._clock()
        if now - self._checked < CHECK_EVERY_S:
            return
        self._checked = now
        state = self._state()
        if state == self._seen:
            return
        self._seen = state
        try:
            self._keys, wrong = self._read()
        except KeysUnusable as error:
            self._keys, wrong = [], [str(error)]
        for reason in wrong[:5]:
            logger.error("in the file of API keys, %s", reason)
        logger.info("the file of API keys was read again: %d keys", len(self._keys))

    def _state(self) -> tuple[int, int, int] | None:
        """Return what changes whenever the file does."""
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return (stat.st_ino, stat.st_mtime_ns, stat.st_size)

    def _read(self) -> tuple[list[ApiKey], list[str]]:
        """Return the keys, and what is wrong with lines that are none."""
        try:
            with self._path.open("rb") as file:
                content = file.read(MAX_FILE + 1)
        except OSError as error:
            raise KeysUnusable(f"The file of API keys cannot be read ({error.strerror}).") from error
        keys: list[ApiKey] = []
        wrong = ["it is too large"] if len(content) > MAX_FILE else []
        for number, line in enumerate(content[:MAX_FILE].decode("utf-8", "replace").splitlines(), 1):
            try:
                key = parse_line(line)
            except KeyLineInvalid as error:
                wrong.append(f"line {number} is no key: {error}")
                continue
            keys += [] if key is None else [key]
        if len(keys) > MAX_KEYS:
            wrong.append(f"it holds more than {MAX_KEYS} keys")
        return keys[:MAX_KEYS], wrong
