"""The same containers with the overrides of docs/operate.md and docs/containers.md: keys, audit log, Mistral.

Mistral is the imitation, on this machine outside the containers; the gateway's route leads there.
"""

import hashlib
import os
import re
import secrets
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mistral_imitation import serve_imitation
from web.keys import ApiKey, make_key

pytestmark = pytest.mark.timeout(3600)
YAML = re.compile(r"```yaml\n(services:.*?)^```$", re.M | re.S)
USER = 10001
ROUTE = """
for line in open("/proc/net/route").read().splitlines()[1:]:
    fields = line.split()
    if fields[1] == "00000000":
        print(".".join(str(int(fields[2][at:at + 2], 16)) for at in (6, 4, 2, 0)))
"""
TRY = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5).close()
except OSError as error:
    sys.exit(str(error))
"""
ASK = """
import sys, urllib.request
try:
    urllib.request.urlopen(sys.argv[1], timeout=10)
except OSError as error:
    sys.exit(str(error))
"""
PREDICT = """
from pathlib import Path
from uuid import uuid4
from ui.client import Client
from ui.settings import Settings
print(Client(Settings()).predict(Path("models/sample.png").read_bytes(), uuid4()).label)
"""


@pytest.fixture(scope="module")
def mistral(compose):
    """The imitation, with an address that the gateway's container can reach."""
    host = compose.execute("gateway", "python", "-c", ROUTE).stdout.strip()
    with serve_imitation() as imitation, socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        listener.close()
        inner = imitation.url.removeprefix("http://")
        # It listens on loopback; another gateway passes what comes from the containers on to it.
        settings = {"GATEWAY_ENTRANCES": f"{port}={inner}", "GATEWAY_PROXY_PORT": "0"}
        with subprocess.Popen([sys.executable, "-m", "gateway"], env={**os.environ, **settings}) as passing:
            imitation.url = f"http://{host}:{port}"
            yield imitation
            passing.terminate()


@pytest.fixture(scope="module")
def guarded(compose, mistral, root, tmp_path_factory):
    """The running system with both overrides; gives the key of a client."""
    folder = tmp_path_factory.mktemp("guarded")
    key, page = make_key(), make_key()
    prepare(folder, {"client": key, "page": page}, mistral.key)
    overrides = [read_override(root, name) for name in ("operate.md", "containers.md")]
    files = [folder / f"override-{number}.yml" for number in range(len(overrides))]
    for path, text in zip(files, overrides, strict=True):
        path.write_text(text.replace("./", f"{folder}/"))
    env_file, before = compose.env_file, compose.env_file.read_text()
    compose.environment |= {"INFERENCE_AUDIT_KEY": secrets.token_hex(32), "PAGE_KEY": page}
    env_file.write_text(before.replace("MISTRAL_BASE_URL=", f"MISTRAL_BASE_URL={mistral.url}"))
    compose.files = files
    compose.start("--force-recreate")
    yield key
    compose.files = []
    env_file.write_text(before)
    compose.start("--force-recreate")


def prepare(folder: Path, keys: dict[str, str], mistral: str) -> None:
    """Lay out what the overrides mount, for the user of the containers."""
    for name in ("keys", "audit"):
        (folder / name).mkdir()
    lines = [ApiKey(name, digest(key)).line() for name, key in keys.items()]
    (folder / "keys" / "keys.txt").write_text("\n".join(lines) + "\n")
    (folder / "mistral.key").write_text(mistral + "\n")
    for path in [*folder.rglob("*"), folder]:
        os.chown(path, USER, USER)


def digest(key: str) -> bytes:
    """Return the digest of a key."""
    return hashlib.sha256(key.encode()).digest()


def read_override(root: Path, name: str) -> str:
    """Return the override that a page of the documentation shows."""
    found = YAML.search((root / "docs" / name).read_text())
    assert found is not None
    return found[1]


@pytest.fixture
def bearer(guarded):
    return {"Authorization": f"Bearer {guarded}"}


def test_without_a_key_nobody_is_answered(compose, client, guarded, sample):
    reply = client.post(f"{compose.inference}/predict", files={"file": ("image", sample)})
    assert reply.status_code == 401
    assert client.post(f"{compose.chat}/explain", json={}).status_code == 401


def test_with_a_key_mistral_writes_the_explanation_and_the_image_is_in_the_audit_log(
    compose, client, bearer, sample, mistral
):
    reply = client.post(f"{compose.inference}/predict", files={"file": ("image", sample)}, headers=bearer)
    assert reply.status_code == 200, reply.text
    mistral.forget()
    body = {"prediction": reply.json()}
    explanation = client.post(f"{compose.chat}/explain", json=body, headers=bearer).json()
    assert explanation["engine"]["name"] == "mistral", explanation["engine"]
    assert mistral.bodies
    line = compose.execute("inference", "tail", "-1", "/audit/audit.jsonl").stdout
    assert reply.json()["id"] in line
    assert '"client":"client"' in line


def test_the_audit_log_is_sound(compose, client, bearer, sample):
    client.post(f"{compose.inference}/predict", files={"file": ("image", sample)}, headers=bearer)
    command = ("python", "-m", "inference_service.audit", "verify", "/audit/audit.jsonl")
    done = compose.execute("inference", *command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("Sound: ")


def test_the_page_uses_its_key(compose, guarded):
    done = compose.execute("page", "python", "-c", PREDICT)
    assert done.stdout.strip() == "malignant", done.stderr


@pytest.mark.parametrize("service", ["chat", "inference", "page"])
def test_a_room_has_no_route_to_any_host_outside(service, compose, guarded):
    """192.0.2.1 belongs to nobody: with a way out, the wait for it would end without an answer."""
    for host in ("192.0.2.1", "2001:db8::1"):
        done = compose.execute(service, "python", "-c", TRY, host, "443")
        assert done.returncode != 0
        assert "nreachable" in done.stderr or "annot assign" in done.stderr, done.stderr


@pytest.mark.parametrize("url", ["https://example.org/", "http://example.org/", "https://192.0.2.1/"])
def test_the_gateway_lets_nobody_out_to_another_host(url, compose, guarded):
    done = compose.execute("chat", "python", "-c", ASK, url)
    assert done.returncode != 0
    assert "403" in done.stderr


def test_when_mistral_cannot_be_reached_the_knowledge_base_answers(compose, client, bearer, sample, mistral):
    reply = client.post(f"{compose.inference}/predict", files={"file": ("image", sample)}, headers=bearer)
    mistral.forget()
    mistral.fails(503, times=3)
    body = {"prediction": reply.json()}
    explanation = client.post(f"{compose.chat}/explain", json=body, headers=bearer).json()
    assert explanation["engine"]["name"] == "knowledge-base"
    assert explanation["engine"]["fallback_reason"] == "upstream-error"
