"""Both routes as server-sent events, with both engines, against the imitation of Mistral."""

import json
import socket
import threading
import time

import httpx
import pytest
from starlette.testclient import TestClient

from chat_service.app import create_app
from chat_service.settings import MistralSettings, Settings
from contract import ChatReply, Explanation
from contract.example import EXAMPLE
from tests.mistral_imitation import GOOD, chunk, event, pieces, serve_bytes, settings_for
from tests.stand_ins import serve_on_socket

EVENTS = {"Accept": "text/event-stream"}
BODY = {"prediction": EXAMPLE.model_dump(mode="json")}
QUESTION = BODY | {"messages": [{"role": "user", "content": "Which doctor should I see?"}]}
WORDS = {"summary": GOOD["summary"], "explanation": GOOD["explanation"], "facts": []}


def service(url=None, transport=None, **changes):
    settings = settings_for(url, **changes) if url else Settings(mistral=MistralSettings(api_key=None))
    return TestClient(create_app(settings, transport=transport))


@pytest.fixture(scope="module")
def client(mistral_server):
    with service(mistral_server.url) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _forget(mistral):
    """Each test starts with a server that behaves."""


def events_of(text):
    """Split a stream into (name, data); comments are passed over."""
    found = []
    for block in text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        found += [(lines["event"], json.loads(lines["data"]))] if lines else []
    return found


def stream(client, body=BODY, route="/explain"):
    response = client.post(route, json=body, headers=EVENTS)
    assert response.status_code == 200, response.text
    return events_of(response.text)


def names(events):
    return [name for name, _ in events]


def shown(events):
    """Return what a reader sees who follows `delta` and `reset`."""
    text = ""
    for name, data in events:
        text = "" if name == "reset" else text + data.get("text", "") * (name == "delta")
    return text


def words_of(result):
    return result.get("reply") or f"{result['summary']}\n\n{result['explanation']}"


def fell_back(events, reason, *, reset=True):
    result = events[-1][1]
    assert names(events).count("result") == 1
    assert names(events)[-1] == "result"
    assert result["engine"]["name"] == "knowledge-base"
    assert result["engine"]["fallback_reason"] == reason
    assert ("reset" in names(events)) == reset
    assert shown(events) == words_of(result)
    return True


@pytest.mark.parametrize(
    ("route", "body", "model"), [("/explain", BODY, Explanation), ("/chat", QUESTION, ChatReply)]
)
def test_the_deltas_add_up_to_the_result_with_both_engines(client, route, body, model):
    with service() as offline:
        for asked, engine in ((client, "mistral"), (offline, "knowledge-base")):
            events = stream(asked, body, route)
            assert names(events)[:-1] == ["delta"] * (len(events) - 1)
            assert len(events) > 1
            result = model.model_validate(events[-1][1])
            assert result.engine.name == engine
            assert shown(events) == words_of(events[-1][1])


def test_the_stream_says_how_it_wants_to_be_treated(client):
    headers = client.post("/explain", json=BODY, headers=EVENTS).headers
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-store, no-transform"
    assert headers["x-accel-buffering"] == "no"
    assert headers["vary"] == "Accept"
    assert "content-length" not in headers


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/event-stream", "text/event-stream"),
        ("TEXT/Event-Stream; q=0.9, */*;q=0.1", "text/event-stream"),
        ("application/json, text/event-stream", "text/event-stream"),
        ("application/json, text/event-stream;q=0.5", "application/json"),
        ("text/event-stream;q=0", "application/json"),
        ("text/event-stream;q=much", "application/json"),
        ("*/*", "application/json"),
        ("text/*", "application/json"),
        ("", "application/json"),
    ],
)
def test_events_come_to_those_who_ask_for_them_by_name(client, accept, kind):
    response = client.post("/explain", json=BODY, headers={"Accept": accept})
    assert response.headers["content-type"].startswith(kind)


def test_what_is_refused_is_a_problem_as_ever(client):
    response = client.post("/explain", json={}, headers=EVENTS)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


def test_mistral_is_asked_for_a_stream_only_where_one_is_wanted(client, mistral):
    stream(client)
    client.post("/explain", json=BODY)
    assert [json.loads(body).get("stream", False) for body in mistral.bodies] == [True, False]
    assert [request.headers["accept"] for request in mistral.requests] == [
        "text/event-stream",
        "application/json",
    ]


def test_sentences_come_before_mistral_has_finished(mistral):
    text, gate = json.dumps(WORDS), threading.Event()
    mistral.streams([b"".join(pieces(text)[:20]), b"".join(pieces(text)[20:])], gate=gate)
    settings = settings_for(mistral.url, deadline_s=15, read_timeout_s=15)
    asked = {"json": BODY, "headers": EVENTS, "timeout": 20, "trust_env": False}
    with (
        serve_on_socket(create_app(settings)) as url,
        httpx.stream("POST", f"{url}/explain", **asked) as answer,
    ):
        lines = answer.iter_lines()
        assert next(lines) == "event: delta"
        assert json.loads(next(lines).removeprefix("data: "))["text"] in GOOD["summary"]
        gate.set()
        last = [line for line in lines if line][-1]
    assert json.loads(last.removeprefix("data: "))["engine"]["name"] == "mistral"


