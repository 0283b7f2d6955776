"""Every command in the operating guide is run, and prints what the guide shows; its other files are read.

A `text` block shows what the `bash` block before it printed; `…` stands for anything within a line.
"""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from chat_service.settings import Settings as ChatSettings
from inference_service.settings import Settings as InferenceSettings
from ui.settings import Settings as PageSettings
from web.settings import ServiceSettings

BLOCK = re.compile(r"```(bash|text|yaml)\n(.*?)^```$", re.M | re.S)
MARK = "-- next block --"
KINDS = {"INFERENCE_": InferenceSettings, "CHAT_": ChatSettings, "UI_": PageSettings}


@pytest.fixture(scope="module")
def guide(root: Path) -> str:
    return (root / "docs" / "operate.md").read_text(encoding="utf-8")


@pytest.fixture
def blocks(guide):
    return BLOCK.findall(guide)


def run_all(commands, folder, ports):
    """Run blocks one after the other in one shell; return what each printed."""
    script = f"\necho '{MARK}'\n".join(commands)
    for written, real in zip(("8000", "8001"), ports, strict=False):
        script = script.replace(f"127.0.0.1:{written}", f"127.0.0.1:{real}")
    foreign = ("INFERENCE_", "CHAT_", "MISTRAL_", "PREDICTION_", "UI_", "OTEL_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "INFERENCE_PORT": str(ports[0]),
        "CHAT_PORT": str(ports[1]),
        "no_proxy": "127.0.0.1",
    }
    shell = subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True,
    )  # fmt: skip
    try:
        # The services hold the pipe open, so its end does not say that the shell has ended.
        shell.wait(timeout=120)
    finally:
        os.killpg(shell.pid, signal.SIGTERM)
        printed = shell.communicate(timeout=40)[0]
    assert shell.returncode == 0, printed
    return printed.split(f"{MARK}\n")


def fits(shown, real):
    pattern = ".*".join(map(re.escape, shown.rstrip("\n").split("…")))
    return re.fullmatch(pattern, real.rstrip("\n")) is not None


def assert_prints_what_it_shows(blocks, folder, ports):
    """Run the `bash` blocks of a guide and compare what each printed with the `text` block behind it."""
    printed = iter(run_all([text for kind, text in blocks if kind == "bash"], folder, ports))
    last, wrong = "", []
    for kind, text in blocks:
        if kind == "bash":
            last = next(printed)
        elif kind == "text" and not fits(text, last):
            wrong.append(f"shown:\n{text}printed:\n{last}")
    assert not wrong, "\n".join(wrong)


def test_every_command_runs_and_prints_what_the_guide_shows(blocks, root, tmp_path, ports):
    if not (root / "models" / "starter.pt").is_file():
        pytest.skip("models/starter.pt is not there")
    (tmp_path / "models").symlink_to(root / "models")
    assert_prints_what_it_shows(blocks, tmp_path, ports)


def test_settings_that_the_guide_names_are_settings(guide):
    named = set(re.findall(r"\b((?:INFERENCE|CHAT|UI)_[A-Z_]+)\b", guide)) - {"INFERENCE_NAME", "CHAT_NAME"}
    shared = set(re.findall(r"`\*_([A-Z_]+)", guide)) - {"NAME"}
    named |= {room + name for name in shared for room in ("INFERENCE_", "CHAT_")}
    known = {prefix + field.upper() for prefix, kind in KINDS.items() for field in kind.model_fields}
    assert named <= known
    assert {name.upper() for name in ServiceSettings.model_fields} - {"TRACES", "PORT"} <= shared


def test_the_override_fits_the_compose_file(blocks, root):
    override = yaml.safe_load(next(text for kind, text in blocks if kind == "yaml" and "services:" in text))
    compose = yaml.safe_load((root / "docker-compose.yml").read_text())
    assert override["services"].keys() <= compose["services"].keys()
    for service in override["services"].values():
        assert service.keys() <= {"environment", "volumes"}


def test_the_metrics_of_the_guide_are_those_of_the_services(guide, root):
    source = "".join(path.read_text() for path in root.glob("*/metrics.py"))
    made = set(re.findall(r'"((?:http|inference|chat)_[a-z_]+)"', source))
    told = {
        name.removesuffix("_total")
        for name in re.findall(r"^\| `((?:http|inference|chat)_\w+)`", guide, re.M)
    }
    assert told == made
