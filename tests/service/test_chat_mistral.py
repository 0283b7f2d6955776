"""The chat service with Mistral before the knowledge base, against a strict imitation of it."""

import json
import logging
import time
from email.utils import formatdate
from functools import cache, partial

import httpx
import pytest
from starlette.testclient import TestClient

from chat_service.app import create_app
from chat_service.settings import MistralSettings, Settings
from tests.mistral_imitation import settings_for

SECRET = "Jane-Doe-4711"


def prediction(decision="malignant", **changes):
    return {
        "label": SECRET,
        "decision": decision,
        "malignant_probability": 0.934217,
        "threshold": 0.4137,
        "probabilities": {SECRET: 1.0},
        "quality": {"usable": True, "issues": [{"code": SECRET, "message": SECRET}]},
        "model": {
            "name": SECRET,
            "version": SECRET,
            "architecture": SECRET,
            "modality": SECRET,
            "sha256": "ab" * 32,
        },
        "image": {"sha256": "cd" * 32, "format": SECRET, "width": 4711, "height": 4712},
        "id": "11111111-2222-4333-8444-555555555555",
        "created": "2026-01-02T03:04:05Z",
    } | changes


def service(url, transport=None, **changes):
    return TestClient(create_app(settings_for(url, **changes), transport=transport))


@pytest.fixture(scope="module")
def client(mistral_server):
    with service(mistral_server.url) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _forget(mistral):
    """Each test starts with a server that behaves."""


def explain(client, **changes):
    response = client.post("/explain", json={"prediction": prediction()} | changes)
    assert response.status_code == 200, response.text
    return response.json()


def ask(client, question, **changes):
    messages = [{"role": "user", "content": question}]
    body = {"prediction": prediction(), "messages": messages} | changes
    response = client.post("/chat", json=body)
    assert response.status_code == 200, response.text
    return response.json()


@cache
def offline_answer():
    with TestClient(create_app(Settings(mistral=MistralSettings(api_key=None)))) as offline:
        return json.dumps(explain(offline))


def whole_answer_of_the_knowledge_base(answer, reason):
    """The answer is the knowledge base's from beginning to end, and says why."""
    expected = json.loads(offline_answer())
    for volatile in ("id", "created"):
        del answer[volatile], expected[volatile]
    assert expected["engine"]["fallback_reason"] is None
    expected["engine"]["fallback_reason"] = reason
    return answer == expected


def test_mistral_writes_the_prose_and_the_knowledge_base_everything_else(client):
    answer = explain(client)
    assert answer["engine"] == {
        "name": "mistral",
        "model": "mistral-small-2603",
        "prompt_version": "explain-1",
        "fallback_reason": None,
    }
    assert answer["summary"].startswith("This picture looks suspicious")
    assert "A biopsy is the only sure way to know." in answer["explanation"]
    assert answer["explanation"].split("\n\n")[-1].startswith("Your next step")
    assert answer["untreated_survival"]["median_years"] == {"low": 2.3, "high": 2.7}


def test_facts_that_mistral_chooses_follow_in_our_own_words(client, mistral):
    mistral.answers(facts=["feelings"])
    assert "A word like this can be frightening" in explain(client)["explanation"]
    assert "A word like this can be frightening" not in explain(client)["explanation"]


def test_content_as_a_list_of_chunks_is_joined_without_the_thinking(client, mistral):
    mistral.then(partial(mistral.complete, content={}, chunks=True))
    answer = explain(client)
    assert answer["engine"]["name"] == "mistral"
    assert "You have cancer" not in json.dumps(answer)


def test_nothing_that_identifies_leaves_the_house(client, mistral):
    clinical = {"tumour_size_mm": 47.11, "positive_nodes": 47, "er": "positive"}
    explain(client, clinical=clinical)
    ask(client, f"My name is {SECRET}, born 1961-05-04, what should I do?")
    for request, body in zip(mistral.requests, mistral.bodies, strict=True):
        sent = (body.decode() + str(request.url) + str(request.headers)).lower()
        hidden = (
            SECRET,
            "4711",
            "4712",
            "47.11",
            "ab" * 32,
            "cd" * 32,
            "11111111",
            "2026-01",
            "1961",
            "0.93",
        )
        assert not [text for text in hidden if text.lower() in sent]
    assert len(mistral.bodies) == 2


def test_a_wrong_key_falls_back_without_a_second_try(mistral):
    with service(mistral.url, api_key="another-key") as client:
        assert whole_answer_of_the_knowledge_base(explain(client), "unauthorized")
    assert len(mistral.requests) == 1


def test_the_imitation_refuses_what_mistral_refuses(mistral):
    for change in ({"seed": 1}, {"temperature": 1.9}, {"response_format": {"type": "json_schema"}}):
        body = {"model": "m", "messages": [{"role": "user", "content": "x"}]} | change
        headers = {"Authorization": "Bearer made-up-key"}
        assert httpx.post(f"{mistral.url}/v1/chat/completions", json=body, headers=headers).status_code == 422


