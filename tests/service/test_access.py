"""Who is let in, on the chat service with keys, and on a real server where bytes on the wire matter."""

import hashlib
import json
import socket
import threading
import time
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from starlette.testclient import TestClient

from chat_service.app import create_app
from chat_service.settings import MistralSettings, Settings
from contract import Problem
from web.clients import CHECK_EVERY_S
from web.serve import server_config

KEY, OTHER, SLOW = "bts_pacs", "bts_ward", "bts_slow"


def line(client, key, rest=""):
    return f"{client} sha256:{hashlib.sha256(key.encode()).hexdigest()} {rest}\n"


@pytest.fixture
def keys(tmp_path):
    path = tmp_path / "keys.txt"
    path.write_text(line("pacs", KEY) + line("slow", SLOW, "rate=2"))
    return path


def settings(**changes):
    return Settings(mistral=MistralSettings(api_key=None), **changes)


def service(**changes):
    return TestClient(create_app(settings(**changes)))


@pytest.fixture
def client(keys):
    with service(api_keys=keys) as opened:
        yield opened


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def problem_of(response, status):
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate_json(response.content)
    assert problem.request_id == response.headers["x-request-id"]
    return problem


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(bearer(KEY), id="bearer"),
        pytest.param({"Authorization": f"bearer  {KEY} "}, id="bearer as some write it"),
        pytest.param({"X-API-Key": KEY}, id="header"),
        pytest.param({"X-API-Key": KEY, "Authorization": "Basic cHJveHk="}, id="beside a proxy's own"),
    ],
)
def test_a_valid_key_is_let_in(client, headers):
    assert client.post("/explain", json={}, headers=headers).status_code == 422


REFUSED = [
    pytest.param({}, id="none"),
    pytest.param(bearer(OTHER), id="unknown"),
    pytest.param(bearer(KEY.upper()), id="other case"),
    pytest.param(bearer(""), id="empty"),
    pytest.param(bearer("x" * 5000), id="long"),
    pytest.param({"Authorization": KEY}, id="no scheme"),
    pytest.param({"Authorization": f"Basic {KEY}"}, id="other scheme"),
    pytest.param({"X-API-Key": b"\xff\xfe"}, id="no text"),
    pytest.param({"X-API-Key": OTHER, **bearer(KEY)}, id="two keys"),
    pytest.param({"X-API-Key": KEY, **bearer(KEY)}, id="one key twice"),
]


@pytest.mark.parametrize("headers", REFUSED)
def test_whatever_is_wrong_with_a_key_the_answer_is_the_same_401(client, headers):
    response = client.post("/explain", json={}, headers=headers)
    problem = problem_of(response, 401)
    assert response.headers["www-authenticate"] == "Bearer"
    assert problem.type == "/problems/unauthenticated"
    assert problem.detail == "Send a valid key as `Authorization: Bearer KEY` or as `X-API-Key: KEY`."


@pytest.mark.parametrize("path", ["/metrics", "/nothing", "/explain/", "/health/live/", "/docs/x", "/"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "BREW"])
def test_everything_but_health_and_documentation_needs_a_key(client, path, method):
    problem_of(client.request(method, path), 401)


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/openapi.json", "/docs"])
def test_health_and_documentation_need_none(client, path):
    assert client.get(path).status_code == 200
    assert client.get(path, headers=bearer("wrong")).status_code == 200


def test_a_revoked_key_stops_counting_without_a_restart(client, keys):
    assert client.get("/metrics", headers=bearer(KEY)).status_code == 200
    keys.write_text(line("ward", OTHER))
    time.sleep(CHECK_EVERY_S)
    problem_of(client.get("/metrics", headers=bearer(KEY)), 401)
    assert client.get("/metrics", headers=bearer(OTHER)).status_code == 200


def test_without_keys_nobody_needs_one_and_a_wrong_one_does_no_harm():
    with service() as client:
        assert client.get("/metrics").status_code == 200
        assert client.get("/metrics", headers=bearer("whatever")).status_code == 200


def test_callers_without_a_key_may_be_allowed_beside_those_with_one(keys):
    with service(api_keys=keys, allow_anonymous=True) as client:
        assert client.get("/metrics").status_code == 200
        problem_of(client.get("/metrics", headers=bearer("wrong")), 401)


def test_a_key_has_its_own_limit_and_learns_how_much_is_left(client):
    first, second, third = (client.get("/metrics", headers=bearer(SLOW)) for _ in range(3))
    assert first.headers["ratelimit"] == '"minute";r=1;t=30'
    assert second.headers["ratelimit-policy"] == '"minute";q=2;w=60'
    problem = problem_of(third, 429)
    assert problem.type == "/problems/rate-limited"
    assert 29 <= int(third.headers["retry-after"]) <= 30
    assert client.get("/health/ready", headers=bearer(SLOW)).status_code == 200
    unlimited = client.get("/metrics", headers=bearer(KEY))
    assert unlimited.status_code == 200
    assert "ratelimit" not in unlimited.headers


