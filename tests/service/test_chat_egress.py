"""What leaves the chat service: looked at once more, logged by digest, and shown in a dry run."""

import hashlib
import io
import json
import logging
import re
import socket
import stat

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from chat_service.app import create_app
from chat_service.egress import PROTOCOL, Blocked, Egress
from chat_service.egress_log import EgressLogUnusable, open_egress_log
from chat_service.engine import Fallback
from chat_service.identifiers import own_texts
from chat_service.knowledge import load_knowledge
from chat_service.mistral import MistralExplainer
from chat_service.offline import open_knowledge_base
from chat_service.prompt import load_prompt
from chat_service.settings import MistralSettings, Settings
from contract import ChatRequest, ExplanationRequest
from contract.example import EXAMPLE
from tests.identifiers import LOCALES, identifiers, place
from web.logs import JsonFormatter
from web.request_id import current_request_id

KNOWLEDGE = load_knowledge()
LANGUAGES = sorted(KNOWLEDGE.languages)
WHOM_TO_SEE = {
    "en": "Which doctor should I see?",
    "fr": "Quel médecin dois-je voir ?",
    "de": "Zu welchem Arzt soll ich gehen?",
    "es": "¿A qué médico debo ir?",
    "hi": "मुझे किस डॉक्टर को दिखाना चाहिए?",
}
MISTRAL = MistralSettings(api_key="made-up-key")
PROMPTS = [load_prompt(name).text for name in ("explain", "chat")]


def example(**changes):
    return EXAMPLE.model_dump(mode="json") | changes


def asked(question="Which doctor should I see?", **changes):
    return {"prediction": example(), "messages": [{"role": "user", "content": question}]} | changes


def service(url, transport=None, **changes):
    mistral = MistralSettings(base_url=url, api_key=changes.pop("api_key", "made-up-key"), max_attempts=1)
    return TestClient(create_app(Settings(mistral=mistral, **changes), transport=transport))


@pytest.fixture(scope="module")
def client(mistral_server):
    with service(mistral_server.url) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _forget(mistral):
    """Each test starts with a server that has received nothing."""


@pytest.fixture(scope="module")
def egress():
    return Egress(open_knowledge_base(), MISTRAL.model, PROMPTS)


@pytest.fixture(scope="module")
def explainer(egress):
    return MistralExplainer(open_knowledge_base(), None, MISTRAL, egress)


# The scan


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("audience", ["patient", "clinician"])
@pytest.mark.parametrize("decision", ["benign", "malignant", "indeterminate"])
@pytest.mark.parametrize("label", ["benign", "phyllodes_tumor", "ductal_carcinoma"])
def test_requests_of_our_own_making_pass(egress, explainer, language, audience, decision, label):
    prediction = EXAMPLE.model_copy(update={"decision": decision, "label": label})
    options = {"prediction": prediction, "audience": audience, "language": language}
    request = ExplanationRequest(**options)
    egress.check(explainer.prepare(request, stream=True), request)
    said = {"role": "assistant", "content": f"{PROTOCOL} mistral small 2603"}
    question = {"role": "user", "content": WHOM_TO_SEE[language]}
    request = ChatRequest(**options, messages=[said, question])
    egress.check(explainer.prepare(request, stream=False), request)


def body_with(text):
    inner = json.dumps({"facts": [{"id": "answer", "text": f"Please see {text} soon."}]})
    return json.dumps({"model": MISTRAL.model, "messages": [{"role": "user", "content": inner}]}).encode()


LEAKS = {
    "label": "Musterfrau_4711",
    "model name": "Weberknecht",
    "version": "v9.81.3",
    "architecture": "SecretNet",
    "format": "XDICOM",
    "quality code": "qx_remark",
    "quality message": "Slide of Katzenbach",
    "class name": "Duisenberg",
    "prediction id": "11111111-2222-4333-8444-555555555555",
    "image digest": "cd" * 32,
    "model digest": "ab" * 32,
    "probability": "0.934217",
    "signature": "kid.abcDEF123",
    "request id": "0f8e9b57-6a39-4d3f-8a0c-6f7d1a2b3c4d",
}


