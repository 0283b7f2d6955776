"""What Prometheus reads from both services."""

import re

import httpx
import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from chat_service.app import create_app
from chat_service.settings import MistralSettings, Settings
from contract import ModelIdentity, Prediction
from inference_service.metrics import MAX_CODES, InferenceMetrics

NAME = "Maria_Musterfrau"
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


def read(client):
    """Return every sample as {(name, labels): value}."""
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(response.text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def sample(samples, name, **labels):
    return samples.get((name, frozenset(labels.items())), 0)


def service(transport=None):
    mistral = MistralSettings(api_key="key" if transport else None, max_attempts=1)
    return TestClient(create_app(Settings(mistral=mistral), transport=transport))


def test_requests_are_counted_by_route_template_method_and_status():
    with service() as client:
        client.post("/explain", json={"prediction": PREDICTION})
        client.post("/explain", json={})
        client.get(f"/{NAME}")
        client.request(NAME.replace("_", ""), "/explain")
        samples = read(client)
        assert NAME.lower() not in client.get("/metrics").text.lower()
    count = "http_requests_total"
    assert sample(samples, count, method="POST", route="/explain", status="200") == 1
    assert sample(samples, count, method="POST", route="/explain", status="422") == 1
    assert sample(samples, count, method="GET", route="-", status="404") == 1
    assert sample(samples, "http_request_duration_seconds_count", method="POST", route="/explain") == 2
    assert sample(samples, "http_requests_in_progress") == 1
    assert sample(samples, "process_resident_memory_bytes") > 1e6


def test_a_thousand_made_up_paths_and_methods_add_nothing():
    with service() as client:
        client.get("/none")
        client.request("BREW", "/none")
        read(client)
        before = len(read(client))
        for number in range(1000):
            client.request(f"M{number}", f"/{number}")
        assert len(read(client)) - before == 0


def test_answers_fallbacks_and_the_time_of_mistral_are_counted():
    with service(httpx.MockTransport(lambda _: httpx.Response(401))) as client:
        client.post("/explain", json={"prediction": PREDICTION})
        samples = read(client)
    assert sample(samples, "chat_answers_total", route="explain", engine="knowledge-base") == 1
    assert sample(samples, "chat_fallbacks_total", reason="unauthorized") == 1
    assert sample(samples, "chat_fallbacks_total", reason="timeout") == 0
    assert sample(samples, "chat_mistral_seconds_count", outcome="unauthorized") == 1


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def metrics(registry):
    return InferenceMetrics(registry, ["image-empty"])


def predicted(probability=0.42, codes=(), usable=True, sha256="ab" * 32):
    issues = [{"code": code, "message": "m"} for code in codes]
    changes = {"quality": {"usable": usable, "issues": issues}, "malignant_probability": probability}
    model = PREDICTION["model"] | {"sha256": sha256, "name": "made-up"}
    return Prediction.model_validate(PREDICTION | changes | {"model": model})


def test_decisions_codes_and_scores_are_counted_for_watching_drift(metrics, registry):
    metrics.predicted(predicted(0.42))
    metrics.predicted(predicted(0.97, ["blank"], usable=False))
    value = registry.get_sample_value
    assert value("inference_decisions_total", {"decision": "malignant"}) == 2
    assert value("inference_decisions_total", {"decision": "benign"}) == 0
    assert value("inference_quality_issues_total", {"code": "blank"}) == 1
    assert value("inference_malignant_probability_count") == 1
    assert value("inference_malignant_probability_bucket", {"le": "0.4"}) == 0
    assert value("inference_malignant_probability_bucket", {"le": "0.45"}) == 1


def test_failures_batches_and_the_queue_are_shown(metrics, registry):
    metrics.failed("image-empty")
    metrics.failed(NAME)
    metrics.computed(3)
    metrics.watch_queue(lambda: 7)
    value = registry.get_sample_value
    assert value("inference_failures_total", {"reason": "image-empty"}) == 1
    assert value("inference_failures_total", {"reason": "other"}) == 1
    assert value("inference_batch_size_bucket", {"le": "4.0"}) == 1
    assert value("inference_queue_depth") == 7


def test_the_model_in_use_is_shown_and_a_new_one_takes_its_place(metrics, registry):
    for sha256 in ("ab" * 32, "cd" * 32):
        metrics.loaded(predicted(sha256=sha256).model)
    metrics.loaded(None)
    shown = [
        s.labels["sha256"] for f in registry.collect() if f.name == "inference_model_info" for s in f.samples
    ]
    assert shown == ["cd" * 32]
    assert registry.get_sample_value("inference_model_files_total", {"outcome": "refused"}) == 1


def test_codes_of_model_files_cannot_grow_without_bound(metrics, registry):
    for number in range(MAX_CODES * 2):
        metrics.predicted(predicted(codes=[f"code_{number}"]))
    codes = {s.labels["code"] for f in registry.collect() if "quality" in f.name for s in f.samples}
    assert len(codes) == MAX_CODES + 1
    assert "other" in codes


def test_metrics_of_two_services_in_one_process_are_apart():
    with service() as one, service() as two:
        one.get("/health/live")
        assert not [key for key in read(two) if re.search("health/live", str(key))]


def test_a_model_is_described_by_its_own_words_only():
    assert set(ModelIdentity.model_fields) == {"name", "version", "architecture", "modality", "sha256"}