def test_silence_is_filled_with_comments(mistral):
    mistral.hangs(0.5)
    settings = settings_for(mistral.url, deadline_s=5, read_timeout_s=5, heartbeat_s=0.1)
    with serve_on_socket(create_app(settings)) as url:
        text = httpx.post(f"{url}/explain", json=BODY, headers=EVENTS, trust_env=False).text
    assert text.count(": still here\n\n") >= 3
    assert names(events_of(text))[-1] == "result"


@pytest.mark.parametrize("headers", [EVENTS, {}], ids=["events", "json"])
def test_who_goes_away_ends_the_request_upstream(mistral, headers):
    mistral.hangs(10)
    with serve_on_socket(create_app(settings_for(mistral.url, deadline_s=15, read_timeout_s=15))) as url:
        host, port = url.removeprefix("http://").split(":")
        raw = json.dumps(BODY).encode()
        head = f"POST /explain HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(f"{head}Content-Length: {len(raw)}\r\n\r\n".encode() + raw)
            wait_for(lambda: mistral.requests)
        assert mistral.abandoned.wait(3)


def wait_for(condition, seconds=5):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_readers_at_the_same_time_get_their_own_words(mistral):
    with serve_on_socket(create_app(settings_for(mistral.url, deadline_s=10))) as url:
        results = []

        def read(audience):
            body = BODY | {"audience": audience}
            answer = httpx.post(f"{url}/explain", json=body, headers=EVENTS, timeout=20, trust_env=False)
            results.append((audience, events_of(answer.text)))

        threads = [threading.Thread(target=read, args=(a,)) for a in ("patient", "clinician") * 8]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(results) == 16
    for audience, events in results:
        assert events[-1][1]["audience"] == audience
        assert shown(events) == words_of(events[-1][1])


def test_a_failure_before_the_first_word_is_the_knowledge_base_s_answer(client, mistral):
    for status, reason in ((401, "unauthorized"), (404, "refused"), (422, "refused")):
        mistral.fails(status)
        assert fell_back(stream(client), reason)
    mistral.fails(503, times=3, Retry_After="0")
    assert fell_back(stream(client), "upstream-error")


def test_where_mistral_was_not_asked_nothing_is_taken_back(client, mistral):
    body = QUESTION | {"messages": [{"role": "user", "content": "I want to kill myself"}]}
    assert fell_back(stream(client, body, "/chat"), "local-topic", reset=False)
    assert mistral.requests == []


GOOD_TEXT = json.dumps(WORDS)
FIRST = GOOD["summary"].split(". ")[0] + "."