def leaky_request():
    prediction = example(
        id=LEAKS["prediction id"],
        label=LEAKS["label"],
        malignant_probability=0.934217,
        probabilities={LEAKS["class name"]: 1.0},
        signature=LEAKS["signature"],
        quality={
            "usable": True,
            "issues": [{"code": LEAKS["quality code"], "message": LEAKS["quality message"]}],
        },
        model={
            "name": LEAKS["model name"],
            "version": LEAKS["version"],
            "architecture": LEAKS["architecture"],
            "modality": "m",
            "sha256": LEAKS["model digest"],
        },
        image={"sha256": LEAKS["image digest"], "format": LEAKS["format"], "width": 50, "height": 50},
    )
    return ExplanationRequest.model_validate({"prediction": prediction})


@pytest.mark.parametrize("field", LEAKS)
def test_a_body_with_a_value_of_the_caller_is_blocked(egress, field):
    token = current_request_id.set(LEAKS["request id"])
    try:
        with pytest.raises(Blocked):
            egress.check(body_with(LEAKS[field]), leaky_request())
    finally:
        current_request_id.reset(token)


@pytest.mark.parametrize(
    "shape",
    [
        "rose@example.org",
        "rose (at) example.org",
        "+44 7700 900123",
        "0151/4711 0815",
        "1961-05-04",
        "4.5.61",
        "04/05/1961",
        "5 May 1961",
        "5 de mayo de 1961",
        "May 5, 1961",
        "943 476 5919",
        "S24-123456",
        "192.168.17.4",
        "2001:db8:85a3:0:0:8a2e:370:7334",
        "1.2.840.113619.2.55",
        "https://pacs.example.org",
        "www.example.org",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "cm9zZSBicm93bg1961AbCdEf==",
        "deadbeef4711deadbeef",
    ],
)
def test_a_body_with_something_shaped_like_an_identifier_is_blocked(egress, shape):
    request = ExplanationRequest(prediction=EXAMPLE)
    egress.check(body_with("your doctor"), request)
    with pytest.raises(Blocked):
        egress.check(body_with(shape), request)


def test_what_was_written_is_found_in_a_question_too(egress):
    request = ChatRequest.model_validate(asked("I am Katzenbach, which doctor should I see?"))
    with pytest.raises(Blocked):
        egress.check(body_with("katzenbach"), request)


class Careless:
    """An engine that would send what it must not."""

    def __init__(self, egress):
        self._egress = egress
        self.sent = []

    async def explain(self, request, _show=None):
        body = body_with(request.prediction.model.name)
        with self._egress.leaving("explain", request, body):
            self.sent.append(body)
        raise AssertionError("it was let out")


def test_a_blocked_request_is_sent_nowhere_and_answered_here(egress, lines):
    careless = Careless(egress)
    answer = anyio.run(Fallback(careless, open_knowledge_base()).explain, leaky_request())
    assert answer.engine.name == "knowledge-base"
    assert answer.engine.fallback_reason == "blocked"
    assert careless.sent == []
    assert [line["outcome"] for line in lines()] == ["blocked"]


# The log


@pytest.fixture
def lines():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    log = logging.getLogger("chat_service.egress")
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    log.removeHandler(handler)
    log.setLevel(level)


def test_each_request_is_one_line_with_the_digest_of_its_body(client, mistral, lines):
    client.post("/explain", json={"prediction": example()})
    client.post("/chat", json=asked())
    mistral.fails(401)
    client.post("/explain", json={"prediction": example()})
    noted = lines()
    assert [(line["egress"], line["outcome"]) for line in noted] == [
        ("explain", "ok"),
        ("chat", "ok"),
        ("explain", "unauthorized"),
    ]
    for line, body in zip(noted, mistral.bodies, strict=True):
        assert line["sha256"] == hashlib.sha256(body).hexdigest()
        assert line["bytes"] == len(body)
        assert set(line) == {
            "time",
            "level",
            "logger",
            "request_id",
            "egress",
            "sha256",
            "bytes",
            "model",
            "outcome",
        }


