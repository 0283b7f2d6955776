"""The processes that decode: what a hostile image can do to them, and that nobody notices."""

import io
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artifact.image import ImageTooLarge, ImageTruncated, ImageUnreadable, decode
from inference_service.decoders import Decoders, ImageTooSlow

LIMIT = 20_000_000


def encode(picture, kind="PNG", **options):
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


NOISE = np.random.default_rng(2).integers(0, 256, (60, 50, 3), dtype=np.uint8)
PNG = encode(Image.fromarray(NOISE))


@pytest.fixture(scope="module")
def slow():
    """A JPEG whose last scan is repeated: few bytes, many passes over 16 megapixels."""
    data = encode(Image.new("L", (4000, 4000), 90), "JPEG", progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + scan * 90 + b"\xff\xd9"


@pytest.fixture
def decoders():
    pool = Decoders(1, max_pixels=LIMIT, seconds=20)
    pool.start()
    yield pool
    pool.close()


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_decoder_gives_what_decoding_gives(decoders):
    for kind in ("PNG", "JPEG", "TIFF", "WEBP"):
        data = encode(Image.fromarray(NOISE), kind)
        here, there = decode(data, max_pixels=LIMIT), decoders.decode(data)
        np.testing.assert_array_equal(there.pixels, here.pixels)
        assert there.pixels.flags.writeable
        assert (there.format, there.several, there.modality) == (here.format, here.several, here.modality)


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b"Jane Doe", ImageUnreadable, "JPEG, PNG, TIFF"),
        (PNG[:90], ImageTruncated, "whole file"),
        (encode(Image.new("1", (5000, 5000))), ImageTooLarge, "20000000 pixels"),
    ],
)
def test_errors_come_back_with_their_words(decoders, data, error, words):
    with pytest.raises(error, match=words):
        decoders.decode(data)


def test_an_image_that_takes_too_long_is_given_up_and_the_next_is_decoded(slow):
    decoders = Decoders(1, max_pixels=LIMIT, seconds=0.4)
    decoders.start()
    try:
        (before,) = decoders.pids
        with pytest.raises(ImageTooSlow, match=r"longer than 0\.4 seconds"):
            decoders.decode(slow)
        assert decoders.pids != [before]
        assert not Path(f"/proc/{before}").exists()
        wait_for(lambda: decodes(decoders))
    finally:
        decoders.close()


def decodes(decoders):
    """Tell whether a sound image is decoded in time, which on a busy machine the first may not be."""
    try:
        return (decoders.decode(PNG).pixels == NOISE).all()
    except ImageTooSlow:
        return False


def test_a_decoder_that_was_killed_is_replaced_without_an_error(decoders):
    os.kill(decoders.pids[0], signal.SIGKILL)
    np.testing.assert_array_equal(decoders.decode(PNG).pixels, NOISE)


def test_an_image_that_kills_two_decoders_is_unreadable_and_the_next_is_decoded(decoders, slow):
    killed = []

    def kill():
        for _ in range(2):
            wait_for(lambda: decoders.pids and decoders.pids[0] not in killed)
            time.sleep(0.1)
            killed.append(decoders.pids[0])
            os.kill(killed[-1], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(ImageUnreadable, match="cannot be decoded"):
        decoders.decode(slow)
    killer.join(10)
    np.testing.assert_array_equal(decoders.decode(PNG).pixels, NOISE)


def test_more_threads_than_decoders_wait_for_their_turn(decoders):
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(decoders.decode(PNG))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(answers) == 8


def test_closing_ends_the_processes_and_what_they_were_at(slow):
    decoders = Decoders(1, max_pixels=LIMIT, seconds=60)
    decoders.start()
    (pid,) = decoders.pids
    caught = []

    def decode_slowly():
        with pytest.raises(ImageUnreadable) as error:
            decoders.decode(slow)
        caught.append(error)

    thread = threading.Thread(target=decode_slowly)
    thread.start()
    time.sleep(0.5)
    decoders.close()
    thread.join(5)
    assert len(caught) == 1
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux shows an environment")
def test_a_decoder_knows_no_keys_and_takes_little_memory(decoders, monkeypatch):
    monkeypatch.setenv("PREDICTION_SIGNING_KEY", "made-up-key")
    pool = Decoders(1, max_pixels=LIMIT, seconds=20)
    pool.start()
    try:
        pool.decode(PNG)
        (pid,) = pool.pids
        assert b"made-up-key" not in Path(f"/proc/{pid}/environ").read_bytes()
        (resident,) = [
            line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmRSS" in line
        ]
        assert int(resident.split()[1]) < 60_000
    finally:
        pool.close()


def test_a_decoder_keeps_nothing_of_large_images(decoders):
    def resident():
        (pages,) = Path(f"/proc/{decoders.pids[0]}/statm").read_text().split()[1:2]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    large = encode(Image.new("RGB", (4000, 4000), (9, 8, 7)), "JPEG")
    decoders.decode(large)
    before = resident()
    for _ in range(5):
        decoders.decode(large)
    decoders.decode(PNG)
    assert resident() <= before * 1.05 + 1_000_000
