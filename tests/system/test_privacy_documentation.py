"""Every command in the privacy guide is run, and prints what the guide shows."""

import re

import pytest

from chat_service.settings import Settings
from tests.system.test_operate import BLOCK, assert_prints_what_it_shows


@pytest.fixture(scope="module")
def guide(root):
    return (root / "docs" / "privacy.md").read_text(encoding="utf-8")


def test_every_command_runs_and_prints_what_the_guide_shows(guide, tmp_path, ports):
    assert_prints_what_it_shows(BLOCK.findall(guide), tmp_path, ports)


def test_settings_that_the_guide_names_are_settings(guide):
    named = set(re.findall(r"\bCHAT_([A-Z_]+)\b", guide))
    assert named <= {field.upper() for field in Settings.model_fields}