def test_a_hanging_answer_falls_back_in_time(mistral):
    mistral.hangs(30)
    with service(mistral.url, deadline_s=1.2) as client:
        started = time.monotonic()
        assert whole_answer_of_the_knowledge_base(explain(client), "timeout")
        assert time.monotonic() - started < 5


def test_a_dripping_answer_falls_back_at_the_deadline():
    class Dripping(httpx.AsyncByteStream):
        async def __aiter__(self):
            import anyio  # noqa: PLC0415 - only this stream waits

            while True:
                await anyio.sleep(0.05)
                yield b" "

    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Dripping()))
    with service("http://mistral.test", transport, deadline_s=0.4) as client:
        assert explain(client)["engine"]["fallback_reason"] == "timeout"


def test_an_endless_answer_is_cut_off():
    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self):
            while True:
                yield b" " * 65536

    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Endless()))
    with service("http://mistral.test", transport, deadline_s=10) as client:
        assert explain(client)["engine"]["fallback_reason"] == "invalid-answer"


def test_a_compressed_answer_is_not_unpacked():
    transport = httpx.MockTransport(
        lambda _: httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"x"))
    )
    with service("http://mistral.test", transport) as client:
        assert explain(client)["engine"]["fallback_reason"] == "invalid-answer"


def test_a_passing_fault_is_tried_again(client, mistral):
    mistral.fails(500)
    mistral.fails(429, Retry_After="0")
    assert explain(client)["engine"]["name"] == "mistral"
    assert len(mistral.requests) == 3


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_lasting_fault_is_tried_three_times(client, mistral, status):
    mistral.fails(status, times=5, Retry_After="0")
    assert whole_answer_of_the_knowledge_base(explain(client), "upstream-error")
    assert len(mistral.requests) == 3


@pytest.mark.parametrize("wait", ["3600", formatdate(time.time() + 3600, usegmt=True), "9" * 400])
def test_a_pause_beyond_the_deadline_is_not_waited_for(client, mistral, wait):
    mistral.fails(429, Retry_After=wait)
    started = time.monotonic()
    assert whole_answer_of_the_knowledge_base(explain(client), "rate-limited")
    assert time.monotonic() - started < 4
    assert len(mistral.requests) == 1


def test_a_pause_within_the_deadline_is_kept(mistral):
    mistral.fails(429, Retry_After="1")
    with service(mistral.url, deadline_s=4) as client:
        started = time.monotonic()
        assert explain(client)["engine"]["name"] == "mistral"
        assert time.monotonic() - started >= 1


@pytest.mark.parametrize("wait", ["", "soon", "-5", "1e99", "\u0661"])
def test_a_pause_that_cannot_be_read_counts_as_not_said(mistral, wait):
    headers = {"Retry-After": wait.encode("utf-8")}
    replies = [httpx.Response(429, headers=headers), httpx.Response(401)]
    with service(
        "http://mistral.test", httpx.MockTransport(lambda _: replies.pop(0)), deadline_s=5
    ) as client:
        assert explain(client)["engine"]["fallback_reason"] == "unauthorized"


ERROR_BODIES = [
    b"",
    b"not json",
    b"\xff\xfe",
    {"detail": "Unauthorized"},
    {"message": "Unauthorized", "request_id": "x"},
    {"detail": [{"type": "extra_forbidden", "loc": ["body", "x"], "msg": "m", "input": SECRET}]},
    {"object": "error", "message": {"detail": [1]}, "type": "invalid_request_error", "code": None},
    {"object": "Error", "detail": [{}], "message": [{}], "code": 3001},
    {"object": "error", "message": "Rate limit exceeded", "code": "1300", "raw_status_code": 429},
    {"error": {"message": "Content blocked by guardrail", "status": 403}, "guardrails": {"results": {}}},
]


@pytest.mark.parametrize("content", ERROR_BODIES, ids=range(len(ERROR_BODIES)))
@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, "refused"),
        (401, "unauthorized"),
        (403, "refused"),
        (404, "refused"),
        (422, "refused"),
        (418, "refused"),
    ],
)
def test_every_shape_of_error_falls_back_and_is_not_logged(client, mistral, caplog, status, reason, content):
    caplog.set_level(logging.DEBUG)
    mistral.fails(status, content)
    assert explain(client)["engine"]["fallback_reason"] == reason
    assert len(mistral.requests) == 1
    ours = [record for record in caplog.records if record.name.startswith(("chat_service", "web"))]
    assert ours
    assert not [record for record in ours if SECRET in record.getMessage()]


def test_a_redirect_is_not_followed(client, mistral):
    mistral.fails(307, b"", location="https://elsewhere.test/")
    assert explain(client)["engine"]["fallback_reason"] == "upstream-error"


def test_a_cut_connection_falls_back(client, mistral):
    mistral.cuts()
    assert whole_answer_of_the_knowledge_base(explain(client), "upstream-error")


def test_a_server_that_is_not_there_falls_back():
    with service("http://127.0.0.1:9") as client:
        assert whole_answer_of_the_knowledge_base(explain(client), "upstream-error")


