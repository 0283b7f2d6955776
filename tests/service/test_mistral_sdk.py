"""Mistral's own SDK understands the imitation, so what the service is tried against speaks Mistral."""

import json

import pytest

from tests.mistral_imitation import GOOD, KEY, PIECE, USAGE

client = pytest.importorskip("mistralai.client", reason="the SDK of Mistral is not installed (extra dev)")
errors = pytest.importorskip("mistralai.client.errors")

SCHEMA = {
    "type": "object",
    "properties": {"reply": {"type": "string"}, "facts": {"type": "array", "items": {"type": "string"}}},
    "required": ["reply", "facts"],
    "additionalProperties": False,
}
ASKED = {
    "model": "mistral-small-2603",
    "messages": [
        {"role": "system", "content": "Answer with one JSON object."},
        {"role": "user", "content": "What now?"},
    ],
    "temperature": 0.2,
    "random_seed": 7,
    "max_tokens": 900,
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "reply", "schema": SCHEMA, "strict": True},
    },
}
SAID = {"reply": GOOD["reply"], "facts": []}


@pytest.fixture
def sdk(mistral):
    with client.Mistral(api_key=KEY, server_url=mistral.url, timeout_ms=5000) as opened:
        yield opened


def test_a_completion_is_read(sdk):
    answer = sdk.chat.complete(**ASKED)
    assert json.loads(answer.choices[0].message.content) == SAID
    assert answer.choices[0].finish_reason == "stop"
    assert answer.object == "chat.completion"
    assert answer.usage.total_tokens == USAGE["total_tokens"]


def test_a_stream_is_read_piece_by_piece(sdk):
    pieces, last = [], None
    with sdk.chat.stream(**ASKED) as events:
        for event in events:
            pieces.append(event.data.choices[0].delta.content or "")
            last = event.data
    assert json.loads("".join(pieces)) == SAID
    assert max(map(len, pieces)) == PIECE
    assert last.choices[0].finish_reason == "stop"
    assert last.usage.completion_tokens == USAGE["completion_tokens"]


def test_content_in_chunks_with_thinking_is_read(sdk, mistral):
    async def think(body):
        return await mistral.complete(body, {}, chunks=True)

    mistral.then(think)
    content = sdk.chat.complete(**ASKED).choices[0].message.content
    assert [chunk.type for chunk in content] == ["thinking", "text", "text"]
    assert json.loads("".join(chunk.text for chunk in content[1:])) == SAID


def test_the_request_of_the_sdk_is_one_that_the_imitation_takes_and_ours_looks_like_it(sdk, mistral):
    sdk.chat.complete(**ASKED)
    sent = json.loads(mistral.bodies[0])
    assert {name: sent[name] for name in ASKED} == ASKED
    assert set(sent) - set(ASKED) <= {"stream"}
    assert mistral.requests[0].url.path == "/v1/chat/completions"
    assert mistral.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_wrong_key_is_an_error_of_the_sdk(mistral):
    with (
        client.Mistral(api_key="another", server_url=mistral.url) as opened,
        pytest.raises(errors.SDKError) as met,
    ):
        opened.chat.complete(**ASKED)
    assert met.value.status_code == 401


def test_what_the_schema_does_not_allow_is_a_validation_error_of_the_sdk(sdk):
    with pytest.raises(errors.HTTPValidationError) as met:
        sdk.chat.complete(**ASKED | {"temperature": 1.9})
    assert met.value.status_code == 422


@pytest.mark.parametrize("status", [429, 500, 503])
def test_failures_are_errors_of_the_sdk(sdk, mistral, status):
    mistral.fails(status, {"object": "error", "message": "m", "type": "t", "param": None, "code": "1"})
    with pytest.raises(errors.SDKError) as met:
        sdk.chat.complete(**ASKED)
    assert met.value.status_code == status
