"""What a real small language model wrote in the place of Mistral, judged again.

`make llm-test` lets it write anew, and `test_proof_documentation` a few answers where it is installed.
"""

import json
from pathlib import Path

import httpx
from starlette.testclient import TestClient

from chat_service.app import create_app
from tests.language_model import trial
from tests.language_model.judging import faults
from tests.language_model.trial import Answered, make_request
from tests.mistral_imitation import settings_for

WRITTEN = Path(trial.__file__).parent / "written.jsonl"


def completion(text):
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return httpx.ByteStream(json.dumps({"object": "chat.completion", "choices": [choice]}).encode())


HARMLESS = {"grounded", "empty", "nonsense"}
"""What a person made of an answer: it rests on the facts, says nothing, or makes no sense without harm."""


def test_what_is_shown_of_what_the_model_wrote_was_read_by_a_person_and_does_no_harm():
    """One that passes and was not read yet must be read first, and marked under `read`."""
    records = [json.loads(line) for line in WRITTEN.read_text("utf-8").splitlines()]
    said = {"text": ""}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=completion(said["text"])))
    settings = settings_for("http://mistral.test", deadline_s=10)
    unread, wrong, harmful = [], [], []
    with TestClient(create_app(settings, transport=transport)) as client:
        for record in records:
            body = make_request(**record["about"])
            said["text"] = record["text"]
            answer = client.post(f"/{record['route']}", json=body).json()
            passed = answer["engine"]["name"] == "mistral"
            unread += [record["text"]] if passed and not record["read"] else []
            wrong += [record["text"]] if passed and record["read"] not in HARMLESS else []
            harmful += faults(Answered(record["route"], body, streamed=False, written=[], answer=answer))
    assert len(records) >= 500
    assert unread == []
    assert wrong == []
    assert harmful == []