BROKEN = {
    "cut between events": (pieces(GOOD_TEXT)[:20], "invalid-answer"),
    "cut within an event": ([*pieces(GOOD_TEXT)[:20], b'data: {"choi'], "invalid-answer"),
    "no reason to stop": ([*pieces(GOOD_TEXT)[:-2], event("[DONE]")], "invalid-answer"),
    "too long": (pieces(GOOD_TEXT, "length"), "invalid-answer"),
    "model_length": (pieces(GOOD_TEXT, "model_length"), "invalid-answer"),
    "failed": (pieces(GOOD_TEXT, "error"), "invalid-answer"),
    "tools": (pieces(GOOD_TEXT, "tool_calls"), "invalid-answer"),
    "an error": ([*pieces(GOOD_TEXT)[:20], event({"object": "error", "message": "x"})], "upstream-error"),
    "another error": ([*pieces(GOOD_TEXT)[:20], event({"error": {"message": "x"}})], "upstream-error"),
    "garbage": ([*pieces(GOOD_TEXT)[:20], b"data: {{{\n\n"], "invalid-answer"),
    "half the JSON": (pieces(GOOD_TEXT[:-9]), "invalid-answer"),
    "more than the JSON": (pieces(GOOD_TEXT + " Bye!"), "invalid-answer"),
    "another fact": (pieces(json.dumps(WORDS | {"facts": ["none"]})), "invalid-answer"),
    "another field": (pieces(json.dumps(WORDS | {"more": "x"})), "invalid-answer"),
    "a field twice": (pieces('{"summary": "Other words. More.", ' + GOOD_TEXT[1:]), "invalid-answer"),
    "white space": ([*pieces(GOOD_TEXT[:80])[:-2], *map(event, [chunk(" " * 900)] * 30)], "invalid-answer"),
    "unsafe later": (
        pieces(json.dumps(WORDS | {"explanation": "It can be wrong. You have cancer."})),
        "unsafe-answer",
    ),
    "unsafe across sentences": (
        pieces(json.dumps(WORDS | {"explanation": "It can be wrong. You have. Cancer. So."})),
        "unsafe-answer",
    ),
    "unsafe across lines": (
        pieces(json.dumps(WORDS | {"explanation": "It can be wrong. You have\n\ncancer."})),
        "unsafe-answer",
    ),
    "unsafe across fields": (
        pieces(json.dumps(WORDS | {"summary": f"{FIRST} You have", "explanation": "cancer. Yes."})),
        "unsafe-answer",
    ),
    "an escape across pieces": (
        pieces(json.dumps(WORDS | {"explanation": "So. You have c\u0430ncer. Yes."}), size=1),
        "unsafe-answer",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_after_the_first_word_a_failure_takes_everything_back(client, mistral, case):
    events, reason = BROKEN[case]
    mistral.streams(events)
    told = stream(client)
    assert fell_back(told, reason)
    before = "".join(data["text"] for name, data in told[: names(told).index("reset")] if name == "delta")
    assert before
    assert "ncer" not in before
    assert len(mistral.requests) == 1


def test_nothing_unsafe_is_shown_and_the_second_attempt_has_another_seed(client, mistral):
    unsafe = pieces(json.dumps(WORDS | {"summary": "You have cancer. See a doctor."}))
    mistral.streams(unsafe)
    events = stream(client)
    assert events[-1][1]["engine"]["name"] == "mistral"
    assert "reset" not in names(events)
    seeds = [json.loads(body)["random_seed"] for body in mistral.bodies]
    assert len(set(seeds)) == 2
    mistral.streams(unsafe)
    mistral.streams(unsafe)
    events = stream(client)
    assert fell_back(events, "unsafe-answer")
    assert names(events)[0] == "reset"
    assert len(mistral.bodies) == 4


SAME = {
    "no [DONE]": pieces(GOOD_TEXT)[:-1],
    "one piece": [b"".join(pieces(GOOD_TEXT))],
    "single letters": pieces(GOOD_TEXT, size=1),
    "other line ends": [b"".join(pieces(GOOD_TEXT)).replace(b"\n", b"\r\n")],
    "comments": [b": hello\n\n", *pieces(GOOD_TEXT)],
    "a fence": pieces(f"```json\n{GOOD_TEXT}\n```"),
    "other order": pieces(json.dumps(dict(reversed(WORDS.items())))),
    "null content": [event(chunk(None)), *pieces(GOOD_TEXT), event(chunk(None))],
    "lists": [
        event(chunk([{"type": "thinking", "thinking": [{"type": "text", "text": "You have cancer. "}]}])),
        *[event(chunk([{"type": "text", "text": letter}])) for letter in GOOD_TEXT],
        event(chunk(None, "stop")),
        event("[DONE]"),
    ],
    "no choices at the end": [*pieces(GOOD_TEXT)[:-1], event({"choices": [], "usage": {"prompt_tokens": 1}})],
    "odd usage": [*pieces(GOOD_TEXT)[:-1], event({"choices": [], "usage": "much"}), event("[DONE]")],
}


@pytest.mark.parametrize("case", SAME)
def test_streams_of_other_servers_are_understood(client, mistral, case):
    mistral.streams(SAME[case])
    events = stream(client)
    assert events[-1][1]["engine"]["name"] == "mistral"
    assert events[-1][1]["summary"] == GOOD["summary"]
    assert shown(events) == words_of(events[-1][1])


def test_a_server_that_cannot_stream_is_understood(client, mistral):
    message = {"choices": [{"message": {"content": GOOD_TEXT}, "finish_reason": "stop"}]}
    mistral.sends(json.dumps(message).encode())
    events = stream(client)
    assert events[-1][1]["engine"]["name"] == "mistral"
    assert shown(events) == words_of(events[-1][1])


def test_a_stream_of_another_type_is_not_read(client, mistral):
    mistral.streams(pieces(GOOD_TEXT), media_type="text/html")
    assert fell_back(stream(client), "invalid-answer")


def test_a_stream_without_end_is_ended(mistral):
    mistral.streams([event(chunk("", None))] * 10_000, pause=0.01)
    with service(mistral.url, deadline_s=1.2) as client:
        started = time.monotonic()
        assert fell_back(stream(client), "timeout")
        assert time.monotonic() - started < 5
    assert mistral.abandoned.wait(3)


def test_a_stream_that_pauses_too_long_is_ended(mistral):
    mistral.streams(pieces(GOOD_TEXT)[:20], pause=0.6)
    with service(mistral.url, deadline_s=5, read_timeout_s=0.3) as client:
        assert fell_back(stream(client), "timeout")


def test_a_stream_that_is_too_large_is_ended(client, mistral):
    mistral.streams([b": " + b"x" * 100_000 + b"\n"] * 20)
    assert fell_back(stream(client), "invalid-answer")


def test_a_connection_that_breaks_off_before_the_first_byte_is_tried_again():
    text = b"".join(pieces(GOOD_TEXT))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    with serve_bytes([], [head, text]) as (url, heard), service(url, deadline_s=5) as client:
        assert stream(client)[-1][1]["engine"]["name"] == "mistral"
        assert len(heard) == 2


def test_a_connection_that_breaks_off_after_it_is_not():
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9999\r\n\r\n"
    part = b"".join(pieces(GOOD_TEXT)[:20])
    with serve_bytes([head, part], [head, part]) as (url, heard), service(url, deadline_s=5) as client:
        assert fell_back(stream(client), "upstream-error")
        assert len(heard) == 1