BROKEN = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"[" * 100_000,
    b'{"choices": []}',
    b'{"choices": [{"message": {"content": null}, "finish_reason": "stop"}]}',
    b'{"choices": [{"message": {"content": 5}, "finish_reason": "stop"}]}',
    b'{"choices": [{"message": {"content": "{\\"summary\\": 1}"}, "finish_reason": "stop"}]}',
    b'{"choices": [{"message": {"content": "Please see your doctor."}, "finish_reason": "stop"}]}',
    b'{"choices": [{"message": {"content": "{}"}, "finish_reason": "tool_calls"}]}',
    b"\xff\xfe\xfd",
]


@pytest.mark.parametrize("raw", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_answer_falls_back(client, mistral, raw):
    mistral.sends(raw)
    assert whole_answer_of_the_knowledge_base(explain(client), "invalid-answer")


@pytest.mark.parametrize("finish", ["length", "model_length", "error", "something-new"])
def test_an_answer_that_did_not_come_to_its_end_falls_back(client, mistral, finish):
    mistral.then(partial(mistral.complete, content={}, finish=finish))
    assert explain(client)["engine"]["fallback_reason"] == "invalid-answer"


@pytest.mark.parametrize(
    "content",
    [
        {"summary": ""},
        {"summary": "   "},
        {"explanation": "word " * 5000},
        {"facts": ["no-such-fact"]},
        {"facts": "feelings"},
        {"extra": "field"},
    ],
)
def test_an_answer_outside_the_schema_falls_back(client, mistral, content):
    mistral.answers(**content)
    assert whole_answer_of_the_knowledge_base(explain(client), "invalid-answer")


@pytest.mark.parametrize("place", ["summary", "explanation"])
@pytest.mark.parametrize(
    "text",
    [
        "You have cancer.",
        "You do not have cancer.",
        "This is stage II.",
        "The chance is 87 %.",
        "Take 5 mg of tamoxifen.",
        "Vous avez un cancer du sein.",
    ],
)
def test_an_unsafe_answer_falls_back_as_a_whole(client, mistral, place, text):
    mistral.answers(2, **{place: f"Please see your doctor. {text}"})
    answer = explain(client)
    assert text not in json.dumps(answer, ensure_ascii=False)
    assert whole_answer_of_the_knowledge_base(answer, "unsafe-answer")


@pytest.mark.parametrize("decision", ["benign", "indeterminate"])
def test_survival_words_are_refused_unless_the_reading_is_malignant(client, mistral, decision):
    mistral.answers(2, summary="Ask your doctor about survival.")
    answer = explain(client, prediction=prediction(decision))
    assert answer["engine"]["fallback_reason"] == "unsafe-answer"
    assert "surviv" not in json.dumps({k: v for k, v in answer.items() if k != "untreated_survival"})


def test_a_question_is_answered_with_a_lead_in_and_the_facts(client):
    answer = ask(client, "Which doctor should I see?")
    assert answer["engine"]["name"] == "mistral"
    assert answer["engine"]["prompt_version"] == "chat-2"
    assert answer["reply"].startswith("That is a good question")
    assert "Breast surgeon" in answer["reply"]
    assert answer["sources"]


def test_words_of_suicide_are_answered_here_and_sent_nowhere(client, mistral):
    answer = ask(client, "I want to kill myself")
    assert "116 123" in answer["reply"]
    assert answer["engine"]["fallback_reason"] == "local-topic"
    assert mistral.requests == []


def test_an_unsafe_lead_in_falls_back(client, mistral):
    mistral.answers(2, reply="There is nothing to worry about.")
    answer = ask(client, "What should I do?")
    assert answer["engine"] == {
        "name": "knowledge-base",
        "model": None,
        "prompt_version": None,
        "fallback_reason": "unsafe-answer",
    }
    assert "nothing to worry" not in answer["reply"]


UNKNOWN = "Can the curious tissue be kept somewhere for my cousin Wolfgang Obermeier?"


def test_a_question_nobody_recognises_is_asked_with_its_common_words_and_all_facts(client, mistral):
    mistral.answers(facts=["feelings"])
    answer = ask(client, UNKNOWN)
    assert answer["engine"]["name"] == "mistral", answer["engine"]
    sent = json.loads(json.loads(mistral.bodies[0])["messages"][1]["content"])
    assert sent["topic"] is None
    assert "tissue" in sent["words"]
    assert "…" in sent["words"]
    assert "Obermeier" not in mistral.bodies[0].decode()
    assert {"answer", "feelings"} <= {fact["id"] for fact in sent["facts"]}
    assert "A word like this can be frightening" in answer["reply"]
    assert {source["id"] for source in answer["sources"]} >= {"psycho-oncology"}


def test_a_question_of_which_no_word_is_recognised_is_sent_nowhere(client, mistral):
    answer = ask(client, "Zzyzx 4711?")
    assert answer["engine"]["fallback_reason"] == "local-topic"
    assert mistral.requests == []
