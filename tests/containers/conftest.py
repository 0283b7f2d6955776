"""Compose for real: with Docker where it works, otherwise with the script that CONTAINERS_SCRIPT names.

The script's default place is ../shared/containers/containers.sh. The variables of .env.example count, so
TORCH, TORCH_BUILD and TORCH_INDEX choose the torch that is built in. Images stay, as a cache for the next
time; containers, networks and volumes go.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.stand_ins import free_ports

PROJECT = "breast-tissue-test"
PORTS = ["INFERENCE_PORT", "CHAT_PORT", "UI_PORT"]
MAIN = """
import os
from pathlib import Path
for stat in Path("/proc").glob("[0-9]*/stat"):
    fields = stat.read_text().rpartition(")")[2].split()
    if fields[1] == "1":
        print(stat.parent.name, fields[19])
"""
"""Prints process id and start of what init looks after: the service itself."""


class Compose:
    """The compose file under a name and ports of its own."""

    def __init__(self, command: list[str], root: Path, env_file: Path) -> None:
        self._command, self._root = command, root
        self.env_file = env_file
        self.files: list[Path] = []
        self.environment = {name: value for name, value in os.environ.items() if "MISTRAL" not in name}
        self.ports = free_ports(3)
        self.environment |= dict(zip(PORTS, map(str, self.ports), strict=True))
        self.inference, self.chat, self.page = (f"http://127.0.0.1:{port}" for port in self.ports)

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one command; what it says is kept where it may fail, and shown otherwise."""
        files = [part for path in ["docker-compose.yml", *map(str, self.files)] for part in ("-f", path)]
        line = [*self._command, *files, "-p", PROJECT, "--env-file", str(self.env_file), *arguments]
        pipe = None if check else subprocess.PIPE
        return subprocess.run(
            line, cwd=self._root, env=self.environment, check=check, text=True,
            stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe,
        )  # fmt: skip

    def execute(self, service: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command inside a container."""
        return self.run("exec", "-T", service, *arguments, check=False)

    def find_main(self, service: str) -> tuple[str, str]:
        """Return process id and start of the service itself, or blanks while it does not run."""
        found = self.execute(service, "python", "-c", MAIN).stdout.split()
        return (found[0], found[1]) if len(found) > 1 else ("", "")

    def build_and_start(self) -> None:
        """Build one image after the other, start everything, and wait for the last."""
        for service in ("gateway", "chat", "signing", "page", "inference", "training"):
            self.run("build", service)
        self.start()

    def start(self, *options: str) -> None:
        """Start everything, in order, and wait for the last."""
        self.run("up", "-d", *options)
        await_status(f"{self.page}/_stcore/health")

    def stop(self) -> None:
        """Leave nothing behind but images."""
        self.run("down", "-v", check=False)


@pytest.fixture(scope="session")
def compose(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """Compose with the settings of .env.example, but for the ports and the place of images."""
    command = find_command(root)
    if not (root / "models" / "starter.pt").is_file():
        pytest.skip("models/starter.pt is not here")
    folder = tmp_path_factory.mktemp("compose")
    env_file = folder / ".env"
    free = {*PORTS, "DATASET_DIR", *(name for name in os.environ if name.startswith(("TORCH", "BASE_IMAGE")))}
    lines = (root / ".env.example").read_text().splitlines()
    env_file.write_text("\n".join(line for line in lines if line.partition("=")[0] not in free))
    system = Compose(command, root, env_file)
    system.environment["DATASET_DIR"] = str(folder / "dataset_sorted")
    try:
        system.build_and_start()
        yield system
    finally:
        system.stop()


@pytest.fixture
def sample(root: Path) -> bytes:
    """The rendered picture that ships with the project."""
    return (root / "models" / "sample.png").read_bytes()


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """Callers from this machine, without the proxies of its environment."""
    with httpx.Client(trust_env=False, timeout=60) as client:
        yield client


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


def await_status(url: str, status: int = 200, *, seconds: float = 120) -> float:
    """Wait until a route answers with a status; return how long that took."""
    begun = time.monotonic()
    while time.monotonic() < begun + seconds:
        try:
            if httpx.get(url, trust_env=False, timeout=5).status_code == status:
                return time.monotonic() - begun
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"{url} does not answer with {status}")


def await_true(condition: Callable[[], bool], *, seconds: float) -> float:
    """Wait until a condition holds; return how long that took."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() < begun + seconds, f"not within {seconds} s"
        time.sleep(0.5)
    return time.monotonic() - begun
