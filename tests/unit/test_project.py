"""What several files of the project say must be the same."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from web.app import create_service
from web.metrics import create_registry
from web.settings import ServiceSettings


@pytest.fixture
def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


def name_of(requirement: str) -> str:
    """Return the normalised name of a requirement such as `PyYAML>=6` (PEP 503)."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


def test_the_version_is_the_same_everywhere(project, root):
    citation = yaml.safe_load((root / "CITATION.cff").read_text())
    service = create_service(
        title="any",
        description="any",
        settings=ServiceSettings(port=0),
        registry=create_registry(),
        body_limit=1000,
        lifespan=None,
        problems={},
        why_not_ready=lambda _: None,
    )
    assert citation["version"] == project["version"]
    assert service.version == project["version"]


def test_every_direct_dependency_is_pinned_to_one_version(project, root):
    lines = (root / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins)
    extras = project["optional-dependencies"].values()
    direct = {name_of(each) for each in project["dependencies"] + [one for extra in extras for one in extra]}
    assert direct - {project["name"]} <= {name_of(pin) for pin in pins}


@pytest.mark.parametrize("package", ["torch", "fastapi", "pydantic", "pillow"])
def test_what_runs_here_is_what_is_pinned(root, package):
    assert f"\n{package}=={version(package).split('+')[0]}\n" in (root / "constraints.txt").read_text()


def test_the_licence_is_the_same_everywhere(project, root):
    assert project["license"] == "Apache-2.0"
    assert "Apache License\n                           Version 2.0" in (root / "LICENSE").read_text()
    assert yaml.safe_load((root / "CITATION.cff").read_text())["license"] == project["license"]
