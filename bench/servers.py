"""The two servers as processes: started, measured and ended."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

READY_S = 120.0
CLEAR = ("INFERENCE_", "CHAT_", "MISTRAL_", "PREDICTION_", "OTEL_", "OMP_")
"""Variables that would change what is measured."""


class Memory(NamedTuple):
    """Megabytes of all processes of a server together."""

    rss: float
    """Resident: pages that several of them share count once for each."""
    pss: float
    """Proportional: shared pages are divided among those that share them, other programs included."""
    uss: float
    """Unshared: what would be free if they ended."""


class Server:
    """A server on a free port of 127.0.0.1.

    Args:
        name: For the tables.
        arguments: After `python -m`, given the port.
        health: Path that answers 200 once the server is ready.
        variables: Of its environment, given the port.
        python: Runs it; another one for a peer in an environment of its own.
    """

    def __init__(
        self,
        name: str,
        arguments: Callable[[int], Sequence[str]],
        health: str,
        variables: Callable[[int], dict[str, str]] = lambda _: {},
        python: str = sys.executable,
    ) -> None:
        self.name = name
        self.port = _free_port()
        kept = {key: value for key, value in os.environ.items() if not key.startswith(CLEAR)}
        begun = time.perf_counter()
        self._process = subprocess.Popen(  # noqa: S603 - our own modules
            [python, "-m", *arguments(self.port)],
            env=kept | variables(self.port),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._wait(health)
        self.seconds_to_ready = time.perf_counter() - begun

    def __enter__(self) -> "Server":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(20)
        with suppress(ProcessLookupError):  # what it left behind, in the session that it was given
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    @property
    def memory(self) -> Memory:
        """What its processes hold just now."""
        parts = [_memory_of(pid) for pid in _family(self._process.pid)]
        return Memory(*(sum(values) for values in zip(*parts, strict=True)))

    @property
    def cpu_seconds(self) -> float:
        """Processor time of its first process so far, in user and system mode."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _wait(self, health: str) -> None:
        """Wait until it is ready.

        Raises:
            RuntimeError: if it ends, or never is.
        """
        end = time.monotonic() + READY_S
        while time.monotonic() < end and self._process.poll() is None:
            with suppress(urllib.error.URLError, OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}{health}", timeout=5).close()
                return
            time.sleep(0.02)
        self.__exit__(None, None, None)
        raise RuntimeError(f"{self.name} does not become ready")


def start_ours(model: Path) -> Server:
    """Start the inference service as `python -m inference_service` does, every setting at its default."""
    return Server(
        "this service",
        lambda _: ["inference_service"],
        "/health/ready",
        lambda port: {"INFERENCE_PORT": str(port), "INFERENCE_MODEL": str(model), "INFERENCE_DEVICE": "cpu"},
    )


def start_peer(network: Path, workers: int, threads: int, batch: int) -> Server:
    """Start LitServe with ONNX Runtime."""
    return Server(
        f"LitServe, {workers} x {threads} threads, batches of {batch}",
        lambda port: ["bench.peer_server", str(network), str(port), str(workers), str(threads), str(batch)],
        "/health",
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _family(pid: int) -> list[int]:
    """Return a process and all that it started, and these in turn."""
    with suppress(OSError):
        tasks = Path(f"/proc/{pid}/task").iterdir()
        children = [int(each) for task in tasks for each in (task / "children").read_text().split()]
        return [pid, *(found for child in children for found in _family(child))]
    return []


def _memory_of(pid: int) -> Memory:
    lines = (line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    sizes = {words[0].rstrip(":"): int(words[1]) / 1024 for words in lines}
    return Memory(sizes["Rss"], sizes["Pss"], sizes["Private_Clean"] + sizes["Private_Dirty"])
