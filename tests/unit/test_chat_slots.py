"""Connections to the upstream: used again, and led through a proxy where the environment says so."""

import socket
import threading
from contextlib import contextmanager, suppress

import anyio
import httpx
import pytest

from chat_service.slots import Slots, find_proxy

BODY = b"{}"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def serving(pause=0.0):
    """Serve every connection in a thread of its own; yields the address and the connections."""
    connections = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection):
        with connection, suppress(ConnectionError):  # who has read enough hangs up
            asked = b""
            while piece := connection.recv(65536):
                asked += piece
                if asked.endswith(BODY):  # head and body may come apart
                    threading.Event().wait(pause)
                    connection.sendall(OK)
                    asked = b""

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(connection)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", connections
    listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)
    listener.close()


async def ask(client):
    assert (await client.post("/", content=BODY)).text == "{}"


def test_a_connection_is_used_again():
    with serving() as (url, connections):

        async def three_times():
            async with httpx.AsyncClient(base_url=url, transport=Slots(url)) as client:
                for _ in range(3):
                    await ask(client)

        anyio.run(three_times)
        assert len(connections) == 1


def test_as_many_are_opened_as_are_needed_at_once():
    with serving(pause=0.1) as (url, connections):

        async def crowd():
            async with httpx.AsyncClient(base_url=url, transport=Slots(url)) as client:
                for _ in range(2):
                    async with anyio.create_task_group() as tasks:
                        for _ in range(5):
                            tasks.start_soon(ask, client)

        anyio.run(crowd)
        assert len(connections) == 5


def test_a_request_that_is_given_up_takes_its_connection_with_it():
    with serving(pause=0.3) as (url, connections):

        async def impatient():
            async with httpx.AsyncClient(base_url=url, transport=Slots(url)) as client:
                with anyio.move_on_after(0.1):
                    await ask(client)
                await ask(client)

        anyio.run(impatient)
        assert len(connections) == 2


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://api.mistral.ai", "http://proxy:3128"),
        ("http://mistral.hospital.example", None),
        ("https://127.0.0.1:8443", None),
    ],
)
def test_the_usual_variables_name_the_proxy(monkeypatch, url, proxy):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    assert find_proxy(url) == proxy
