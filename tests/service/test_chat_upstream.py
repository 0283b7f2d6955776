"""How the service treats an upstream that fails, and what it tells its operators."""

import gzip
import json
import logging
import re
import threading
import time

import anyio
import httpx
import pytest
from starlette.testclient import TestClient

from chat_service.app import create_app
from chat_service.engine import Fallback
from chat_service.offline import open_knowledge_base
from contract import ExplanationRequest
from contract.example import EXAMPLE
from tests.mistral_imitation import GOOD, serve_bytes, settings_for
from tests.stand_ins import serve_on_socket

BODY = {"prediction": EXAMPLE.model_dump(mode="json")}
TEXT = json.dumps({"summary": GOOD["summary"], "explanation": GOOD["explanation"], "facts": []})
WHOLE = json.dumps({"choices": [{"message": {"content": TEXT}, "finish_reason": "stop"}]}).encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"


def service(url, **changes):
    return TestClient(create_app(settings_for(url, **changes)))


@pytest.fixture(autouse=True)
def _forget(mistral):
    """Each test starts with a server that behaves."""


@pytest.fixture(scope="module")
def client(mistral_server):
    with service(mistral_server.url) as opened:
        yield opened


def engine(client):
    response = client.post("/explain", json=BODY)
    assert response.status_code == 200, response.text
    return response.json()["engine"]


def reason(client):
    return engine(client)["fallback_reason"]


def metrics(client):
    lines = client.get("/metrics").text.splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}


def test_a_lasting_fault_opens_the_breaker_and_nothing_is_sent_any_more(mistral):
    with service(mistral.url, breaker_failures=2, breaker_cooldown_s=30) as client:
        mistral.fails(503, times=20, Retry_After="0")
        assert [reason(client) for _ in range(4)] == ["upstream-error"] * 2 + ["unavailable"] * 2
        assert len(mistral.requests) == 6
        seen = metrics(client)
        assert seen['chat_mistral_breaker{state="open"}'] == 1
        assert seen['chat_mistral_breaker{state="closed"}'] == 0
        assert seen['chat_fallbacks_total{reason="unavailable"}'] == 2


def test_after_the_cooldown_one_probe_closes_it(mistral):
    with service(mistral.url, breaker_failures=1, breaker_cooldown_s=0.2) as client:
        mistral.fails(503, times=4, Retry_After="0")
        assert reason(client) == "upstream-error"
        assert reason(client) == "unavailable"
        time.sleep(0.25)
        assert metrics(client)['chat_mistral_breaker{state="half-open"}'] == 1
        # The probe is sent once only, and its failure opens the breaker again.
        assert reason(client) == "upstream-error"
        assert len(mistral.requests) == 4
        assert reason(client) == "unavailable"
        time.sleep(0.25)
        assert engine(client)["name"] == "mistral"
        assert metrics(client)['chat_mistral_breaker{state="closed"}'] == 1


def test_while_a_probe_is_under_way_others_do_not_wait_for_it(mistral):
    settings = settings_for(mistral.url, breaker_failures=1, breaker_cooldown_s=0.1, deadline_s=5)
    with TestClient(create_app(settings)) as client:
        mistral.fails(401)
        assert reason(client) == "unauthorized"
        time.sleep(0.15)
        mistral.hangs(0.8)
        reasons = []
        probe = threading.Thread(target=lambda: reasons.append(reason(client)))
        probe.start()
        while len(mistral.requests) < 2:
            time.sleep(0.01)
        assert reason(client) == "unavailable"
        probe.join()
        assert reasons == [None]


@pytest.mark.parametrize("status", [400, 403, 422])
def test_what_lies_in_a_request_does_not_open_the_breaker(mistral, status):
    body = {"guardrails": {"results": {}}}
    with service(mistral.url, breaker_failures=1) as client:
        mistral.fails(status, body, times=3)
        assert [reason(client) for _ in range(3)] == ["refused"] * 3
        assert engine(client)["name"] == "mistral"


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, {"detail": "Unauthorized"}, "key-refused"),
        (403, {"error": {"message": "Content blocked by guardrail"}, "guardrails": {}}, "guardrail"),
        (403, {"message": "Not in your plan"}, "not-allowed"),
        (404, {"message": "Invalid model: x", "code": "1500"}, "model-unknown"),
        (404, {"detail": "Not Found"}, "route-unknown"),
        (422, {"detail": [{"type": "extra_forbidden", "input": "Jane"}]}, "request-wrong"),
        (429, b"\x00 not HTTP at all", "rate-limited"),
    ],
)
def test_operators_see_what_a_refusal_means_and_nothing_of_its_words(mistral, caplog, status, body, code):
    caplog.set_level(logging.INFO)
    with service(mistral.url) as client:
        mistral.fails(status, body, Retry_After="60")
        assert reason(client) is not None
        assert metrics(client)[f'chat_mistral_refusals_total{{code="{code}"}}'] == 1
    told = [each.getMessage() for each in caplog.records if each.name == "chat_service.reception"]
    assert told == [f"Mistral refused with {status}: {code}"]
    assert "Jane" not in caplog.text


