"""`make run`, with small made-up services in place of the rooms, and once with the real ones."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
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

FAKE = """
import json, os, pathlib, signal, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = pathlib.Path(__file__).parent

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        broken = self.server.mood == "unready"
        self.answer(503, b'{"detail": "made-up reason"}') if broken else self.answer(200, b'{"status": "ok"}')

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        prediction = (HERE / "prediction.json").read_bytes()
        if self.path == "/predict":
            whole = (HERE / "models" / "sample.png").read_bytes() in body and b'name="file"' in body
            self.answer(200, prediction) if whole else self.answer(422, b"{}")
        elif json.loads(body) == {"prediction": json.loads(prediction)}:
            self.answer(200, (HERE / "explanation.json").read_bytes())
        else:
            self.answer(422, b"{}")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass

def serve(name, port):
    mood = os.environ.get("MOOD_" + name)
    if mood == "dies":
        sys.exit("made-up last line")
    if mood == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if mood == "dies-later":
        threading.Timer(2, lambda: (print("made-up last line"), os._exit(3))).start()
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.mood = mood
    server.serve_forever()
"""


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


class Run:
    """One `python -m tools.run` with its output so far."""

    def __init__(self, folder: Path, ports: list[int], before: tuple[str, ...] = (), **moods: str) -> None:
        names = ("INFERENCE_PORT", "CHAT_PORT", "UI_PORT")
        variables = {name: str(port) for name, port in zip(names, ports, strict=True)}
        self.ports = ports
        self.process = subprocess.Popen(
            before or (sys.executable, "-m", "tools.run"),
            cwd=folder,
            env={**os.environ, **variables, **{f"MOOD_{name}": mood for name, mood in moods.items()}},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.output = ""
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line

    def wait_for(self, text: str) -> None:
        wait_for(lambda: text in self.output or self.process.poll() is not None, 150)
        self.reader.join(timeout=0 if self.process.poll() is None else 5)
        assert text in self.output, self.output

    def end(self) -> int:
        code = self.process.wait(timeout=30)
        self.reader.join(timeout=5)
        return code

    def everything_stopped(self) -> bool:
        return not any(is_open(port) for port in self.ports)


@pytest.fixture
def project(tmp_path: Path, root: Path) -> Path:
    """The real tools beside made-up rooms."""
    shutil.copytree(root / "tools", tmp_path / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "fake.py").write_text(FAKE)
    for room, name in {"inference_service": "INFERENCE", "chat_service": "CHAT"}.items():
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").touch()
        call = f"import fake, os; fake.serve('{name}', int(os.environ['{name}_PORT']))"
        (tmp_path / room / "__main__.py").write_text(call)
    page = "import fake, sys; fake.serve('UI', int(sys.argv[sys.argv.index('--server.port') + 1]))"
    (tmp_path / "streamlit.py").write_text(page)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "sample.png").write_bytes(bytes(range(256)))
    (tmp_path / "prediction.json").write_text(PREDICTION.model_dump_json())
    (tmp_path / "explanation.json").write_text(EXPLANATION.model_dump_json())
    return tmp_path


@pytest.fixture
def begin(project: Path) -> Iterator[Callable[..., Run]]:
    """Start `tools.run`; whatever a failed test leaves is killed, and its children end with it."""
    runs: list[Run] = []

    def start(folder: Path = project, ports: list[int] | None = None, **options: str) -> Run:
        runs.append(Run(folder, ports or free_ports(3), **options))
        return runs[-1]

    yield start
    for run in runs:
        with suppress(ProcessLookupError):
            run.process.kill()
        run.process.wait()
        assert run.process.stdout is not None
        run.reader.join(timeout=20)
        run.process.stdout.close()


def test_the_sample_goes_through_both_services_unchanged_and_is_shown_with_the_addresses(begin):
    run = begin()
    run.wait_for("Ctrl-C stops everything.")
    for text in ("benign", "0.123", "0.400", "made-up summary", "Ask the doctor", "Pathologist",
                 "An image has no stage.", "A made-up paper.", "made-up disclaimer"):  # fmt: skip
        assert text in run.output
    for port, path in zip(run.ports, ("/docs", "/docs", ""), strict=True):
        assert f"http://127.0.0.1:{port}{path}" in run.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_stops_everything_and_is_no_failure(begin, number):
    run = begin()
    run.wait_for("Ctrl-C stops everything.")
    run.process.send_signal(number)
    assert run.end() == 0
    assert run.everything_stopped()
    assert "Traceback" not in run.output


def test_a_stop_signal_while_starting_stops_everything(begin):
    run = begin(CHAT="unready")
    run.wait_for("The inference service is ready.")
    run.process.send_signal(signal.SIGINT)
    assert run.end() == 0
    assert run.everything_stopped()


def test_kill_9_leaves_no_orphan(begin):
    run = begin()
    run.wait_for("Ctrl-C stops everything.")
    run.process.kill()
    wait_for(run.everything_stopped)


def test_a_service_that_ignores_the_polite_signal_is_killed(begin):
    run = begin(CHAT="stubborn")
    run.wait_for("Ctrl-C stops everything.")
    run.process.send_signal(signal.SIGTERM)
    assert run.end() == 0
    assert run.everything_stopped()


def test_it_stops_when_the_make_that_started_it_is_killed(begin):
    script = f"'{sys.executable}' -m tools.run --stop-with $$; true"
    run = begin(before=("sh", "-c", script))
    run.wait_for("Ctrl-C stops everything.")
    run.process.kill()
    wait_for(run.everything_stopped)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_port_in_use_is_one_line_naming_port_and_variable_before_anything_starts(begin, position):
    ports = free_ports(3)
    variable = ("INFERENCE_PORT", "CHAT_PORT", "UI_PORT")[position]
    with closing(socket.create_server(("127.0.0.1", ports[position]))):
        run = begin(ports=ports)
        assert run.end() == 1
    assert [line for line in run.output.splitlines() if line] == [run.output.strip()]
    assert f"Port {ports[position]}" in run.output
    assert f"{variable}=" in run.output


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "8000.0"])
def test_a_port_that_is_no_port_is_one_line_naming_the_variable(begin, port):
    run = begin(ports=[8000, port, 8501])
    assert run.end() == 1
    assert run.output.strip() == "make run: CHAT_PORT must be a port number between 1 and 65535."


def test_the_same_port_twice_is_refused(begin):
    (port,) = free_ports(1)
    run = begin(ports=[port, port, 8501])
    assert run.end() == 1
    assert f"Port {port} is asked for twice" in run.output


@pytest.mark.parametrize("mood", ["dies", "dies-later"])
def test_a_service_that_ends_is_reported_with_its_last_lines_and_the_others_are_stopped(begin, mood):
    run = begin(CHAT=mood)
    assert run.end() == 1
    assert "The chat service ended with code" in run.output
    assert "made-up last line" in run.output
    assert "Traceback" not in run.output
    assert run.everything_stopped()


def test_a_service_that_never_gets_ready_is_told_with_its_reason_in_bounded_time(begin, project):
    source = project / "tools" / "run.py"
    hurried = source.read_text().replace("READY_WITHIN_S = 120.0", "READY_WITHIN_S = 7.0")
    assert hurried != source.read_text()
    source.write_text(hurried)
    run = begin(CHAT="unready")
    assert run.end() == 1
    assert "Waiting for the chat service: made-up reason" in run.output
    assert "was not ready within 7 s: made-up reason" in run.output
    assert run.everything_stopped()


def test_a_missing_sample_is_told_and_everything_stopped(begin, project):
    (project / "models" / "sample.png").unlink()
    run = begin()
    assert run.end() == 1
    assert "sample.png cannot be read" in run.output
    assert run.everything_stopped()


def test_proxies_of_the_environment_are_not_used_for_this_machine(begin, monkeypatch):
    (port,) = free_ports(1)
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
    run = begin()
    run.wait_for("Ctrl-C stops everything.")


def test_the_real_services_and_page_start_answer_the_sample_and_stop(begin, root):
    if not (root / "models" / "starter.pt").is_file():
        pytest.skip("models/starter.pt is not there")
    run = begin(folder=root)
    run.wait_for("Ctrl-C stops everything.")
    run.process.send_signal(signal.SIGINT)
    assert run.end() == 0
    assert run.everything_stopped()
    assert "not a diagnosis" in run.output
    assert "Written by: knowledge-base" in run.output
