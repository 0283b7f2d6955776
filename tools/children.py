"""The processes that `make run` starts, watches and stops."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 10.0
"""How long a child may take to finish what is in flight before it is killed."""
KEPT_LINES = 15


class ChildEnded(Exception):
    """A process that should have stayed up ended by itself; the message holds its last lines."""


class Child:
    """One process in a group of its own, tethered to this one, with its last lines kept."""

    def __init__(self, name: str, arguments: Sequence[str], environment: dict[str, str]) -> None:
        self.name = name
        self.loud = False
        """Whether its lines are shown as they come."""
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tools.tether", *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - Popen was given a pipe
        for line in self._process.stdout:
            self._lines.append(line.rstrip())
            if self.loud:
                print(f"[{self.name}] {line.rstrip()}", flush=True)

    def check(self) -> None:
        """Do nothing while the process runs.

        Raises:
            ChildEnded: if it has ended.
        """
        code = self._process.poll()
        if code is None:
            return
        self._reader.join(timeout=1)
        raise ChildEnded(f"The {self.name} ended with code {code}. Its last lines:\n{self.last_lines}")

    @property
    def last_lines(self) -> str:
        """What it wrote last, indented."""
        return "\n".join(f"    {line}" for line in list(self._lines)) or "    (it wrote nothing)"

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and whatever it started."""
        with suppress(ProcessLookupError):  # the whole group may be gone already
            os.killpg(self._process.pid, number)

    def wait(self, seconds: float) -> bool:
        """Return whether the process ended within so many seconds."""
        try:
            self._process.wait(timeout=max(seconds, 0))
        except subprocess.TimeoutExpired:
            return False
        return True


def stop_all(children: Sequence[Child]) -> None:
    """Stop all at once; whoever has not finished after PATIENCE_S seconds is killed."""
    deadline = time.monotonic() + PATIENCE_S
    for child in children:
        child.loud = False
        child.signal(signal.SIGTERM)
    for child in children:
        child.wait(deadline - time.monotonic())
        child.signal(signal.SIGKILL)
        child.wait(PATIENCE_S)
