import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOMS = {
    "training": "training",
    "signing": "chat_service",
    "inference": "inference_service",
    "chat": "chat_service",
    "page": "ui",
    "gateway": "gateway",
}
SERVICES = ["inference", "chat", "page", "gateway"]


@pytest.mark.parametrize("service", ROOMS)
def test_every_container_is_read_only_bounded_and_without_privileges(compose, service):
    room = compose["services"][service]
    assert room["read_only"] is True
    assert room["cap_drop"] == ["ALL"]
    assert room["security_opt"] == ["no-new-privileges:true"]
    assert room["logging"]["options"].keys() == {"max-size", "max-file"}
    assert "image" not in room, "an image name would be looked for in a registry first"
    assert room["build"]["dockerfile"] == f"{ROOMS[service]}/Dockerfile"
    assert {"mem_limit", "pids_limit", "restart"} <= room.keys()


def test_services_start_again_and_what_prepares_them_runs_once(compose):
    restart = {name: room["restart"] for name, room in compose["services"].items()}
    assert restart == dict.fromkeys(ROOMS, "no") | dict.fromkeys(SERVICES, "unless-stopped")


def test_ports_are_published_by_the_gateway_and_to_this_machine_only(compose):
    ports = {name: room["ports"] for name, room in compose["services"].items() if "ports" in room}
    assert list(ports) == ["gateway"]
    assert len(ports["gateway"]) == 3
    assert all(port.startswith("127.0.0.1:") for port in ports["gateway"])


def test_no_room_but_the_gateway_has_a_way_out(compose):
    assert compose["networks"]["rooms"] == {"internal": True}
    for name, room in compose["services"].items():
        if name != "gateway":
            assert room.get("network_mode") == "none" or room["networks"] == ["rooms"]


def test_the_rooms_start_in_order(compose):
    needs = {name: room.get("depends_on", {}) for name, room in compose["services"].items()}
    completed, healthy = (
        {"condition": f"service_{state}"} for state in ("completed_successfully", "healthy")
    )
    assert needs == {
        "training": {},
        "signing": {},
        "inference": {"training": completed, "signing": completed},
        "chat": {"inference": healthy},
        "page": {"inference": healthy, "chat": healthy},
        "gateway": {},
    }


def test_only_the_chat_service_is_given_the_key(compose):
    holders = [name for name, room in compose["services"].items() if "MISTRAL_API_KEY" in str(room)]
    assert holders == ["chat"]


def test_the_secret_is_written_by_one_and_read_by_the_two_that_sign_and_verify(compose):
    volumes = {name: room.get("volumes", []) for name, room in compose["services"].items()}
    assert [name for name, places in volumes.items() if "signing:/signing" in places] == ["signing"]
    assert [name for name, places in volumes.items() if "signing:/signing:ro" in places] == [
        "inference",
        "chat",
    ]
    assert "signing:" not in str(volumes["page"] + volumes["gateway"] + volumes["training"])


def test_training_has_no_network_and_the_images_are_read_only(compose):
    training = compose["services"]["training"]
    assert training["network_mode"] == "none"
    assert training["volumes"] == ["${DATASET_DIR:-./dataset_sorted}:/dataset_sorted:ro", "weights:/weights"]


def test_a_gpu_is_asked_for_by_the_override_alone(compose, root):
    override = yaml.safe_load((root / "docker-compose.gpu.yml").read_text())["services"]
    assert override.keys() == {"training", "inference"}
    assert "deploy" not in str(compose)
    for room in override.values():
        assert room["build"]["args"].keys() == {"TORCH_BUILD"}
        assert room["deploy"]["resources"]["reservations"]["devices"][0]["capabilities"] == ["gpu"]


def test_the_example_settings_are_those_that_the_compose_file_reads(root):
    read = set(re.findall(r"\$\{(\w+)", (root / "docker-compose.yml").read_text()))
    example = set(re.findall(r"^(\w+)=", (root / ".env.example").read_text(), re.MULTILINE))
    assert example == read


def test_the_example_settings_change_nothing(root):
    defaults = dict(re.findall(r"\$\{(\w+):?-([^}]*)\}", (root / "docker-compose.yml").read_text()))
    example = dict(re.findall(r"^(\w+)=(.*)$", (root / ".env.example").read_text(), re.MULTILINE))
    assert example == defaults


@pytest.mark.parametrize("folder", sorted(set(ROOMS.values())))
def test_no_container_runs_as_root(root, folder):
    lines = (root / folder / "Dockerfile").read_text().splitlines()
    assert "USER 10001:10001" in lines
    assert not [
        line
        for line in lines
        if line.startswith("RUN") and lines.index(line) > lines.index("USER 10001:10001")
    ]


@pytest.mark.parametrize("folder", ["inference_service", "chat_service", "ui", "gateway"])
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


def test_torch_needs_no_other_index_unless_arguments_say_so(root):
    for folder in ("inference_service", "training"):
        lines = (root / folder / "Dockerfile").read_text().splitlines()
        assert {"ARG TORCH_BUILD=", "ARG TORCH_INDEX="} <= set(lines)


@pytest.mark.parametrize("folder", sorted(set(ROOMS.values())))
def test_no_installer_is_left_in_an_image(root, folder):
    """Compilers are in none of the layers: nothing is compiled."""
    text = (root / folder / "Dockerfile").read_text()
    last = [
        line for line in text.replace("\\\n", " ").splitlines() if line.startswith("RUN") and "pip" in line
    ][-1]
    assert "rm -rf /usr/local/bin/pip*" in last
    assert text.count("pip install") == text.count("--only-binary :all:")


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
