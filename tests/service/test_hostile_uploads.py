"""Hostile uploads over real sockets: endless, slow, too large, damaged; the service goes on answering."""

import concurrent.futures
import socket
import time

import anyio
import httpx
import numpy as np
import pytest

from artifact import Outputs
from contract import Prediction, Problem
from inference_service.app import create_app
from inference_service.settings import Settings
from tests.stand_ins import BLANK, make_card, serve_on_socket
from tools.mutations import bombs, mutate, sound_files
from web.drain import drain

FILES = sound_files()

CARD = make_card(gate=[BLANK])


class Mean:
    """Answers at once, so that only what comes before the model is tested."""

    card = CARD
    sha256 = "ab" * 32

    def predict(self, images):
        red = np.array([image[:, :, 0].mean() / 255 for image in images], np.float32)
        gate = np.array([[image.std()] for image in images], np.float32)
        return Outputs(np.stack([1 - red, red], axis=1), gate)


@pytest.fixture(scope="module")
def service():
    settings = Settings(max_bytes=2_000_000, max_pixels=4_000_000, upload_seconds=4.0)
    with serve_on_socket(create_app(settings, lambda *_: Mean())) as url:
        yield url


def post(url, data, **options):
    return httpx.post(f"{url}/predict", files={"file": ("any", data)}, timeout=60, **options)


def assert_serving(url):
    assert post(url, FILES["png"]).status_code == 200


def check(answer):
    """An answer is a prediction, or a problem that the caller made."""
    if answer.status_code == 200:
        Prediction.model_validate_json(answer.content)
    else:
        assert 400 <= answer.status_code < 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert Problem.model_validate_json(answer.content).status == answer.status_code


def test_a_client_that_sends_100_megabytes_receives_the_413_and_no_reset(service):
    answer = post(service, bytes(100_000_000))
    assert answer.status_code == 413
    assert "2000000 bytes" in Problem.model_validate_json(answer.content).detail
    assert_serving(service)


def test_a_client_that_says_no_length_receives_it_too(service):
    def chunks():
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(100):
            yield bytes(1_000_000)

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = httpx.post(f"{service}/predict", content=chunks(), headers=headers, timeout=60)
    assert answer.status_code == 413
    assert "2000000 bytes" in Problem.model_validate_json(answer.content).detail


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_body_without_end_is_read_on_for_so_many_bytes_and_so_long_only(anyio_backend):
    taken = 0

    async def endless():
        nonlocal taken
        taken += 1_000_000
        return {"type": "http.request", "body": bytes(1_000_000), "more_body": True}

    async def silent():
        await anyio.sleep_forever()

    assert not await drain(endless, limit=50_000_000)
    assert taken == 50_000_000
    start = time.monotonic()
    assert not await drain(silent, limit=50_000_000, seconds=0.2)
    assert time.monotonic() - start < 5


def address_of(url):
    host, port = url.removeprefix("http://").split(":")
    return host, int(port)


def test_slow_uploads_are_ended_and_keep_nobody_waiting(service):
    head = (
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        b"Content-Length: 1000000\r\n\r\n--x\r\n"
    )
    slow = [socket.create_connection(address_of(service), timeout=30) for _ in range(10)]
    try:
        for connection in slow:
            connection.sendall(head)
        time.sleep(1)  # by then they count as slow, however few may be inside on a slow machine
        assert_serving(service)
        for connection in slow:
            answer = connection.recv(10_000)
            assert answer.startswith(b"HTTP/1.1 408 ")
    finally:
        for connection in slow:
            connection.close()
    assert_serving(service)


def test_connections_that_break_off_leave_nothing_behind(service):
    for length in (10, 1000, 100_000):
        with socket.create_connection(address_of(service), timeout=10) as connection:
            connection.sendall(
                b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n"
                + f"Content-Length: {length}\r\n\r\n--x\r\n".encode()
            )
    assert_serving(service)


@pytest.mark.parametrize("name", bombs())
def test_a_bomb_is_answered_soon(service, name):
    start = time.monotonic()
    check(post(service, bombs()[name]))
    assert time.monotonic() - start < 30
    assert_serving(service)


POLYGLOTS = {
    "png-and-html": FILES["png"] + b"<html><script>alert(1)</script></html>",
    "jpeg-and-zip": FILES["jpeg"] + b"PK\x05\x06" + bytes(18),
    "tiff-and-dicom": FILES["tiff"][:8].ljust(128, b"\0") + FILES["CT_small.dcm"][128:],
    "pdf-before-png": b"%PDF-1.7\n" + FILES["png"],
    "bmp-and-script": b"BM=1;alert(1)//" + FILES["bmp"][15:],
    "gif-as-dicom": b"GIF89a".ljust(128, b"\0") + FILES["CT_small.dcm"][128:],
}


@pytest.mark.parametrize("name", POLYGLOTS)
def test_a_file_of_two_kinds_is_read_as_one_or_refused(service, name):
    answer = post(service, POLYGLOTS[name])
    check(answer)
    assert "alert" not in answer.text


def test_three_hundred_damaged_files_give_predictions_and_problems_only(service):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda seed: post(service, mutate(FILES, seed)), range(300)))
    for answer in answers:
        check(answer)
    assert {200, 415} <= {answer.status_code for answer in answers}
    assert_serving(service)
