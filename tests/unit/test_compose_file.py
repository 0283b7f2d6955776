import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOMS = {"training": "training", "inference": "inference_service", "chat": "chat_service", "page": "ui"}


@pytest.mark.parametrize("service", ROOMS)
def test_every_container_is_read_only_and_without_privileges(compose, service):
    room = compose["services"][service]
    assert room["read_only"] is True
    assert room["cap_drop"] == ["ALL"]
    assert room["security_opt"] == ["no-new-privileges:true"]
    assert "image" not in room, "an image name would be looked for in a registry first"
    assert {"mem_limit", "pids_limit", "restart"} <= room.keys()


def test_ports_are_published_to_this_machine_only(compose):
    ports = [port for room in compose["services"].values() for port in room.get("ports", [])]
    assert len(ports) == 3
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_rooms_start_in_order(compose):
    needs = {name: room.get("depends_on", {}) for name, room in compose["services"].items()}
    assert needs == {
        "training": {},
        "inference": {"training": {"condition": "service_completed_successfully"}},
        "chat": {"inference": {"condition": "service_healthy"}},
        "page": {"inference": {"condition": "service_healthy"}, "chat": {"condition": "service_healthy"}},
    }


def test_only_the_chat_service_is_given_the_key(compose):
    holders = [name for name, room in compose["services"].items() if "MISTRAL_API_KEY" in str(room)]
    assert holders == ["chat"]


def test_training_has_no_network_and_the_images_are_read_only(compose):
    training = compose["services"]["training"]
    assert training["network_mode"] == "none"
    assert training["volumes"] == ["${DATASET_DIR:-./dataset_sorted}:/dataset_sorted:ro", "weights:/weights"]


def test_the_example_settings_are_those_that_the_compose_file_reads(root):
    read = set(re.findall(r"\$\{(\w+)", (root / "docker-compose.yml").read_text()))
    example = set(re.findall(r"^(\w+)=", (root / ".env.example").read_text(), re.MULTILINE))
    assert example == read


def test_the_example_settings_change_nothing(root):
    defaults = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", (root / "docker-compose.yml").read_text()))
    example = dict(re.findall(r"^(\w+)=(.*)$", (root / ".env.example").read_text(), re.MULTILINE))
    assert example == defaults


@pytest.mark.parametrize("folder", ROOMS.values())
def test_no_container_runs_as_root(root, folder):
    lines = (root / folder / "Dockerfile").read_text().splitlines()
    assert "USER 10001:10001" in lines
    assert not [
        line
        for line in lines
        if line.startswith("RUN") and lines.index(line) > lines.index("USER 10001:10001")
    ]


@pytest.mark.parametrize("folder", ["inference_service", "chat_service", "ui"])
def test_every_service_has_a_health_check(root, folder):
    assert "HEALTHCHECK" in (root / folder / "Dockerfile").read_text()


def test_rooms_with_torch_share_their_first_layers(root):
    """Everything up to the installation of torch must be the same text, or it is stored twice."""
    heads = {
        (root / folder / "Dockerfile")
        .read_text()
        .partition('".[artifact]"')[0]
        .partition("ARG BASE_IMAGE")[2]
        for folder in ("inference_service", "training")
    }
    assert len(heads) == 1


def test_what_is_built_excludes_data_keys_and_history(root):
    lines = (root / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    allowed = {line[1:] for line in lines if line.startswith("!")}
    assert not allowed & {".env", ".git", ".venv", "dataset_sorted", "runs", "tests"}


@pytest.fixture
def compose(root: Path) -> dict[str, Any]:
    """The compose file with its shared parts filled in."""
    content: dict[str, Any] = yaml.safe_load((root / "docker-compose.yml").read_text())
    return content
