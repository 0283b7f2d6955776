"""The audit log of a running service: what is recorded at the same time goes to the disk together.

An answer is given only once its record is on the disk. When it cannot be written, for example because the
disk is full, there is no answer but a 503: no reading leaves the house unrecorded.
"""

import logging
import math
from collections.abc import Mapping

import anyio
import anyio.to_thread

from inference_service.audit.chain import Field
from inference_service.audit.journal import Journal, now

logger = logging.getLogger(__name__)

RETRY_S = 5.0
"""How often a log that could not be written is tried again while nobody asks for anything."""
ANCHOR_EVERY = 1000
"""Records after which the service's own log notes the last digest: a witness that lies elsewhere."""
UNWRITABLE = "The audit log cannot be written, so nothing is answered. Its disk may be full."


class AuditUnavailable(Exception):
    """A record could not be written, so there must be no answer; the message says what to do."""


class _Waiting:
    """One record on its way to the disk."""

    def __init__(self, fields: Mapping[str, Field]) -> None:
        self.fields = fields
        self.done = anyio.Event()
        self.written = False


class AuditLog:
    """Records events; `run` writes them and must be running."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._pending: list[_Waiting] = []
        self._wake = anyio.Event()
        self._refused = 0
        self._noted = -ANCHOR_EVERY
        self.why_unwritable: str | None = None

    async def record(self, fields: Mapping[str, Field]) -> None:
        """Return when the record is on the disk; the time is added.

        Raises:
            AuditUnavailable: if it is not.
        """
        waiting = _Waiting({"time": now(), **fields})
        self._pending.append(waiting)
        self._wake.set()
        await waiting.done.wait()
        if not waiting.written:
            raise AuditUnavailable(UNWRITABLE)

    async def run(self) -> None:
        """Write what waits, again and again, until cancelled."""
        self._anchor()
        while True:
            with anyio.move_on_after(RETRY_S if self.why_unwritable else math.inf):
                await self._wake.wait()
            self._wake = anyio.Event()
            batch, self._pending = self._pending, []
            with anyio.CancelScope(shield=True):
                await self._commit(batch)

    async def close(self) -> None:
        """Note that the log ends here on purpose, and close it."""
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._close)

    async def _commit(self, batch: list[_Waiting]) -> None:
        events = [each.fields for each in batch]
        if self.why_unwritable is not None:
            events.insert(0, {"time": now(), "event": "resumed", "refused": self._refused})
        try:
            await anyio.to_thread.run_sync(self._journal.append, events)
        except OSError as error:
            if self.why_unwritable is None:
                logger.error("the audit log cannot be written: %s", error.strerror)
            self.why_unwritable = UNWRITABLE
            self._refused += len(batch)
        else:
            self.why_unwritable, self._refused = None, 0
            for each in batch:
                each.written = True
            if self._journal.last.number - self._noted >= ANCHOR_EVERY:
                self._anchor()
        finally:
            for each in batch:
                each.done.set()

    def _anchor(self) -> None:
        self._noted, digest = self._journal.last
        logger.info("the audit log has reached record %d: %s", self._noted, digest)

    def _close(self) -> None:
        try:
            self._journal.append([{"time": now(), "event": "closed"}])
        except OSError as error:
            logger.error("the end of the audit log could not be written: %s", error.strerror)
        self._anchor()
        self._journal.close()
