"""Services that are told to stop, or are killed, in the middle of their work; real processes and sockets."""

import hashlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

FOREIGN = ("INFERENCE_", "CHAT_", "MISTRAL_", "PREDICTION_")


class Service:
    """One service as a process, with its log in a file."""

    def __init__(self, root: Path, room: str, port: int, log: Path, **settings: object) -> None:
        own = {f"{room.upper()}_{name}": str(value) for name, value in {"PORT": port, **settings}.items()}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        self.url, self.port, self.log = f"http://127.0.0.1:{port}", port, log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", f"{room}_service"],
                cwd=root, env=kept | own, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def wait(self, path: str = "/health/ready") -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            with suppress(httpx.TransportError):
                if httpx.get(self.url + path, timeout=5).status_code == 200:
                    return
            time.sleep(0.02)
        raise AssertionError(self.log.read_text())

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def end(self, seconds: float = 30) -> int:
        return self.process.wait(timeout=seconds)


@pytest.fixture
def start(root, ports, tmp_path) -> Iterator[Callable[..., Service]]:
    """Start a service; whatever still runs at the end is killed."""
    services: list[Service] = []

    def begin(room: str = "inference", **settings: object) -> Service:
        log = tmp_path / f"{len(services)}.log"
        services.append(Service(root, room, ports[len(services)], log, **settings))
        return services[-1]

    yield begin
    for service in services:
        service.process.kill()
        service.process.wait()


@pytest.fixture(scope="module")
def image(root) -> bytes:
    for needed in ("starter.pt", "sample.png"):
        if not (root / "models" / needed).is_file():
            pytest.skip(f"models/{needed} is not there")
    return (root / "models" / "sample.png").read_bytes()


def send(service: Service, image: bytes) -> httpx.Response:
    """Send an image on a connection of its own."""
    return httpx.post(f"{service.url}/predict", files={"file": ("a.png", image)}, timeout=60)


def in_threads(count: int, work: Callable[[], object]) -> list[threading.Thread]:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_what_is_worked_on_and_what_waits_in_the_queue_is_answered(start, image):
    service = start(THREADS=1, MAX_QUEUE=64, DRAIN_SECONDS=0)
    service.wait()
    statuses: list[int] = []
    threads = in_threads(24, lambda: statuses.append(send(service, image).status_code))
    while not statuses:
        time.sleep(0.005)
    service.stop()
    waiting = 24 - len(statuses)
    for thread in threads:
        thread.join()
    assert statuses == [200] * 24
    assert waiting > 5
    assert service.end() == 0
    assert not {"ERROR", "Traceback"} & {line.split(" ")[0] for line in service.log.read_text().splitlines()}


def test_first_it_is_not_ready_then_it_refuses_connections(start, image):
    service = start(DRAIN_SECONDS=1.5)
    service.wait()
    with httpx.Client(base_url=service.url) as kept:
        assert "connection" not in kept.get("/health/live").headers
        service.stop()
        begun = time.monotonic()
        while (ready := httpx.get(f"{service.url}/health/ready")).status_code == 200:
            assert time.monotonic() - begun < 1
        assert ready.json()["type"] == "/problems/not-ready"
        assert "being stopped" in ready.json()["detail"]
        late = send(service, image)
        assert (late.status_code, late.headers["connection"]) == (200, "close")
        assert kept.get("/health/live").headers["connection"] == "close"
    assert service.end() == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{service.url}/health/live")
    assert time.monotonic() - begun < 6


def test_nobody_who_got_a_connection_is_left_without_an_answer(start, image):
    service = start(MAX_QUEUE=200, QUEUE_SECONDS=60)
    service.wait()
    statuses: list[int] = []

    def ask_until_refused() -> None:
        while True:
            try:
                statuses.append(send(service, image).status_code)
            except httpx.ConnectError:
                return

    threads = in_threads(8, ask_until_refused)
    while len(statuses) < 10:
        time.sleep(0.01)
    service.stop()
    for thread in threads:
        thread.join()  # any other error than a refused connection fails the test as an unhandled exception
    assert set(statuses) == {200}
    assert service.end() == 0


