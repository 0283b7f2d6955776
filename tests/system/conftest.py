"""Starting the project's commands as processes, beside made-up rooms or the real ones."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from contract import (
    Action,
    Engine,
    Explanation,
    ImageFacts,
    ModelIdentity,
    Prediction,
    Quality,
    Source,
    Specialist,
    Stage,
)
from tests.stand_ins import free_ports

MADE_UP = Path(__file__).parent / "made_up"
PREDICTION = Prediction(
    label="benign",
    decision="benign",
    malignant_probability=0.12345678901234567,
    threshold=0.4,
    probabilities={"benign": 0.8765432109876543, "malignant": 0.12345678901234567},
    quality=Quality(usable=True, issues=[]),
    model=ModelIdentity(
        name="made-up", version="1", architecture="none", modality="histopathology", sha256="0" * 64
    ),
    image=ImageFacts(sha256="1" * 64, format="PNG", width=50, height=50),
)
EXPLANATION = Explanation(
    prediction_id=PREDICTION.id,
    language="en",
    audience="patient",
    summary="The made-up summary.",
    explanation="The made-up explanation.",
    actions=[
        Action(title="Ask", detail="Ask the doctor who ordered it.", urgency="routine", sources=["one"])
    ],
    specialists=[Specialist(name="Pathologist", role="reads the whole sample", sources=[])],
    stage=Stage(
        determinable=False, estimate=None, reason="An image has no stage.", needed=[], distribution=[]
    ),
    untreated_survival=None,
    sources=[Source(id="one", citation="A made-up paper.", url=None, statement="A made-up fact.")],
    engine=Engine(name="knowledge-base", model=None, prompt_version=None, fallback_reason=None),
    disclaimer="The made-up disclaimer.",
)


class Run:
    """One `python -m tools.run`, its ports and its output so far."""

    def __init__(self, folder: Path, ports: list[int], before: tuple[str, ...] = (), **moods: str) -> None:
        names = ("INFERENCE_PORT", "CHAT_PORT", "UI_PORT")
        variables = {name: str(port) for name, port in zip(names, ports, strict=True)}
        variables |= {f"MOOD_{name}": mood for name, mood in moods.items()}
        self.ports = ports
        self.output = ""
        self.process = subprocess.Popen(
            before or (sys.executable, "-m", "tools.run"),
            cwd=folder,
            env=_without_settings() | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line

    def wait_for(self, text: str) -> None:
        """Wait until it has said this; fail if it ends before."""
        deadline = time.monotonic() + 150
        while text not in self.output and self._reader.is_alive() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert text in self.output, self.output

    def press_ctrl_c(self) -> None:
        """Interrupt it and whoever started it or was started by it, as a terminal does."""
        os.killpg(self.process.pid, signal.SIGINT)

    def end(self) -> int:
        """Wait until it ends and return its exit code."""
        code = self.process.wait(timeout=30)
        self._reader.join(timeout=5)
        return code

    def open_ports(self, patience: float = 0) -> list[int]:
        """Return the ports on which something still listens after at most so many seconds."""
        deadline = time.monotonic() + patience
        while (listening := [port for port in self.ports if _listens(port)]) and time.monotonic() < deadline:
            time.sleep(0.05)
        return listening

    def clear(self) -> None:
        """Kill it, if a failed test left it; what it started ends with it."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join(timeout=20)
        assert self.process.stdout is not None
        self.process.stdout.close()


def _without_settings() -> dict[str, str]:
    """Return the environment without what whoever runs the tests has set, here or in `.env`."""
    foreign = ("INFERENCE_", "CHAT_", "MISTRAL_", "PREDICTION_", "UI_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {"INFERENCE_MODEL": "", "MISTRAL_API_KEY": ""}


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def ports() -> list[int]:
    """Three ports that nothing listens on."""
    return free_ports(3)


@pytest.fixture
def project(tmp_path: Path, root: Path) -> Path:
    """The real tools beside made-up rooms."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(MADE_UP, tmp_path, dirs_exist_ok=True, ignore=ignored)
    shutil.copytree(root / "tools", tmp_path / "tools", ignore=ignored)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "sample.png").write_bytes(bytes(range(256)))
    (tmp_path / "prediction.json").write_text(PREDICTION.model_dump_json())
    (tmp_path / "explanation.json").write_text(EXPLANATION.model_dump_json())
    return tmp_path


@pytest.fixture
def begin(project: Path, ports: list[int]) -> Iterator[Callable[..., Run]]:
    """Start `tools.run` in `folder`; keyword arguments are the moods of made-up services."""
    runs: list[Run] = []

    def start(folder: Path = project, **options: str) -> Run:
        runs.append(Run(folder, ports, **options))
        return runs[-1]

    yield start
    for run in runs:
        run.clear()
