"""What comes before a body: bounded in bytes and time, and refused with a problem."""

import socket
import time

import pytest
from fastapi import FastAPI, Request

import web.http
from contract import Problem
from tests.stand_ins import serve_on_socket
from web.http import MAX_HEAD


@pytest.fixture(scope="module")
def address():
    app = FastAPI()
    app.get("/health/ready")(lambda: "ready")

    @app.post("/length")
    async def length(request: Request) -> int:
        return len(await request.body())

    with serve_on_socket(app) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        yield host, int(port)


def read_all(connection):
    connection.settimeout(10)
    chunks = []
    while chunk := connection.recv(65536):
        chunks.append(chunk)
    return b"".join(chunks)


def send(address, data):
    """Send bytes and return status and problem of what comes back until the end."""
    with socket.create_connection(address, 10) as connection:
        connection.sendall(data)
        return parse(read_all(connection))


def parse(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head.lower()
    problem = Problem.model_validate_json(body)
    assert f"x-request-id: {problem.request_id}".encode() in head.lower()
    return int(head.split(b" ")[1]), problem


def assert_serving(address):
    with socket.create_connection(address, 10) as connection:
        connection.sendall(b"GET /health/ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"a" * MAX_HEAD + b"\r\n\r\n", id="a header"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"X-Name: value\r\n" * 8000 + b"\r\n", id="many headers"),
        pytest.param(b"GET /" + b"a" * 2 * MAX_HEAD + b" HTTP/1.1\r\n\r\n", id="a target"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"a" * 20 * MAX_HEAD, id="a header without an end"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"a" * 20 * MAX_HEAD, id="a name without an end"),
    ],
)
def test_a_head_that_is_too_large_is_refused(address, head):
    status, problem = send(address, head)
    assert (status, problem.type) == (431, "/problems/head-too-large")
    assert str(MAX_HEAD) in problem.detail
    assert_serving(address)


def test_an_ordinary_head_of_many_headers_is_none_too_many(address):
    with socket.create_connection(address, 10) as connection:
        extra = b"X-Forwarded-For: 192.0.2.1\r\n" * 100
        for closing in (b"keep-alive", b"close"):  # what was counted does not add up over requests
            head = b"GET /health/ready HTTP/1.1\r\nHost: a\r\nConnection: " + closing + b"\r\n"
            connection.sendall(head + extra * 10 + b"\r\n")
        assert read_all(connection).count(b"HTTP/1.1 200 ") == 2


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="TLS"),
        pytest.param(b"Jane Doe, born 1961\r\n\r\n", id="words"),
        pytest.param(b"GET / HTTP/1.1\r\nContent-Length: a\r\n\r\n", id="a length that is no number"),
        pytest.param(b"GET / HTTP/1.1\r\nBad Header: a\r\n\r\n", id="a name with a space"),
        pytest.param(b"GET /\xff HTTP/1.1\r\n\r\n", id="a target beyond ASCII"),
        pytest.param(
            b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            id="two lengths",
        ),
    ],
)
def test_what_is_no_http_is_a_problem_that_repeats_nothing(address, data):
    status, problem = send(address, data)
    assert (status, problem.type) == (400, "/problems/malformed")
    assert "Jane" not in problem.model_dump_json()
    assert_serving(address)


@pytest.fixture
def hasty(monkeypatch):
    monkeypatch.setattr(web.http, "HEAD_S", 0.3)


@pytest.mark.usefixtures("hasty")
def test_a_head_that_dribbles_is_refused_in_time(address):
    with socket.create_connection(address, 10) as connection:
        begun = time.monotonic()
        for byte in b"GET / HTTP/1.1\r\nX: aaaaaaaaaaaaaaaaaaaaaa":
            try:
                connection.send(bytes([byte]))
            except OSError:
                break
            time.sleep(0.02)
        status, problem = parse(read_all(connection))
        assert (status, problem.type) == (408, "/problems/head-too-slow")
        assert time.monotonic() - begun < 5


@pytest.mark.usefixtures("hasty")
def test_a_connection_on_which_nothing_comes_is_closed(address):
    with socket.create_connection(address, 10) as connection:
        assert read_all(connection) == b""


@pytest.mark.usefixtures("hasty")
def test_a_slow_body_is_no_slow_head(address):
    with socket.create_connection(address, 10) as connection:
        connection.sendall(b"GET /health/ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n")
        connection.sendall(b"Content-Length: 1\r\n\r\n")
        time.sleep(0.6)
        connection.sendall(b"a")
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")


def test_an_offer_of_http_2_costs_no_body(address):
    """Java's client makes it with the first request on a connection."""
    body = b"a" * 100_000
    for offer in (
        b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAA\r\n",
        b"",
    ):
        with socket.create_connection(address, 10) as connection:
            head = b"POST /length HTTP/1.1\r\nHost: a\r\n" + offer + b"Content-Length: 100000\r\n\r\n"
            for piece in (head[:20], head[20:60], head[60:] + body[:10], body[10:]):
                connection.sendall(piece)
                time.sleep(0.02)
            connection.shutdown(socket.SHUT_WR)
            assert read_all(connection).endswith(b"100000")


def test_requests_in_one_piece_are_answered_one_after_the_other(address):
    one = b"GET /health/ready HTTP/1.1\r\nHost: a\r\n\r\n"
    last = b"GET /health/ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with socket.create_connection(address, 10) as connection:
        connection.sendall(b"\r\n" + one * 5 + last)
        assert read_all(connection).count(b"HTTP/1.1 200 ") == 6