def test_addresses_without_a_key_have_the_limit_that_is_set():
    with service(rate_limit=3) as client:
        assert [client.get("/metrics").status_code for _ in range(5)] == [200] * 3 + [429] * 2
        assert client.get("/health/live").status_code == 200


def test_guessing_keys_is_limited_too(keys):
    with service(api_keys=keys, rate_limit=3) as client:
        tries = [client.get("/metrics", headers=bearer("guess")).status_code for _ in range(5)]
        assert tries == [401] * 3 + [429] * 2
        assert client.get("/metrics", headers=bearer(KEY)).status_code == 200


def test_the_document_names_keys_exactly_where_they_are_needed(client):
    document = client.get("/openapi.json").json()
    assert set(document["components"]["securitySchemes"]) == {"bearer", "key"}
    for path, item in document["paths"].items():
        for operation in item.values():
            open_to_all = path.startswith("/health/")
            assert ("security" in operation) is not open_to_all
            assert ({"401", "429"} <= operation["responses"].keys()) is not open_to_all
    explain = document["paths"]["/explain"]["post"]
    assert explain["security"] == [{"bearer": []}, {"key": []}]
    assert set(explain["responses"]["429"]["headers"]) == {"Retry-After", "RateLimit", "RateLimit-Policy"}


def test_the_document_of_a_service_without_keys_names_none():
    with service() as client:
        document = client.get("/openapi.json").json()
    assert "securitySchemes" not in document["components"]
    assert "security" not in json.dumps(document["paths"])
    assert '"401"' not in json.dumps(document["paths"])


def test_a_key_that_is_optional_is_documented_as_that(keys):
    with service(api_keys=keys, allow_anonymous=True) as client:
        document = client.get("/openapi.json").json()
    assert {} in document["paths"]["/explain"]["post"]["security"]


@contextmanager
def listening(**changes):
    """The chat service on a real socket; gives its port."""
    chosen = settings(**changes)
    server = uvicorn.Server(server_config(create_app(chosen), chosen))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 10
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(10)


def test_an_ordinary_client_with_a_body_sees_the_401_and_may_go_on(keys):
    with listening(api_keys=keys) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        for _ in range(3):
            assert client.post("/explain", content=bytes(900_000)).status_code == 401
        assert client.post("/explain", json={}, headers=bearer(KEY)).status_code == 422


def talk(port, sent, seconds=10):
    """Send bytes and return all that comes back until the other side closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.sendall(sent)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer


def test_who_asks_before_sending_a_body_is_refused_before_it(keys):
    head = b"POST /explain HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\nExpect: 100-continue\r\n\r\n"
    with listening(api_keys=keys) as port:
        answer = talk(port, head)
    assert answer.startswith(b"HTTP/1.1 401")
    assert b"100 Continue" not in answer
    assert b"connection: close" in answer.lower()


def test_a_body_that_never_comes_does_not_keep_the_401_from_its_sender_for_long(keys):
    head = b"POST /explain HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\nslow"
    with listening(api_keys=keys) as port:
        started = time.monotonic()
        assert talk(port, head).startswith(b"HTTP/1.1 401")
        assert time.monotonic() - started < 8


def test_an_endless_body_without_a_key_is_cut_off(keys):
    head = b"POST /explain HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    piece = b"10000\r\n" + bytes(0x10000) + b"\r\n"
    with listening(api_keys=keys) as port, socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(head)
        sent = send_until_cut_off(connection, piece, most=500_000_000)
    assert sent < 100_000_000


def send_until_cut_off(connection, piece, *, most):
    """Send a piece again and again; return how many bytes went before the other side closed."""
    for sent in range(0, most, len(piece)):
        try:
            connection.sendall(piece)
        except OSError:
            return sent
    return most


def limited_by_address(port, **headers):
    return httpx.get(f"http://127.0.0.1:{port}/metrics", headers=headers).status_code


def test_nobody_can_claim_another_address_unless_a_proxy_is_trusted():
    with listening(rate_limit=2) as port:
        codes = [limited_by_address(port, **{"X-Forwarded-For": f"10.0.0.{n}"}) for n in range(4)]
    assert codes == [200, 200, 429, 429]


def test_behind_a_trusted_proxy_each_client_has_its_own_limit():
    with listening(rate_limit=2, trusted_proxies="127.0.0.1, 10.9.0.0/16") as port:
        far = [limited_by_address(port, **{"X-Forwarded-For": f"10.0.0.{n}, 10.9.1.1"}) for n in range(4)]
        one = [limited_by_address(port, **{"X-Forwarded-For": f"10.0.0.{n}, 10.0.0.99"}) for n in range(4)]
    assert far == [200] * 4
    assert one == [200, 200, 429, 429]
