"""The two models that ship, exchanged again and again in a real service that is asked all the time."""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from artifact.digest import publish

EXCHANGES = 20
CLIENTS = 2
NAMES = ("efficientnet_lite0.pt", "starter.pt")


@pytest.fixture
def models(root: Path) -> list[Path]:
    paths = [root / "models" / name for name in (*NAMES, "sample.png")]
    if not all(path.is_file() for path in paths) or not Path("/proc/self/status").is_file():
        pytest.skip("the models that ship, or /proc, are not there")
    return paths[:2]


class Service:
    """The inference service as a process, and those who ask it all the time."""

    def __init__(self, root: Path, place: Path, port: int, log: Path) -> None:
        foreign = ("INFERENCE_", "PREDICTION_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        own = {"INFERENCE_PORT": str(port), "INFERENCE_MODEL": str(place), "INFERENCE_WATCH_SECONDS": "0.05"}
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "inference_service"],
                cwd=root, env=kept | own, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self.url, self.log = f"http://127.0.0.1:{port}", log
        self._sample = (root / "models" / "sample.png").read_bytes()
        self.answers: list[tuple[str, float]] = []
        self.failures: list[str] = []
        self.done = threading.Event()

    def wait_ready(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/health/ready").status_code == 200:
                    return
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def ask(self) -> None:
        """Ask until all is done."""
        with httpx.Client(base_url=self.url, timeout=60) as client:
            while not self.done.is_set():
                response = client.post("/predict", files={"file": ("a.png", self._sample)})
                if response.status_code != 200:
                    self.failures.append(response.text)
                    continue
                told = response.json()
                self.answers.append((told["model"]["sha256"], told["malignant_probability"]))

    def wait_for(self, sha256: str) -> None:
        """Wait until the last answers come from this file."""
        deadline = time.monotonic() + 60
        while not self.answers or self.answers[-1][0] != sha256:
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def resident(self) -> int:
        """Resident memory in kilobytes."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def exchange(model: Path, place: Path) -> str:
    part = place.with_name("part")
    shutil.copy(model, part)
    publish(part, place)
    return hashlib.sha256(model.read_bytes()).hexdigest()


def test_twenty_exchanges_under_load_cost_no_request_and_no_memory(root, models, ports, tmp_path):
    place = tmp_path / "model.pt"
    sha256 = exchange(models[1], place)
    service = Service(root, place, ports[0], tmp_path / "log")
    threads = [threading.Thread(target=service.ask) for _ in range(CLIENTS)]
    try:
        service.wait_ready()
        for thread in threads:
            thread.start()
        for model in models:  # each once, so that what torch keeps for good is there
            service.wait_for(exchange(model, place))
        time.sleep(2)
        before = service.resident()
        for turn in range(EXCHANGES):
            service.wait_for(exchange(models[turn % 2], place))
        time.sleep(2)
        after = service.resident()
    finally:
        service.done.set()
        for thread in threads:
            thread.join()
        service.process.terminate()
    assert service.process.wait(timeout=30) == 0
    assert service.failures == []
    # Each file has one answer for the sample, whoever was loaded meanwhile: {digest: probability}.
    told = dict(service.answers)
    assert set(service.answers) == set(told.items())
    assert len(told) == 2
    assert sha256 in told
    assert after < 1.1 * before, f"resident memory grew from {before} to {after} kB"