def test_hardly_a_connection_is_reset_however_fast_they_come(start):
    service = start("chat")
    service.wait("/health/live")
    request = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answers: list[bytes] = []
    resets: list[int] = []

    def ask_until_refused() -> None:
        with suppress(ConnectionRefusedError):
            while True:
                with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
                    try:
                        connection.sendall(request)
                        answers.append(connection.recv(20))
                    except ConnectionResetError:
                        resets.append(1)

    threads = in_threads(8, ask_until_refused)
    time.sleep(0.2)
    service.stop()
    for thread in threads:
        thread.join()
    assert {answer[:15] for answer in answers} == {b"HTTP/1.1 200 OK"}
    # One may come between the last look and the end of listening; without that look five of eight did.
    assert len(resets) <= 2
    assert service.end() == 0


class Upload:
    """An upload that is sent in two halves."""

    def __init__(self, service: Service, image: bytes) -> None:
        boundary = "a-boundary"
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        self.body = head.encode() + image + f"\r\n--{boundary}--\r\n".encode()
        self.connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        self.connection.putrequest("POST", "/predict")
        self.connection.putheader("Content-Type", f"multipart/form-data; boundary={boundary}")
        self.connection.putheader("Content-Length", str(len(self.body)))
        self.connection.endheaders()
        self.connection.send(self.body[:1000])

    def finish(self) -> int:
        """Send the other half and return the status of the answer."""
        self.connection.send(self.body[1000:])
        response = self.connection.getresponse()
        response.read()
        self.connection.close()
        return response.status


def test_an_upload_that_was_begun_may_be_finished(start, image):
    service = start()
    service.wait()
    upload = Upload(service, image)
    time.sleep(0.2)
    service.stop()
    while service.log.read_text().count("Waiting for connections to close") == 0:
        time.sleep(0.02)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{service.url}/health/live")
    assert service.process.poll() is None
    assert upload.finish() == 200
    assert service.end() == 0


def test_an_upload_that_never_ends_holds_nothing_up_for_longer_than_was_set(start, image):
    service = start(STOP_SECONDS=1)
    service.wait()
    upload = Upload(service, image)
    time.sleep(0.2)
    service.stop()
    begun = time.monotonic()
    assert service.end() == 0
    assert 1 < time.monotonic() - begun < 5
    upload.connection.close()
    assert "Traceback" not in service.log.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("room", ["inference", "chat"])
def test_an_idle_service_ends_at_once_and_well(start, room, number):
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("these tests run in the background, where Ctrl-C is ignored")
    service = start(room)
    service.wait("/health/live")
    service.process.send_signal(number)
    begun = time.monotonic()
    assert service.end() == 0
    assert time.monotonic() - begun < 8  # a model that is being loaded is loaded to its end
    assert "Traceback" not in service.log.read_text()


def test_sigkill_in_the_middle_of_the_work_leaves_nothing_half_done(start, image, root, tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("starter.pt", "starter.pt.sha256"):
        (folder / name).write_bytes((root / "models" / name).read_bytes())
    before = contents(folder)
    service = start(MODEL=folder / "starter.pt")
    service.wait()

    def ask_until_killed() -> None:
        with suppress(httpx.TransportError):
            while True:
                assert send(service, image).status_code == 200

    threads = in_threads(4, ask_until_killed)
    time.sleep(0.5)
    children = children_of(service.process.pid)
    service.process.kill()
    for thread in threads:
        thread.join()
    assert contents(folder) == before
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < deadline, "a process outlives the service that started it"
        time.sleep(0.05)
    again = start(MODEL=folder / "starter.pt")
    again.wait()
    assert send(again, image).status_code == 200
    again.stop()
    assert again.end() == 0


def contents(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def children_of(pid: int) -> list[int]:
    """List the processes that a process started."""
    text = "".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    return [int(each) for each in text.split()]