def test_the_log_can_be_a_file_of_its_own(mistral_server, mistral, tmp_path, lines):
    path = tmp_path / "egress.jsonl"
    with service(mistral_server.url, egress_log=path) as client:
        client.post("/explain", json={"prediction": example()})
        client.post("/explain", json={"prediction": example()}, params={"dry_run": True})
    (line,) = path.read_text().splitlines()
    assert json.loads(line)["sha256"] == hashlib.sha256(mistral.bodies[0]).hexdigest()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(EgressLogUnusable, match="cannot be written"):
        open_egress_log(tmp_path / "missing" / "egress.jsonl", 10_000)


# The dry run


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_a_dry_run_shows_byte_for_byte_what_is_then_sent(client, mistral, accept):
    for path, body in (("/explain", {"prediction": example()}), ("/chat", asked("I am Rose, is it cancer?"))):
        mistral.forget()
        shown = client.post(path, json=body, params={"dry_run": "true"}, headers={"Accept": accept})
        assert shown.status_code == 200
        assert shown.headers["content-type"] == "application/vnd.dry-run+json"
        assert mistral.bodies == []
        client.post(path, json=body, headers={"Accept": accept})
        told = shown.json()
        assert told["leaves"] is True
        assert told["why_not"] is None
        assert told["sha256"] == hashlib.sha256(mistral.bodies[0]).hexdigest()
        assert told["body"] == json.loads(mistral.bodies[0])
        request = mistral.requests[0]
        assert (told["method"], told["host"], told["path"]) == (
            request.method,
            request.headers["host"],
            request.url.path,
        )
        assert "made-up-key" not in shown.text


def test_without_a_key_a_dry_run_shows_what_one_would_send():
    with service("https://api.mistral.ai", api_key=None) as client:
        told = client.post("/explain?dry_run=true", json={"prediction": example()}).json()
        assert (told["leaves"], told["why_not"]) == (False, "no-key")
        assert (told["host"], told["path"]) == ("api.mistral.ai", "/v1/chat/completions")
        assert told["body"]["messages"]


def test_a_dry_run_says_when_a_question_is_answered_here(client):
    told = client.post("/chat?dry_run=true", json=asked("I want to kill myself")).json()
    assert (told["leaves"], told["why_not"], told["body"]) == (False, "local-topic", None)


def test_a_dry_run_refuses_what_the_route_refuses(client):
    assert client.post("/explain?dry_run=true", json={"prediction": 5}).status_code == 422
    assert client.post("/explain?dry_run=perhaps", json={"prediction": example()}).status_code == 422


# Identifiers in every field


def request_with(each):
    """Put a made-up identifier into every field that takes text, and numbers where numbers go."""
    name = lambda: next(each)[:200]  # noqa: E731 - one line that says what it does
    return {
        "label": name(),
        "decision": "malignant",
        "malignant_probability": 0.87351279,
        "threshold": 0.41379231,
        "probabilities": {name(): 0.87351279, name(): 0.12648813},
        "quality": {"usable": True, "issues": [{"code": name(), "message": name()}]},
        "model": {
            "name": name(),
            "version": name(),
            "architecture": name(),
            "modality": name(),
            "sha256": "ab" * 32,
        },
        "image": {"sha256": "cd" * 32, "format": name(), "width": 471147, "height": 471347},
        "signature": name(),
        "disclaimer": name(),
        "id": "11111111-2222-4333-8444-555555555555",
    }


FIXED = [
    *("87351279", "41379231", "12648813", "abababab", "cdcdcdcd", "471147", "471347", "11111111"),
    *("347.9127", "xzsch", "4b7d4b7d"),
]


