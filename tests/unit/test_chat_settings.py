"""How the environment becomes settings."""

import pytest
from pydantic import ValidationError

from chat_service.settings import MistralSettings, Settings


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for name in ("API_KEY", "BASE_URL", "MODEL", "DEADLINE_S"):
        monkeypatch.delenv(f"MISTRAL_{name}", raising=False)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9", "http://127.0.0.1:9/", "http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1/"]
)
def test_a_trailing_v1_is_accepted(url):
    assert MistralSettings(base_url=url).base_url == "http://127.0.0.1:9"


@pytest.mark.parametrize("url", ["ftp://x", "api.mistral.ai", "https://", "https://me:pw@x", "https://x?a=b"])
def test_an_address_that_is_none_is_refused_without_repeating_it(url):
    with pytest.raises(ValidationError) as caught:
        MistralSettings(base_url=url)
    assert "me:pw" not in str(caught.value)


@pytest.mark.parametrize("value", ["", "   ", "\n"])
def test_an_empty_key_counts_as_unset(monkeypatch, value):
    monkeypatch.setenv("MISTRAL_API_KEY", value)
    assert Settings().mistral.api_key is None


def test_white_space_around_a_key_is_taken_off(monkeypatch):
    monkeypatch.setenv("MISTRAL_API_KEY", " made-up \n")
    key = Settings().mistral.api_key
    assert key is not None
    assert key.get_secret_value() == "made-up"


def test_a_key_that_no_header_can_carry_is_refused_without_repeating_it():
    with pytest.raises(ValidationError) as caught:
        MistralSettings(api_key="sécret\nX: y")
    assert "sécret" not in str(caught.value)


def test_the_deadline_leaves_room_for_the_promised_twenty_seconds():
    with pytest.raises(ValidationError):
        MistralSettings(deadline_s=19)


def test_the_model_is_pinned():
    assert "latest" not in MistralSettings().model
