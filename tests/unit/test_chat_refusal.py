"""What refusals of the upstream mean, whatever their bodies look like."""

import json

import pytest

from chat_service.refusal import read_refusal

BODIES = [
    b"",
    b"not json",
    b"\xff\xfe",
    b"[" * 50_000,
    b"null",
    json.dumps({"detail": "Unauthorized"}).encode(),
    json.dumps({"detail": [{"type": "extra_forbidden", "loc": ["body"], "msg": "m", "input": "x"}]}).encode(),
    json.dumps({"object": "Error", "detail": [{}], "message": [{}], "code": 3001}).encode(),
    json.dumps({"object": "error", "message": {"detail": [1]}, "type": "t", "code": None}).encode(),
    json.dumps({"object": "error", "message": '{"detail": []}', "code": "1000"}).encode(),
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (400, "bad-request", "refused"),
        (401, "key-refused", "unauthorized"),
        (403, "not-allowed", "refused"),
        (404, "route-unknown", "refused"),
        (418, "other", "refused"),
        (422, "request-wrong", "refused"),
        (429, "rate-limited", "rate-limited"),
        (500, "server-error", "upstream-error"),
        (503, "server-error", "upstream-error"),
        (302, "redirected", "upstream-error"),
        (999, "server-error", "upstream-error"),
    ],
)
def test_the_status_is_enough_for_most(status, code, reason, body):
    refusal = read_refusal(status, body)
    assert (refusal.code, refusal.reason) == (code, reason)


@pytest.mark.parametrize(
    "body",
    [
        {
            "error": {"message": "Content blocked by guardrail", "status": 403},
            "guardrails": {"results": {"health": True}},
        },
        {"object": "error", "message": "blocked", "code": 3201},
        {"object": "error", "message": "blocked", "code": "3201"},
        {"detail": "Blocked by Guardrails"},
    ],
)
def test_a_guardrail_is_told_from_what_the_key_may_not_do(body):
    refusal = read_refusal(403, json.dumps(body).encode())
    assert refusal.code == "guardrail"
    assert not refusal.upstream_failed
    assert read_refusal(403, b'{"message": "This model needs another plan"}').code == "not-allowed"


def test_a_model_that_is_gone_is_told_from_an_address_that_is_wrong():
    gone = {"object": "error", "message": "Invalid model: open-mistral-nemo", "type": "invalid_model"}
    assert read_refusal(404, json.dumps(gone).encode()).code == "model-unknown"
    assert read_refusal(404, b"<html>not found</html>").code == "route-unknown"
    assert read_refusal(404, b'{"detail": "Not Found"}').code == "route-unknown"


@pytest.mark.parametrize(("status", "failed"), [(401, True), (404, True), (429, True), (500, True)])
def test_what_every_request_would_meet_counts_for_the_breaker(status, failed):
    assert read_refusal(status, b"").upstream_failed is failed


@pytest.mark.parametrize("status", [400, 422])
def test_what_lies_in_one_request_does_not(status):
    assert not read_refusal(status, b"").upstream_failed
