"""Every command in the privacy guide is run, and prints what the guide shows."""

import re

import pytest

from chat_service.settings import Settings
from tests.system.test_operate import BLOCK, fits, run_all


@pytest.fixture(scope="module")
def guide(root):
    return (root / "docs" / "privacy.md").read_text(encoding="utf-8")


def test_every_command_runs_and_prints_what_the_guide_shows(guide, tmp_path, ports):
    blocks = BLOCK.findall(guide)
    printed = iter(run_all([text for kind, text in blocks if kind == "bash"], tmp_path, ports))
    last, wrong = "", []
    for kind, text in blocks:
        if kind == "bash":
            last = next(printed)
        elif kind == "text" and not fits(text, last):
            wrong.append(f"shown:\n{text}printed:\n{last}")
    assert not wrong, "\n".join(wrong)


def test_settings_that_the_guide_names_are_settings(guide):
    named = set(re.findall(r"\bCHAT_([A-Z_]+)\b", guide))
    assert named <= {field.upper() for field in Settings.model_fields}
