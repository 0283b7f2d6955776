"""The gateway with real connections: callers come in to a room, and out to one place only."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from gateway.__main__ import Door, serve
from gateway.proxy import find_address
from gateway.settings import Address, SettingInvalid, Settings, read_settings

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LOOPBACK = "127.0.0.1"


def test_what_a_caller_says_reaches_the_room_and_the_answer_comes_back():
    async def talk() -> bytes:
        async with room(echo) as port, gateway(port) as (entrance, _):
            return await ask(entrance, b"x" * 1_000_000)

    assert asyncio.run(talk()) == b"x" * 1_000_000


def test_a_room_that_does_not_answer_is_a_problem_and_not_a_broken_connection():
    async def talk() -> bytes:
        async with gateway(unused()) as (entrance, _):
            return await ask(entrance, b"POST /predict HTTP/1.1\r\n\r\n" + b"x" * 500_000)

    answer = asyncio.run(talk())
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"application/problem+json" in answer
    assert b"/problems/not-ready" in answer


def test_a_room_that_was_started_again_is_found_again():
    async def talk() -> list[bytes]:
        port = unused()
        async with gateway(port) as (entrance, _):
            first = await ask(entrance, b"hello")
            async with room(echo, port):
                return [first, await ask(entrance, b"hello")]

    first, second = asyncio.run(talk())
    assert first.startswith(b"HTTP/1.1 503 ")
    assert second == b"hello"


def test_a_connection_beyond_the_limit_is_closed():
    async def talk() -> list[bytes]:
        async with room(echo) as port, gateway(port, most=1) as (entrance, _):
            reader, writer = await asyncio.open_connection(LOOPBACK, entrance)
            writer.write(b"first")
            held = await reader.read(5)
            refused = await ask(entrance, b"")
            writer.close()
            await asyncio.sleep(0.1)
            return [held, refused, await ask(entrance, b"third")]

    assert asyncio.run(talk()) == [b"first", b"", b"third"]


def test_a_tunnel_leads_to_the_place_that_is_allowed():
    async def talk() -> bytes:
        async with room(echo) as port, gateway(None, leads_to=port) as (_, proxy):
            return await ask(proxy, f"CONNECT {LOOPBACK}:{port} HTTP/1.1\r\n\r\nhello".encode())

    assert asyncio.run(talk()) == b"HTTP/1.1 200 Connection established\r\n\r\nhello"


def test_a_request_with_a_whole_url_leads_there_too():
    async def talk() -> bytes:
        async with room(echo) as port, gateway(None, leads_to=port) as (_, proxy):
            return await ask(proxy, f"POST http://{LOOPBACK}:{port}/v1 HTTP/1.1\r\n\r\nhello".encode())

    assert asyncio.run(talk()).endswith(b"/v1 HTTP/1.1\r\n\r\nhello")


@pytest.mark.parametrize(
    "line",
    [
        "CONNECT example.org:443",
        "CONNECT 127.0.0.1:1",
        "CONNECT 127.0.0.1",
        "CONNECT localhost:{port}",
        "CONNECT 127.0.0.1:{port}@example.org:443",
        "CONNECT 127.0.0.1.example.org:{port}",
        "CONNECT http://127.0.0.1:{port}/",
        "CONNECT [::1]:{port}",
        "CONNECT 127.0.0.1:99999",
        "GET http://example.org/",
        "GET http://127.0.0.1:{port}@example.org/",
        "GET http://127.0.0.1/",
        "GET https://127.0.0.1:{port}/",
        "GET /",
        "GET",
        "",
    ],
)
def test_no_other_place_is_led_to(line):
    reached = []

    async def notice(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append(line)
        writer.close()

    async def talk() -> bytes:
        async with room(notice) as port, gateway(None, leads_to=port) as (_, proxy):
            return await ask(proxy, f"{line.format(port=port)} HTTP/1.1\r\n\r\n".encode())

    assert asyncio.run(talk()).startswith(b"HTTP/1.1 403 ")
    assert not reached


def test_a_place_that_cannot_be_reached_is_a_502():
    async def talk() -> bytes:
        port = unused()
        async with gateway(None, leads_to=port) as (_, proxy):
            return await ask(proxy, f"CONNECT {LOOPBACK}:{port} HTTP/1.1\r\n\r\n".encode())

    assert asyncio.run(talk()).startswith(b"HTTP/1.1 502 ")


@pytest.mark.parametrize("sent", [b"", b"CONNECT 127.0.0.1", b"x" * 200_000])
def test_a_request_without_an_end_is_dropped(sent):
    async def talk() -> bytes:
        async with gateway(None) as (_, proxy):
            try:
                return await ask(proxy, sent)
            except OSError:
                return b""

    assert asyncio.run(talk()) == b""


def test_mistral_is_the_place_that_is_allowed_unless_another_is_named():
    assert read_settings({"GATEWAY_EXIT": ""}).exit == Address("api.mistral.ai", 443)
    assert read_settings({"GATEWAY_EXIT": "http://Llm.Example:8080/v1"}).exit == Address("llm.example", 8080)


def test_entrances_are_ports_and_rooms():
    settings = read_settings({"GATEWAY_ENTRANCES": "8000=inference:8000, 8001=chat:8001"})
    assert settings.entrances == {8000: Address("inference", 8000), 8001: Address("chat", 8001)}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GATEWAY_ENTRANCES", "8000"),
        ("GATEWAY_ENTRANCES", "8000=inference:8000;"),
        ("GATEWAY_ENTRANCES", "80000=inference:8000"),
        ("GATEWAY_PROXY_PORT", "a"),
        ("GATEWAY_EXIT", "api.mistral.ai"),
        ("GATEWAY_EXIT", "ftp://api.mistral.ai"),
        ("GATEWAY_EXIT", "https://[api"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(name, value):
    with pytest.raises(SettingInvalid, match=name):
        read_settings({name: value})


def test_capitals_in_a_name_lead_to_the_same_place():
    assert find_address("API.Mistral.AI:443", tunnel=True) == Address("api.mistral.ai", 443)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say what was said, until the other side has ended."""
    while piece := await reader.read(65536):
        writer.write(piece)
        await writer.drain()
    writer.close()