def test_an_error_body_without_end_is_not_read_to_it(mistral):
    with service(mistral.url) as client:
        mistral.fails(404, b"model " * 200_000)
        started = time.monotonic()
        assert reason(client) == "refused"
        assert time.monotonic() - started < 4


def test_tokens_and_cost_are_counted_at_the_prices_of_the_settings(mistral):
    with service(mistral.url, input_price=2, output_price=10) as client:
        engine(client)
        client.post("/explain", json=BODY, headers={"Accept": "text/event-stream"})
        seen = metrics(client)
    assert seen['chat_mistral_tokens_total{kind="sent"}'] == 2000
    assert seen['chat_mistral_tokens_total{kind="cached"}'] == 128
    assert seen['chat_mistral_tokens_total{kind="received"}'] == 200
    assert seen["chat_mistral_cost_dollars_total"] == pytest.approx(2 * (1000 * 2e-6 + 100 * 10e-6))
    assert seen['chat_mistral_seconds_count{outcome="ok"}'] == 2


@pytest.mark.parametrize("said", ["2027-02-28T00:00:00Z", "2027-02-28", "1803772800", "1803772800000"])
def test_a_model_that_will_be_withdrawn_is_told_to_operators_once(mistral, caplog, said):
    mistral.headers = {"x-model-deprecation-timestamp": said}
    with service(mistral.url) as client:
        assert client.get("/health/ready").json() == {"status": "ok"}
        engine(client)
        engine(client)
        assert client.get("/health/ready").json() == {
            "status": "ok",
            "remarks": ["Mistral withdraws the model on 2027-02-28: set MISTRAL_MODEL to a newer one."],
        }
        assert metrics(client)["chat_mistral_model_deprecation_timestamp_seconds"] == 1803772800
    assert len([each for each in caplog.records if "withdraws" in each.getMessage()]) == 1


@pytest.mark.parametrize("said", ["", "soon", "nan", "1e400", "99999999999999999999", "<script>"])
def test_a_date_that_is_none_is_passed_over(mistral, said):
    mistral.headers = {"x-model-deprecation-timestamp": said}
    with service(mistral.url) as client:
        assert engine(client)["name"] == "mistral"
        assert client.get("/health/ready").json() == {"status": "ok"}


@pytest.mark.parametrize("form", ["json_schema", "json_object", "text"])
def test_the_form_of_the_answer_is_asked_for_as_the_server_knows_it(mistral, form):
    with service(mistral.url, response_format=form) as client:
        assert engine(client)["name"] == "mistral"
    assert json.loads(mistral.bodies[0])["response_format"]["type"] == form


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"```json\n{TEXT}\n```", None),
        (f"\n```\n{TEXT}```\n", None),
        (f"  {TEXT}\n", None),
        (f"Here you are:\n```json\n{TEXT}\n```", "invalid-answer"),
        (f"Sure! {TEXT}", "invalid-answer"),
        (f"{TEXT} I hope this helps.", "invalid-answer"),
        (f"```json\n{TEXT}\n```\nSee your doctor.", "invalid-answer"),
        (f"{TEXT}{TEXT}", "invalid-answer"),
        (f"[{TEXT}]", "invalid-answer"),
        (TEXT[:-1], "invalid-answer"),
        ("", "invalid-answer"),
    ],
)
def test_one_fence_around_the_json_is_taken_off_and_nothing_else(client, mistral, text, expected):
    mistral.says(text)
    assert reason(client) == expected


@pytest.mark.parametrize("kind", ["text/html", "text/plain", "application/octet-stream", "json"])
def test_an_answer_of_another_type_is_not_read(client, mistral, kind):
    mistral.sends(WHOLE, Content_Type=kind)
    assert reason(client) == "invalid-answer"


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "Application/JSON", "application/x+json"]
)
def test_json_may_be_named_in_several_ways(client, mistral, kind):
    mistral.sends(WHOLE, Content_Type=kind)
    assert engine(client)["name"] == "mistral"


