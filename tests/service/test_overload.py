"""More requests than can be answered, over real sockets: the rest is refused, and told when to come again."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest

from artifact import Outputs
from contract import Problem
from inference_service.app import create_app
from inference_service.settings import Settings
from tests.stand_ins import BLANK, make_card, serve_on_socket
from tools.mutations import sound_files

PNG = sound_files()["png"]
SECONDS = 0.02
"""What a picture takes to compute."""

CARD = make_card(gate=[BLANK])


class Slow:
    """Takes its time for every picture, and can be held."""

    card = CARD
    sha256 = "ab" * 32

    def __init__(self):
        self.go_on = threading.Event()
        self.go_on.set()
        self.sizes = []

    def predict(self, images):
        assert self.go_on.wait(30)
        self.sizes.append(len(images))
        time.sleep(SECONDS * len(images))
        red = np.array([image[:, :, 0].mean() / 255 for image in images], np.float32)
        gate = np.array([[image.std()] for image in images], np.float32)
        return Outputs(np.stack([1 - red, red], axis=1), gate)


@pytest.fixture(scope="module")
def model():
    return Slow()


@pytest.fixture(scope="module")
def service(model):
    settings = Settings(max_bytes=3_000_000, threads=2, max_queue=6, max_batch=4, queue_seconds=600)
    with serve_on_socket(create_app(settings, lambda *_: model)) as url:
        yield url


@pytest.fixture
def full(service, model):
    """The service with every place taken, until the test is over."""
    model.go_on.clear()
    with ThreadPoolExecutor(8) as callers:
        answers = [callers.submit(post, service, PNG) for _ in range(8)]
        try:
            deadline = time.monotonic() + 20
            while depth(service) < 8:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            yield service
        finally:
            model.go_on.set()
        assert [answer.result().status_code for answer in answers] == [200] * 8


def post(url, data, **options):
    return httpx.post(f"{url}/predict", files={"file": ("any", data)}, timeout=60, **options)


def depth(url):
    lines = httpx.get(f"{url}/metrics").text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("inference_queue_depth "))


def check_refused(answer):
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert Problem.model_validate_json(answer.content).type == "/problems/busy"


def test_of_four_times_too_many_all_are_answered_or_told_to_come_again(service, model):
    model.sizes.clear()
    with ThreadPoolExecutor(32) as callers:
        answers = [each.result() for each in [callers.submit(post, service, PNG) for _ in range(96)]]
    told = Counter(answer.status_code for answer in answers)
    assert set(told) == {200, 503}
    for answer in answers:
        if answer.status_code == 503:
            check_refused(answer)
    assert sum(model.sizes) == told[200] >= 8
    assert max(model.sizes) <= 4
    assert post(service, PNG).status_code == 200
    assert depth(service) == 0


def test_who_sends_a_large_body_to_a_full_service_receives_the_503_and_no_reset(full):
    check_refused(post(full, bytes(2_500_000)))


def test_who_is_refused_may_ask_again_on_the_same_connection(full):
    with httpx.Client(base_url=full, timeout=60) as client:
        for _ in range(3):
            check_refused(client.post("/predict", files={"file": ("any", PNG)}))
        assert client.get("/health/live").status_code == 200


def test_a_body_that_is_refused_is_not_kept(full):
    """The reader is never reached: what is no form at all is refused for want of a place."""
    check_refused(httpx.post(f"{full}/predict", content=b"no form", timeout=60))


def test_health_and_metrics_are_answered_by_a_full_service(full):
    assert httpx.get(f"{full}/health/ready").status_code == 200
    assert depth(full) == 8
