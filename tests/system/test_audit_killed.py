"""The inference service is killed with SIGKILL while it answers: no answer is without its record."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import httpx
import pytest

from inference_service.audit.check import check

SEAL = "made-up key of thirty-two letters"


@pytest.fixture
def sample(root):
    for needed in ("starter.pt", "sample.png"):
        if not (root / "models" / needed).is_file():
            pytest.skip(f"models/{needed} is not there")
    return (root / "models" / "sample.png").read_bytes()


def start(root, port, log):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("INFERENCE_", "OTEL_"))}
    environment |= {
        "INFERENCE_PORT": str(port),
        "INFERENCE_AUDIT_LOG": str(log),
        "INFERENCE_AUDIT_KEY": SEAL,
        "INFERENCE_AUDIT_MAX_BYTES": "10000",
    }
    command = [sys.executable, "-m", "inference_service"]
    return subprocess.Popen(command, cwd=root, env=environment, stderr=subprocess.DEVNULL)


def wait_until_ready(process, port):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("never ready")


def ask_until_it_ends(port, sample, answered):
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        while True:
            try:
                answer = client.post("/predict", files={"file": ("a", sample)})
            except httpx.TransportError:
                return
            if answer.status_code == 200:
                answered.append(answer.json()["id"])


def recorded(log):
    files = sorted(log.parent.glob("audit.jsonl*"))
    lines = [
        line for file in files if not file.name.endswith(".head") for line in file.read_bytes().splitlines()
    ]
    return {json.loads(line).get("prediction") for line in lines if line.endswith(b'"}')}


def test_a_service_killed_under_load_has_recorded_all_its_answers_and_goes_on(root, sample, ports, tmp_path):
    log, answered = tmp_path / "audit.jsonl", []
    for _ in range(2):
        process = start(root, ports[0], log)
        try:
            wait_until_ready(process, ports[0])
            callers = [
                threading.Thread(target=ask_until_it_ends, args=(ports[0], sample, answered))
                for _ in range(4)
            ]
            for caller in callers:
                caller.start()
            time.sleep(2)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(30)
        for caller in callers:
            caller.join(30)
        report = check(log, SEAL.encode())
        assert report.findings == []
        assert answered
        assert set(answered) <= recorded(log)


@pytest.mark.parametrize("place", ["none/audit.jsonl", "letter.txt"])
def test_an_audit_log_that_cannot_be_written_is_told_in_one_line(root, place, tmp_path):
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear Jane,\n")
    ended = subprocess.run(
        [sys.executable, "-m", "inference_service"],
        cwd=root, env={**os.environ, "INFERENCE_AUDIT_LOG": str(tmp_path / place)}, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert "audit log" in line
    assert letter.read_text() == "Dear Jane,\n"