def test_a_compressed_answer_is_not_unpacked(client, mistral):
    mistral.sends(gzip.compress(WHOLE), Content_Encoding="gzip")
    assert reason(client) == "invalid-answer"
    assert mistral.requests[0].headers["accept-encoding"] == "identity"


def test_an_answer_that_is_too_large_is_not_read(client, mistral):
    mistral.sends(WHOLE + b" " * 1_000_000)
    assert reason(client) == "invalid-answer"


@pytest.mark.parametrize(
    ("answers", "expected", "connections"),
    [
        ([[], [HEAD, b"\r\n", WHOLE]], None, 2),
        ([[b"HTTP/1.1 20"], [HEAD, b"\r\n", WHOLE]], None, 2),
        ([[b"\x16\x03\x01 this is no HTTP\r\n\r\n"]] * 3, "upstream-error", 3),
        ([[b"HTTP/1.1 429\r\nno header\r\n\r\n"]] * 3, "upstream-error", 3),
        ([[HEAD, b"Content-Length: 9999\r\n\r\n", WHOLE[:50]]] * 3, "upstream-error", 1),
        ([[HEAD, b"Transfer-Encoding: chunked\r\n\r\n", b"zz\r\n"]] * 3, "upstream-error", 1),
        ([[HEAD, b"X: " + b"x" * 200_000 + b"\r\n\r\n", WHOLE]] * 3, "upstream-error", 3),
    ],
    ids=["closed", "half a head", "no HTTP", "half HTTP", "cut body", "wrong chunks", "huge head"],
)
def test_before_the_head_it_is_tried_again_and_after_it_never(answers, expected, connections):
    with serve_bytes(*answers) as (url, heard), service(url, deadline_s=8) as client:
        assert reason(client) == expected
        assert len(heard) == connections


def test_a_head_that_drips_ends_at_the_deadline():
    with (
        serve_bytes([bytes([each]) for each in HEAD], pause=0.1) as (url, _),
        service(url, deadline_s=1.2) as client,
    ):
        started = time.monotonic()
        assert reason(client) == "timeout"
        assert time.monotonic() - started < 5


def test_beyond_those_who_may_wait_the_knowledge_base_answers_at_once(mistral):
    settings = settings_for(mistral.url, max_connections=2, max_waiting=1, deadline_s=5, read_timeout_s=5)
    for _ in range(3):
        mistral.hangs(0.6)
    with serve_on_socket(create_app(settings)) as url:
        results = ask_together(url, 8)
    assert sorted(map(str, results)) == ["None"] * 3 + ["busy"] * 5


def test_a_crowd_is_answered_together_and_counted(mistral):
    settings = settings_for(mistral.url, max_connections=40, deadline_s=18, read_timeout_s=18)
    for _ in range(60):
        mistral.hangs(1.0)
    with serve_on_socket(create_app(settings)) as url:
        seen = []
        crowd = threading.Thread(target=lambda: seen.extend(ask_together(url, 60)))
        started = time.monotonic()
        crowd.start()
        most = 0.0
        while crowd.is_alive():
            text = httpx.get(f"{url}/metrics", trust_env=False, timeout=20).text
            calls = re.search(r'chat_mistral_calls{state="under-way"} (\S+)', text)
            most = max(most, float(calls[1]) if calls else 0.0)
            time.sleep(0.05)
        crowd.join()
    assert seen == [None] * 60
    assert 20 < most <= 40
    # One after the other they would take a minute.
    assert time.monotonic() - started < 20


def ask_together(url, readers):
    results = []

    def ask():
        answer = httpx.post(f"{url}/explain", json=BODY, timeout=20, trust_env=False).json()
        results.append(answer["engine"]["fallback_reason"])

    threads = [threading.Thread(target=ask) for _ in range(readers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_a_mistake_of_our_own_still_ends_in_a_whole_answer(mistral, caplog):
    class Broken:
        async def explain(self, *_):
            raise KeyError("Jane")

    both = Fallback(Broken(), open_knowledge_base())
    answer = anyio.run(both.explain, ExplanationRequest(prediction=EXAMPLE))
    assert answer.engine.fallback_reason == "failed"
    assert re.search("unhandled KeyError", caplog.text)
    assert "Jane" not in caplog.text


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_a_second_attempt_has_only_the_time_that_is_left(mistral, accept):
    mistral.answers(summary="You have cancer. See a doctor.")
    mistral.hangs(30)
    with service(mistral.url, deadline_s=3, read_timeout_s=15) as client:
        started = time.monotonic()
        text = client.post("/explain", json=BODY, headers={"Accept": accept}).text
        assert time.monotonic() - started < 8
    assert '"fallback_reason":"timeout"' in text
    assert len(mistral.requests) == 2
