"""Traces as a collector receives them."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.trace import TracerProvider, get_tracer_provider
from starlette.testclient import TestClient

from chat_service.app import create_app
from chat_service.settings import MistralSettings, Settings
from web.tracing import span

NAME = "Maria_Musterfrau"
PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PREDICTION = {
    "label": NAME,
    "decision": "malignant",
    "malignant_probability": 0.9,
    "threshold": 0.5,
    "probabilities": {NAME: 1.0},
    "quality": {"usable": True},
    "model": {"name": NAME, "version": "1", "architecture": "a", "modality": "m", "sha256": "ab" * 32},
    "image": {"sha256": "cd" * 32, "format": "PNG", "width": 50, "height": 50},
}


@pytest.fixture
def collector(monkeypatch):
    """A collector on loopback that keeps the bodies it is sent."""
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield received
    server.shutdown()
    server.server_close()


def service(transport=None):
    mistral = MistralSettings(api_key="key" if transport else None, max_attempts=1)
    app = create_app(Settings(mistral=mistral), transport=transport)

    @app.get("/fault")
    async def fault():
        raise RuntimeError(NAME)

    return TestClient(app, raise_server_exceptions=False)


def spans(received):
    requests = [ExportTraceServiceRequest.FromString(body) for path, body in received if path == "/v1/traces"]
    return {
        s.name: s
        for r in requests
        for group in r.resource_spans
        for sc in group.scope_spans
        for s in sc.spans
    }


def attributes(one):
    return {each.key: each.value.string_value or each.value.int_value for each in one.attributes}


def test_a_request_is_a_span_below_the_caller_s_and_mistral_one_below_that(collector):
    with service(httpx.MockTransport(lambda _: httpx.Response(401))) as client:
        headers = {"traceparent": f"00-{PARENT[0]}-{PARENT[1]}-01"}
        answer = client.post("/explain", json={"prediction": PREDICTION}, headers=headers)
    sent = spans(collector)
    outer, inner = sent["POST /explain"], sent["mistral"]
    assert (outer.trace_id.hex(), outer.parent_span_id.hex()) == PARENT
    assert inner.parent_span_id == outer.span_id
    assert attributes(outer) == {
        "http.request.method": "POST",
        "http.route": "/explain",
        "http.response.status_code": 200,
        "request.id": answer.headers["x-request-id"],
    }
    assert b"Chat service" in collector[0][1]


def test_nothing_that_a_caller_wrote_is_in_a_span_also_where_fastapi_is_told_to_send_its_own(
    collector, monkeypatch
):
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    with service() as client:
        headers = {"tracestate": f"a={NAME}", "baggage": f"a={NAME}", "User-Agent": NAME, "traceparent": NAME}
        client.get(
            f"/{NAME}?patient={NAME}", headers=headers | {"Host": f"{NAME}.test", "X-Request-ID": NAME}
        )
        client.post("/explain", json={"prediction": PREDICTION, NAME: NAME}, headers=headers)
        client.get("/fault", headers=headers)
        client.request(NAME.replace("_", ""), "/explain")
    sent = spans(collector)
    assert {"GET -", "POST /explain", "GET /fault", "OTHER /explain"} <= set(sent)
    assert sent["GET /fault"].status.code == 2
    assert not [path for path, body in collector if NAME.encode().lower() in body.lower()]
    assert {path for path, _ in collector} == {"/v1/traces"}


def test_what_is_sent_to_mistral_does_not_tell_of_the_trace(collector):
    seen = []
    transport = httpx.MockTransport(lambda request: seen.append(request.headers) or httpx.Response(401))
    with service(transport) as client:
        client.post("/explain", json={"prediction": PREDICTION})
    assert seen
    assert not {"traceparent", "x-request-id", "baggage"} & set(seen[0])


def test_a_collector_that_is_not_there_costs_no_answer(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    with service() as client:
        assert client.get("/health/live").status_code == 200


def test_without_the_variable_nothing_is_traced(monkeypatch):
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    with service() as client, span("nothing"):
        assert client.get("/health/live").status_code == 200
    assert type(get_tracer_provider()).__name__ == "ProxyTracerProvider"
    assert isinstance(get_tracer_provider(), TracerProvider)