async def ask(port: int, sent: bytes) -> bytes:
    """Say something and return everything that is said in turn."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)

    async def say() -> None:
        writer.write(sent)
        await writer.drain()
        writer.write_eof()

    _, answer = await asyncio.gather(say(), reader.read(), return_exceptions=True)
    writer.close()
    if isinstance(answer, BaseException):
        raise answer
    return answer


@asynccontextmanager
async def room(handle: Handler, port: int = 0) -> AsyncIterator[int]:
    """A service that the gateway may lead to; gives its port."""
    server = await asyncio.start_server(handle, LOOPBACK, port)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def gateway(leads_in: int | None, leads_to: int = 9, most: int = 10) -> AsyncIterator[tuple[int, int]]:
    """A running gateway; gives the port of its entrance and of its proxy."""
    entrance, proxy = unused(), unused()
    entrances = {} if leads_in is None else {entrance: Address(LOOPBACK, leads_in)}
    settings = Settings(entrances, proxy, Address(LOOPBACK, leads_to))
    task = asyncio.create_task(serve(settings, LOOPBACK, Door(most)))
    try:
        await await_listener(proxy)
        yield entrance, proxy
    finally:
        task.cancel()
        await asyncio.wait([task])


async def await_listener(port: int) -> None:
    """Wait until something listens there."""
    for _ in range(100):
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            await asyncio.sleep(0.02)
            return
    raise AssertionError(f"nothing listens on {port}")


def unused() -> int:
    """Return a port that nothing listens on now."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
