"""The load that serving is measured with: bounded, counted, and the same for every server."""

import asyncio
import io
import os
from pathlib import Path

import pytest
from PIL import Image

from bench.load import Result, pour, press, request_of
from bench.pictures import list_files
from bench.servers import _family, _memory_of
from inference_service.settings import count_cores

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def serve(load, *answers):
    """Run `load(port)` against a server that answers so in turns; return its result and the bodies."""
    bodies = []

    async def answer(reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                bodies.append(await reader.readexactly(length))
                writer.write(answers[(len(bodies) - 1) % len(answers)])
        except asyncio.IncompleteReadError:
            writer.close()

    async def run():
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            return await load(server.sockets[0].getsockname()[1])

    return asyncio.run(run()), bodies


def test_clients_that_press_send_one_request_after_the_other():
    result, bodies = serve(lambda port: press(port, [request_of(b"picture")], 3, 0.2), OK)
    assert result.statuses == {200: len(bodies)}
    assert len(result.times) == len(bodies) > 3
    assert all(b'name="file"' in body and b"picture" in body for body in bodies)
    assert result.per_second == pytest.approx(len(bodies) / result.seconds)


def test_a_flood_sends_as_many_requests_as_it_says_and_each_once():
    result, bodies = serve(lambda port: pour(port, [request_of(b"picture")], 100, 0.3), OK, BUSY)
    assert len(bodies) == 30
    assert result.statuses == {200: 15, 503: 15}
    assert result.without_retry_after == 0
    assert len(result.times) == 15


def test_a_503_that_does_not_say_when_to_come_again_is_counted():
    silent = BUSY.replace(b"Retry-After: 5\r\n", b"")
    result, _ = serve(lambda port: pour(port, [request_of(b"picture")], 50, 0.1), silent)
    assert result.without_retry_after == 5


def test_a_server_that_is_not_there_is_counted_and_ends_nothing():
    result = asyncio.run(pour(1, [request_of(b"picture")], 50, 0.1))
    assert result.statuses == {0: 5}


def test_quantiles_are_of_what_was_answered():
    result = Result(times=[0.1, 0.2, 0.3])
    assert result.quantile(0.5) == pytest.approx(0.2)
    assert result.mean == pytest.approx(0.2)


def test_the_files_are_png_and_jpeg_in_turns_and_always_the_same(monkeypatch):
    monkeypatch.delenv("TEST_DATA_DIR", raising=False)
    files = list_files(4)
    assert [Image.open(io.BytesIO(data)).format for data in files] == ["PNG", "JPEG"] * 2
    assert {Image.open(io.BytesIO(data)).size for data in files} == {(700, 460)}
    assert files == list_files(4)


def test_memory_is_that_of_a_process_and_of_what_it_started():
    if not Path("/proc/self/smaps_rollup").is_file():
        pytest.skip("there is no /proc/self/smaps_rollup here")
    assert os.getpid() in _family(os.getpid())
    memory = _memory_of(os.getpid())
    assert memory.rss >= memory.pss >= memory.uss > 1


def test_by_default_a_service_works_on_one_image_for_each_core_it_may_use():
    assert 1 <= count_cores() <= 8