class Everything(logging.Handler):
    """Keeps every record of every logger, as text and as JSON."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.texts = []

    def emit(self, record):
        # The client and the servers of this test log too; what they say is not the service's.
        if not record.name.startswith(("httpx", "httpcore", "asyncio", "uvicorn", "faker")):
            self.texts += [JsonFormatter().format(record), record.getMessage()]


@pytest.fixture(scope="module")
def everything():
    handler, root = Everything(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


HEADERS = {
    "X-Request-ID": "Xzschmidt",
    "User-Agent": "Xzschmidt",
    "baggage": "name=Xzschmidt",
    "traceparent": f"00-{'4b7d' * 8}-{'4b7d' * 4}-01",
}
CLINICAL = {"tumour_size_mm": 347.9127, "positive_nodes": 47}


def conversation(texts, seed, language):
    """Say one identifier in each turn, and end with the person's own."""
    turns = [place(language, seed + index).format(text)[:8000] for index, text in enumerate(texts)]
    messages = [
        {"role": "assistant" if index % 2 else "user", "content": turn} for index, turn in enumerate(turns)
    ]
    return messages if messages[-1]["role"] == "user" else messages[:-1]


def send_everywhere(client, made, seed, language):
    """Put identifiers into every field of both routes; return how a request that does not fit is refused."""
    each, tag = iter(made * 40), f"{language}-x-xzsch"
    prediction = request_with(each)
    body = {"prediction": prediction, "language": tag, "clinical": CLINICAL}
    answers = [client.post("/explain", json=body, headers=HEADERS)]
    for number in range(0, len(made), 6):
        messages = conversation(made[number : number + 6], seed + number, language)
        body = {"prediction": request_with(each), "messages": messages, "language": tag}
        answers.append(client.post("/chat", json=body, headers=HEADERS))
    assert {answer.status_code for answer in answers} == {200}
    refused = client.post("/explain", json={"prediction": prediction | {"threshold": next(each)}})
    assert refused.status_code == 422
    return refused.text


def test_no_identifier_in_any_field_arrives_anywhere(client, mistral, everything):
    ours = " ".join(own_texts([KNOWLEDGE.model_dump(), PROMPTS])).casefold()

    @settings(max_examples=12, derandomize=True, deadline=None)
    @given(seed=st.integers(0, 10**9), locale=st.sampled_from(LOCALES), language=st.sampled_from(LANGUAGES))
    def arrives_nowhere(seed, locale, language):
        mistral.forget()
        everything.texts.clear()
        made = [text for _, text in identifiers(seed, locale)]
        refused = send_everywhere(client, made, seed, language)
        arrived = [body.decode() for body in mistral.bodies]
        assert len(arrived) > 1
        arrived += [f"{request.headers} {request.url}" for request in mistral.requests]
        seen = "\n".join([*arrived, refused, client.get("/metrics").text, *everything.texts]).casefold()
        assert [text for text in made if _stands_in(text, seen) and not _stands_in(text, ours)] == []
        assert [text for text in FIXED if text in seen] == []

    arrives_nowhere()


def _stands_in(text, seen):
    return re.search(rf"(?<!\w){re.escape(text.casefold())}(?!\w)", seen) is not None


# Connections


def test_the_service_opens_no_connection_but_to_the_configured_upstream(mistral_server, mistral, monkeypatch):
    opened = []
    connect, resolve = socket.socket.connect, socket.getaddrinfo

    def noting_connect(self, address):
        opened.append(address)
        return connect(self, address)

    def noting_resolve(host, *rest, **options):
        opened.append((host,))
        return resolve(host, *rest, **options)

    monkeypatch.setattr(socket.socket, "connect", noting_connect)
    monkeypatch.setattr(socket, "getaddrinfo", noting_resolve)
    with service(mistral_server.url) as client:
        client.post("/explain", json={"prediction": example()})
        client.post("/chat", json=asked())
        client.post("/explain?dry_run=true", json={"prediction": example()})
        client.get("/docs")
    assert len(mistral.bodies) == 2
    assert {address[0] for address in opened if isinstance(address, tuple)} <= {"127.0.0.1"}
