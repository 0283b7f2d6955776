"""Which web pages may use the services from a browser, and what they can read."""

import hashlib

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from chat_service.app import create_app
from chat_service.settings import MistralSettings, Settings

PAGE = "https://pacs.example.org"
STRANGER = "https://evil.example"
PREFLIGHT = {"Access-Control-Request-Method": "POST"}


def service(**changes):
    app = create_app(Settings(mistral=MistralSettings(api_key=None), **changes))

    @app.get("/fault")
    async def fault():
        raise RuntimeError

    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def keys(tmp_path):
    path = tmp_path / "keys.txt"
    path.write_text(f"page sha256:{hashlib.sha256(b'key').hexdigest()} rate=1\n")
    return path


@pytest.fixture
def client(keys):
    with service(cors_origins=f"{PAGE}, http://localhost:5173", api_keys=keys) as opened:
        yield opened


def readable(response):
    allowed = response.headers.get("access-control-allow-origin")
    exposed = response.headers.get("access-control-expose-headers", "").lower().split(", ")
    assert "origin" in response.headers["vary"].lower()
    return allowed == PAGE and {"x-request-id", "retry-after", "ratelimit"} <= set(exposed)


def test_a_browser_may_ask_before_it_sends_a_key_and_json(client):
    wanted = {"Access-Control-Request-Headers": "authorization,content-type,x-api-key,x-request-id"}
    response = client.options("/explain", headers={"Origin": PAGE, **PREFLIGHT, **wanted})
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == PAGE
    assert "POST" in response.headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in response.headers


def test_a_page_can_read_answers_and_every_kind_of_error(client):
    headers = {"Origin": PAGE, "X-API-Key": "key"}
    assert readable(unknown := client.get("/health/live", headers=headers))
    assert unknown.status_code == 200
    missing_key = client.post("/explain", json={}, headers={"Origin": PAGE})
    invalid = client.post("/explain", json={}, headers=headers)
    too_many = client.post("/explain", json={}, headers=headers)
    too_large = client.post("/explain", content=bytes(2_000_000), headers=headers)
    assert [each.status_code for each in (missing_key, invalid, too_many, too_large)] == [401, 422, 429, 429]
    assert all(map(readable, (missing_key, invalid, too_many, too_large)))


def test_a_page_can_read_the_problem_of_a_bug_and_of_a_body_too_large():
    with service(cors_origins=PAGE) as client:
        for response, status in [
            (client.get("/fault", headers={"Origin": PAGE}), 500),
            (client.post("/explain", content=bytes(2_000_000), headers={"Origin": PAGE}), 413),
            (client.get("/none", headers={"Origin": PAGE}), 404),
        ]:
            assert response.status_code == status
            assert response.json()["request_id"] == response.headers["x-request-id"]
            assert readable(response)


def test_a_page_of_another_origin_can_read_nothing(client):
    response = client.get("/health/live", headers={"Origin": STRANGER})
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Origin": STRANGER, **PREFLIGHT}, id="origin"),
        pytest.param({"Origin": PAGE, "Access-Control-Request-Method": "DELETE"}, id="method"),
        pytest.param({"Origin": PAGE, **PREFLIGHT, "Access-Control-Request-Headers": "x-other"}, id="header"),
        pytest.param({"Origin": "null", **PREFLIGHT}, id="null"),
    ],
)
def test_what_is_not_allowed_is_a_400_problem(client, headers):
    response = client.options("/explain", headers=headers)
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["request_id"] == response.headers["x-request-id"]


def test_without_origins_no_page_is_allowed():
    with service() as client:
        response = client.get("/health/live", headers={"Origin": PAGE})
        assert not [name for name in response.headers if name.startswith("access-control")]


def test_any_page_is_allowed_only_where_there_are_no_keys(keys):
    assert Settings(cors_origins="*").cors_origins == ("*",)
    with pytest.raises(ValidationError, match="must name the origins"):
        Settings(cors_origins="*", api_keys=keys)


@pytest.mark.parametrize(
    "origins",
    ["pacs.example.org", "https://x/", "https://x/path", "ftp://x", "null", "https://*.x y", "https://"],
)
def test_what_no_browser_would_send_as_origin_is_refused(origins):
    with pytest.raises(ValidationError):
        Settings(cors_origins=origins)
