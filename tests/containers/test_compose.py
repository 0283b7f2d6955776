"""The compose file for real: built, started, walked through from outside, and taken down again.

Uses Docker where it works, otherwise the script that CONTAINERS_SCRIPT names (default
../shared/containers/containers.sh). TORCH chooses the torch that is built in, as in .env.example. The images
stay, as a cache for the next time; containers, networks and volumes go.
"""

import hashlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from contract import Explanation, Prediction

pytestmark = pytest.mark.timeout(3600)
SERVICES = ["inference", "chat", "page"]


class System(NamedTuple):
    """The running containers: their published addresses, and a way to run commands in them."""

    inference: str
    chat: str
    page: str
    ports: list[int]
    execute: Callable[..., subprocess.CompletedProcess[str]]


def test_an_image_becomes_an_explanation_through_the_published_ports(system, sample):
    with httpx.Client(trust_env=False, timeout=60) as client:
        reply = client.post(f"{system.inference}/predict", files={"file": ("image", sample)})
        assert reply.status_code == 200, reply.text
        prediction = Prediction.model_validate_json(reply.content)
        reply = client.post(
            f"{system.chat}/explain", json={"prediction": reply.json(), "audience": "patient"}
        )
        assert reply.status_code == 200, reply.text
    explanation = Explanation.model_validate_json(reply.content)
    assert explanation.prediction_id == prediction.id
    assert explanation.engine.name == "knowledge-base"


def test_without_images_of_ones_own_the_starter_model_is_served(system, sample, root):
    reply = httpx.post(f"{system.inference}/predict", files={"file": ("image", sample)}, trust_env=False)
    starter = hashlib.sha256((root / "models" / "starter.pt").read_bytes()).hexdigest()
    assert reply.json()["model"]["sha256"] == starter


def test_the_page_is_served(system):
    assert "<title>Streamlit</title>" in httpx.get(system.page, trust_env=False).text


@pytest.mark.parametrize("url", ["http://inference:8000/health/ready", "http://chat:8001/health/ready"])
def test_the_page_reaches_both_services(system, url):
    code = f"import httpx; httpx.get({url!r}).raise_for_status()"
    assert system.execute("page", "python", "-c", code).returncode == 0


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_runs_as_root(system, service):
    assert system.execute(service, "id", "-u").stdout.strip() == "10001"


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_can_write_to_its_own_files(system, service):
    result = system.execute(service, "touch", "/app/trace")
    assert result.returncode != 0
    assert "Read-only file system" in result.stderr


def test_the_inference_service_cannot_change_the_model(system):
    assert system.execute("inference", "touch", "/weights/model.pt").returncode != 0


@pytest.mark.parametrize("service", ["chat", "page"])
def test_chat_and_page_have_no_torch(system, service):
    code = "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is not None)"
    assert system.execute(service, "python", "-c", code).returncode == 0


def test_the_ports_answer_on_this_machine_only(system):
    """127.0.0.2 is this machine as well, but not the address that the ports are published on."""
    for port in system.ports:
        with pytest.raises(OSError, match=r"refused|timed out"):
            socket.create_connection(("127.0.0.2", port), timeout=2).close()


@pytest.fixture(scope="module")
def system(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The whole compose file, without images of one's own and without a key."""
    command = find_command(root)
    if not (root / "models" / "starter.pt").is_file():
        pytest.skip("models/starter.pt is not here")
    ports = free_ports(3)
    nowhere = tmp_path_factory.mktemp("data") / "dataset_sorted"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MISTRAL_")},
        **dict(zip(["INFERENCE_PORT", "CHAT_PORT", "UI_PORT"], map(str, ports), strict=True)),
        "DATASET_DIR": str(nowhere),
    }

    def run(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        # --env-file keeps a developer's own .env, with a key in it, out of the test.
        line = [*command, "-p", "breast-tissue-test", "--env-file", "/dev/null", *arguments]
        return subprocess.run(
            line, cwd=root, env=environment, check=check, text=True, stdin=subprocess.DEVNULL,
            stdout=None if check else subprocess.PIPE, stderr=None if check else subprocess.PIPE,
        )  # fmt: skip

    def execute(service: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run("exec", "-T", service, *arguments, check=False)

    try:
        run("build")
        run("up", "-d")
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        await_answer(f"{urls[-1]}/_stcore/health")
        yield System(*urls, ports, execute)
    finally:
        run("down", "-v", check=False)


@pytest.fixture
def sample(root: Path) -> bytes:
    """The rendered picture that ships with the project."""
    return (root / "models" / "sample.png").read_bytes()


def find_command(root: Path) -> list[str]:
    """Return how compose is called here, or skip."""
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "info"], check=False, capture_output=True).returncode == 0:
        return ["docker", "compose"]
    script = Path(
        os.environ.get("CONTAINERS_SCRIPT") or root / ".." / "shared" / "containers" / "containers.sh"
    )
    if not script.is_file():
        pytest.skip("neither Docker nor the script of CONTAINERS_SCRIPT is here")
    if os.geteuid() != 0:
        pytest.skip("the script of CONTAINERS_SCRIPT needs root")
    subprocess.run(["bash", str(script), "prepare"], check=True)
    return ["bash", str(script.resolve())]


def await_answer(url: str) -> None:
    """Wait until the last service to start answers; compose has waited for those before it."""
    for _ in range(120):
        try:
            httpx.get(url, trust_env=False).raise_for_status()
        except httpx.HTTPError:
            time.sleep(1)
        else:
            return
    raise AssertionError(f"{url} does not answer")


def free_ports(count: int) -> list[int]:
    """Return ports that nothing listens on now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports
