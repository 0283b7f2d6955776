"""What docs/mistral.md says is what the service knows."""

import re
from typing import get_args

import pytest

from chat_service.engine import Reason
from chat_service.refusal import Code
from chat_service.settings import MistralSettings, Settings


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs" / "mistral.md").read_text("utf-8")


def test_every_setting_of_mistral_is_told_with_its_default(page):
    known = {f"MISTRAL_{name.upper()}": field.default for name, field in MistralSettings.model_fields.items()}
    told = {}
    for names, defaults in re.findall(r"^\| (`(?:MISTRAL|CHAT)_[^|]*)\|([^|]*)\|", page, re.M):
        values = re.findall(r"`([^`]*)`", defaults)
        pairs = zip(re.findall(r"`([^`]*)`", names), values or [None] * 5, strict=False)
        told |= dict(pairs)
    known |= {
        f"CHAT_{name.upper()}": Settings.model_fields[name].default
        for name in ("breaker_failures", "breaker_cooldown_s", "heartbeat_s")
    }
    assert told == {name: None if default is None else str(default) for name, default in known.items()}


def test_every_reason_is_told(page):
    assert set(re.findall(r"^\| `([a-z-]+)` \|", page, re.M)) == set(get_args(Reason))


def test_every_code_of_the_log_is_told(page):
    section = page.split("## What operators see")[1].split("\n- **Metrics**")[0]
    assert set(get_args(Code)) <= set(re.findall(r"`([a-z-]+)`", section))


def test_the_links_of_the_page_lead_somewhere(page, root):
    links = re.findall(r"\]\((?!http)([^)#]+)", page)
    assert links
    assert [link for link in links if not (root / "docs" / link).exists()] == []
