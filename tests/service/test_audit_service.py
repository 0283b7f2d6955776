"""`POST /predict` with an audit log: who, when, which image, which model, what came out."""

import errno
import hashlib
import io
import json
import threading
import time
from datetime import datetime
from uuid import uuid4

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from artifact import Outputs
from inference_service.app import create_app
from inference_service.audit import Journal
from inference_service.audit.check import check
from inference_service.settings import Settings
from tests.stand_ins import make_card, wait_until_ready

CARD = make_card()


class Constant:
    """Calls everything malignant."""

    card = CARD
    sha256 = "ab" * 32

    def predict(self, images):
        return Outputs(
            np.array([[0.1, 0.9]] * len(images), np.float32), np.zeros((len(images), 0), np.float32)
        )


def png(colour=(250, 200, 220)):
    stream = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.jsonl"


def serve(journal, **changes):
    app = create_app(Settings(**changes), lambda *_: Constant(), journal)
    return TestClient(app, raise_server_exceptions=False)


def predict(client, data, **headers):
    return client.post("/predict", files={"file": ("Jane Doe.png", data)}, headers=headers)


def entries(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_prediction_is_on_the_disk_before_it_is_answered(path, tmp_path):
    keys, own = tmp_path / "keys.txt", str(uuid4())
    keys.write_text(f"pacs sha256:{hashlib.sha256(b'key').hexdigest()}\n")
    with serve(Journal(path, key=None, max_bytes=10**6), api_keys=keys) as client:
        wait_until_ready(client)
        answer = predict(client, png(), **{"X-API-Key": "key", "X-Request-ID": own})
        assert answer.status_code == 200, answer.text
        (entry,) = [each for each in entries(path) if each["event"] == "prediction"]
    assert abs(datetime.fromisoformat(entry["time"]).timestamp() - time.time()) < 60
    assert {
        name: entry[name] for name in ("client", "request_id", "image", "model", "outcome", "prediction")
    } == {
        "client": "pacs",
        "request_id": own,
        "image": hashlib.sha256(png()).hexdigest(),
        "model": "ab" * 32,
        "outcome": "malignant",
        "prediction": answer.json()["id"],
    }
    assert "Jane" not in path.read_text()


def test_an_image_without_a_prediction_is_recorded_with_the_reason(path):
    with serve(Journal(path, key=None, max_bytes=10**6)) as client:
        wait_until_ready(client)
        assert predict(client, b"Jane Doe, 1960").status_code == 415
        assert predict(client, png()[:60]).status_code == 415
    recorded = [entry for entry in entries(path) if entry["event"] == "prediction"]
    assert [entry["outcome"] for entry in recorded] == ["image-unreadable", "image-truncated"]
    assert [entry["model"] for entry in recorded] == [None, None]
    assert recorded[0]["image"] == hashlib.sha256(b"Jane Doe, 1960").hexdigest()
    assert "Jane" not in path.read_text()


def test_a_stopped_service_says_so_and_the_next_one_goes_on(path):
    for _ in range(2):
        with serve(Journal(path, key=None, max_bytes=10**6)) as client:
            assert predict(wait_until_ready(client), png()).status_code == 200
    assert [entry["event"] for entry in entries(path)] == ["opened", "prediction", "closed"] * 2
    assert check(path, None).findings == []


def test_many_at_once_share_their_way_to_the_disk_and_each_has_its_record(path):
    class Counting(Journal):
        appends = 0

        def append(self, events):
            self.appends += 1
            time.sleep(0.02)
            super().append(events)

    journal = Counting(path, key=None, max_bytes=10**6)
    with serve(journal, threads=8, max_queue=100, queue_seconds=60) as client:
        wait_until_ready(client)
        answers = []
        callers = [
            threading.Thread(target=lambda red=red: answers.append(predict(client, png((red, 0, 0)))))
            for red in range(24)
        ]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join(30)
    assert [answer.status_code for answer in answers] == [200] * 24
    recorded = {entry["prediction"] for entry in entries(path) if entry["event"] == "prediction"}
    assert recorded == {answer.json()["id"] for answer in answers}
    assert journal.appends < 24
    assert check(path, None).findings == []


class Full(Journal):
    """A journal on a disk that is full for a while."""

    full = False

    def append(self, events):
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        super().append(events)


def test_on_a_full_disk_nothing_is_answered_and_the_gap_is_recorded_afterwards(path, caplog):
    journal = Full(path, key=None, max_bytes=10**6)
    with serve(journal) as client:
        wait_until_ready(client)
        journal.full = True
        for _ in range(3):
            answer = predict(client, png())
            assert answer.status_code == 503
            assert answer.json()["type"] == "/problems/audit-unavailable"
            assert answer.headers["retry-after"].isdigit()
            assert "malignant" not in answer.text
        assert "audit log" in client.get("/health/ready").json()["detail"]
        assert client.get("/health/live").status_code == 200
        journal.full = False
        assert predict(client, png()).status_code == 200
        assert client.get("/health/ready").status_code == 200
    resumed = next(entry for entry in entries(path) if entry["event"] == "resumed")
    assert resumed["refused"] == 3
    assert check(path, None).findings == []
    assert caplog.text.count("cannot be written") == 1


def test_a_disk_with_room_again_is_noticed_without_a_request(path):
    journal = Full(path, key=None, max_bytes=10**6)
    with serve(journal) as client:
        wait_until_ready(client)
        journal.full = True
        assert predict(client, png()).status_code == 503
        journal.full = False
        wait_until_ready(client)


def test_without_an_audit_log_predictions_are_answered_all_the_same():
    with serve(None) as client:
        assert predict(wait_until_ready(client), png()).status_code == 200
        assert "inference_decisions_total" in client.get("/metrics").text
