"""The remarks that inference makes about an image must be ones for which chat has its own words."""

import pytest
from fastapi.testclient import TestClient

from chat_service.app import create_app
from chat_service.settings import Settings
from contract import Quality, QualityIssue
from inference_service.openapi import EXAMPLE
from inference_service.quality import MESSAGES


@pytest.fixture(scope="module")
def chat():
    with TestClient(create_app(Settings())) as client:
        yield client


def explain(chat, *codes):
    quality = Quality(usable=False, issues=[QualityIssue(code=code, message="unread") for code in codes])
    prediction = EXAMPLE.model_copy(update={"quality": quality, "decision": "indeterminate"})
    reply = chat.post("/explain", json={"prediction": prediction.model_dump(mode="json")})
    assert reply.status_code == 200, reply.text
    return reply.json()["explanation"]


@pytest.mark.parametrize("code", MESSAGES)
def test_chat_explains_every_remark_that_inference_makes(chat, code):
    plain = explain(chat)
    assert explain(chat, "a_code_from_the_future") == plain
    assert len(explain(chat, code)) > len(plain)
