"""A model file that takes the place of another: taken over without a failed request, or refused."""

import io
import logging
import shutil
import threading
import time
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
import torch
import uvicorn
from PIL import Image
from torch import nn

import artifact
from artifact import ArtifactInvalid, Deployed, DomainDistance, Gate
from artifact.digest import digest_file_of, publish, write_digest
from inference_service.__main__ import build
from inference_service.app import create_app
from inference_service.settings import Settings
from tests.stand_ins import GATE, make_card
from training.golden import golden_pictures
from training.integers import RECIPES, quantise
from web.serve import Unservable

LOOK = 0.05


def write_model(path: Path, name: str, engine: str) -> Path:
    """Write a small real model file whose features are computed in 8-bit integers by that engine."""
    torch.manual_seed(sum(name.encode()))
    features = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(16))
    fc1, fc2 = nn.Linear(4 * 14 * 14, 8), nn.Linear(8, 2)
    head = nn.Sequential(OrderedDict(gather=nn.Flatten(), fc1=fc1, relu=nn.ReLU(), fc2=fc2))
    distance = DomainDistance(torch.zeros(1, 4), torch.zeros(1, 4, 2), torch.ones(1, 2), torch.ones(1))
    module = Deployed(features, head, Gate(distance), 1.0)
    batch = module.prepare([torch.from_numpy(picture) for picture in golden_pictures()])
    integers = quantise(features, ((batch + 1) * 127.5).round().byte(), RECIPES[0])
    compression = {"method": "none", "rank": 0, "engine": engine, "full_auc": {}, "file_auc": {}}
    card = make_card(name=name, gate=GATE, compression=compression, tolerance={"cpu": 0.01, "int8": 0.01})
    artifact.save(module, card, golden_pictures(), path, integers)
    return path


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, Path]:
    """Two model files whose integers are for different engines."""
    folder = tmp_path_factory.mktemp("models")
    there = torch.backends.quantized.supported_engines
    engines = [name for name in ("fbgemm", "onednn", "qnnpack") if name in there]
    pairs = zip(("one", "two"), (engines[0], engines[-1]), strict=True)
    return {name: write_model(folder / f"{name}.pt", name, engine) for name, engine in pairs}


@pytest.fixture(scope="module")
def digests(models) -> dict[str, str]:
    return {name: artifact.load(path, "cpu").sha256 for name, path in models.items()}


@pytest.fixture(scope="module")
def png() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(golden_pictures()[0]).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def place(tmp_path, models) -> Path:
    """Where the service reads its model; `one` stands there, with its digest."""
    put(models["one"], tmp_path / "model.pt")
    return tmp_path / "model.pt"


def put(model: Path, place: Path) -> None:
    """Exchange a model file as the export does."""
    part = place.with_name("part")
    shutil.copy(model, part)
    publish(part, place)


class Loader:
    """The real loader, and how often it was called and at once."""

    def __init__(self) -> None:
        self.calls = self.under_way = self.most = 0
        self.pause = 0.0

    def __call__(self, path: Path, device: str) -> artifact.Artifact:
        self.calls += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        time.sleep(self.pause)
        try:
            return artifact.load(path, device)
        finally:
            self.under_way -= 1


class Service:
    """A running service and one who asks it."""

    def __init__(self, url: str, loader: Loader, png: bytes) -> None:
        self.client = httpx.Client(base_url=url, timeout=30)
        self.loader = loader
        self._png = png

    def predict(self) -> httpx.Response:
        return self.client.post("/predict", files={"file": ("a.png", self._png)})

    def sha256(self) -> str:
        """The file that gives the answers."""
        response = self.predict()
        assert response.status_code == 200, response.text
        return response.json()["model"]["sha256"]

    def count(self, outcome: str) -> float:
        """How many files had this outcome, as the metrics say."""
        line = f'inference_model_files_total{{outcome="{outcome}"}} '
        (row,) = [row for row in self.client.get("/metrics").text.splitlines() if row.startswith(line)]
        return float(row.removeprefix(line))

    def wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def wait_ready(self) -> None:
        self.wait(lambda: self.client.get("/health/ready").status_code == 200)

    def stays(self, sha256: str, looks: int = 8) -> None:
        """Make sure that nothing changes for so many looks."""
        for _ in range(looks):
            time.sleep(LOOK)
            assert self.sha256() == sha256


@contextmanager
def serving(app, loader: Loader, png: bytes) -> Iterator[Service]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        service = Service(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", loader, png)
        with service.client:
            yield service
    finally:
        server.should_exit = True
        thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def start(place, png) -> Callable[[], object]:
    """Start the service on the file at `place`."""
    loader = Loader()
    return lambda: serving(
        create_app(Settings(model=place, device="cpu", watch_seconds=LOOK), loader), loader, png
    )


def test_files_are_exchanged_under_load_without_a_failed_request_and_each_answer_names_its_file(
    start, place, models, digests
):
    expected = {
        digests[name]: artifact.load(path, "cpu").predict(golden_pictures()[:1]).probabilities[0, 1]
        for name, path in models.items()
    }
    assert len({round(float(value), 3) for value in expected.values()}) == 2
    done, answers = threading.Event(), []

    def ask(service: Service) -> None:
        while not done.is_set():
            answers.append(service.predict())

    with start() as service:
        service.wait_ready()
        threads = [threading.Thread(target=ask, args=[service]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for name in ("two", "one") * 3:
            put(models[name], place)
            service.wait(lambda wanted=digests[name]: service.sha256() == wanted)
        done.set()
        for thread in threads:
            thread.join()
        assert service.count("taken") == 7
        assert service.count("refused") == 0
    assert {answer.status_code for answer in answers} == {200}
    told = [answer.json() for answer in answers]
    assert {each["model"]["sha256"] for each in told} == set(expected)
    for each in told:
        assert each["malignant_probability"] == pytest.approx(expected[each["model"]["sha256"]], abs=2e-6)


@pytest.mark.parametrize(
    "engines", [("fbgemm", "onednn"), ("onednn", "fbgemm"), ("x86", "qnnpack"), ("qnnpack", "x86")]
)
def test_a_model_computes_bit_for_bit_the_same_while_another_is_loaded_for_another_engine(models, engines):
    """torch keeps one engine for the whole process; loading sets it, and computing does not look at it."""
    if not set(engines) <= set(torch.backends.quantized.supported_engines):
        pytest.skip("torch has other engines here")
    first, second = engines
    model = artifact.load(models["one"], "cpu", engines=[first])
    before = model.predict(golden_pictures())
    done, outputs = threading.Event(), []

    def compute() -> None:
        while not done.is_set():
            outputs.append(model.predict(golden_pictures()))

    thread = threading.Thread(target=compute)
    thread.start()
    others = [artifact.load(models["two"], "cpu", engines=[second]) for _ in range(5)]
    done.set()
    thread.join()
    assert {other.arithmetic for other in others} == {"int8"} == {model.arithmetic}
    outputs.append(model.predict(golden_pictures()))
    for after in outputs:
        assert np.array_equal(after.probabilities, before.probabilities)
        assert np.array_equal(after.gate, before.gate)


def cut(place: Path) -> None:
    place.write_bytes(place.read_bytes()[:-1000])


def with_wrong_outputs(place: Path) -> None:
    model = artifact.load(place, "cpu")
    pictures = golden_pictures()
    outputs = {"int8": model.predict(pictures)}
    model.use_floats()
    probabilities, gate = model.predict(pictures)
    outputs["float"] = artifact.Outputs(1 - probabilities, gate)
    outputs["int8"] = artifact.Outputs(1 - outputs["int8"].probabilities, gate)
    with zipfile.ZipFile(place) as archive:
        entries = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(place, "w", zipfile.ZIP_STORED) as archive:
        for name, content in entries.items():
            wrong = name.endswith("golden.npz")
            archive.writestr(name, artifact.Golden(pictures, outputs).dump() if wrong else content)


BAD = {
    "damaged, as its digest says": (cut, write_digest, "damaged"),
    "half copied": (cut, lambda _: None, "does not have the digest"),
    "computes something else": (with_wrong_outputs, write_digest, "does not reproduce"),
    "no model": (lambda place: place.write_bytes(b"no model"), write_digest, "damaged"),
    "empty": (lambda place: place.write_bytes(b""), write_digest, "damaged"),
    "a digest that is none": (
        lambda _: None, lambda place: digest_file_of(place).write_text("none"), "is no digest",
    ),
    "a bug": (lambda _: None, write_digest, "unexpected failure"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_refused_once_the_old_one_stays_and_a_later_good_one_is_taken(
    kind, start, place, models, digests, caplog
):
    spoil, sign, words = BAD[kind]
    bad = place.with_name("bad.pt")
    shutil.copy(models["two"], bad)
    with caplog.at_level(logging.ERROR), start() as service:
        service.wait_ready()
        if kind != "a digest that is none":
            spoil(bad)
            bad.replace(place)
        sign(place)
        if kind == "a bug":
            service.loader.pause = None  # makes the loader raise a TypeError
        service.wait(lambda: service.count("refused") == 1)
        calls = service.loader.calls
        service.stays(digests["one"])
        assert service.client.get("/health/ready").status_code == 200
        assert service.loader.calls == calls
        (line,) = [r.getMessage() for r in caplog.records if r.name == "inference_service.model"]
        assert line.startswith("a new model file is refused, the one before goes on")
        assert words in line
        service.loader.pause = 0.0
        put(models["two"], place)
        service.wait(lambda: service.sha256() == digests["two"])


def test_a_file_that_is_written_slowly_in_its_place_is_left_alone_until_it_is_whole(
    start, place, models, digests
):
    content = models["two"].read_bytes()
    with start() as service:
        service.wait_ready()
        digest_file_of(place).unlink()
        with place.open("wb") as stream:
            for begin in range(0, len(content), len(content) // 20):
                stream.write(content[begin : begin + len(content) // 20])
                stream.flush()
                time.sleep(LOOK / 2)
        service.wait(lambda: service.sha256() == digests["two"])
        assert service.count("refused") == 0


@pytest.mark.parametrize("order", ["file", "digest"])
def test_by_hand_file_and_digest_may_come_in_any_order(order, start, place, models, digests):
    """Between the two, nothing is taken over; whoever looks then sees a refusal, and nothing worse."""
    steps = [
        lambda: shutil.copy(models["two"], place.with_name("x")) and place.with_name("x").replace(place),
        lambda: digest_file_of(place).write_text(f"{digests['two']}  model.pt\n"),
    ]
    with start() as service:
        service.wait_ready()
        first, second = steps if order == "file" else reversed(steps)
        first()
        service.wait(lambda: service.count("refused") == 1)
        service.stays(digests["one"])
        second()
        service.wait(lambda: service.sha256() == digests["two"])
        assert service.count("refused") == 1


def test_a_service_without_a_model_takes_up_the_first_good_one(start, place, models, digests):
    place.unlink()
    digest_file_of(place).unlink()
    with start() as service:
        service.wait(lambda: "INFERENCE_MODEL" in service.client.get("/health/ready").text)
        place.write_bytes(b"no model")
        service.wait(lambda: "damaged" in service.client.get("/health/ready").text)
        assert service.predict().status_code == 503
        put(models["two"], place)
        service.wait_ready()
        assert service.sha256() == digests["two"]


def test_a_file_that_vanishes_is_not_missed_and_one_that_is_touched_is_no_other(
    start, place, digests, models, caplog
):
    with caplog.at_level(logging.INFO), start() as service:
        service.wait_ready()
        kept = place.with_name("kept")
        place.rename(kept)
        service.stays(digests["one"])
        kept.rename(place)
        service.wait(lambda: service.loader.calls == 2)
        place.touch()
        service.wait(lambda: service.loader.calls == 3)
        service.stays(digests["one"])
        assert (service.count("taken"), service.count("refused")) == (1, 0)


def test_no_two_files_are_ever_loaded_at_once(start, place, models, digests):
    with start() as service:
        service.wait_ready()
        service.loader.pause = 4 * LOOK
        for turn in range(10):
            put(models["two" if turn % 2 == 0 else "one"], place)
            time.sleep(1.5 * LOOK)
        put(models["two"], place)
        service.wait(lambda: service.sha256() == digests["two"])
        assert service.loader.most == 1


def test_a_service_that_is_stopped_while_it_takes_over_does_not_wait_for_the_model(start, place, models):
    with start() as service:
        service.wait_ready()
        service.loader.pause = 3.0
        put(models["two"], place)
        service.wait(lambda: service.loader.calls == 2)
        begun = time.monotonic()
    assert time.monotonic() - begun < 2.5


def exposed(place: Path, **others: object) -> Settings:
    return Settings(
        host="0.0.0.0", allow_anonymous=True, model=place, device="cpu", watch_seconds=LOOK, **others  # noqa: S104
    )  # fmt: skip


def test_beyond_loopback_a_file_without_digest_is_not_served(place):
    digest_file_of(place).unlink()
    with pytest.raises(Unservable, match=r"model\.pt\.sha256 with sha256sum, or .*INFERENCE_MODEL_SHA256"):
        build(exposed(place))
    build(Settings(model=place))


def test_beyond_loopback_a_new_file_without_digest_is_not_taken_over(place, png, models, digests):
    with serving(build(exposed(place)), Loader(), png) as service:
        service.wait_ready()
        digest_file_of(place).unlink()
        shutil.copy(models["two"], place)
        service.wait(lambda: service.count("refused") >= 1)
        service.stays(digests["one"])
        write_digest(place)
        service.wait(lambda: service.sha256() == digests["two"])


def test_a_digest_that_is_set_counts_for_every_file(place, png, models, digests):
    digest_file_of(place).unlink()
    settings = exposed(place, model_sha256=digests["one"].upper())
    with serving(build(settings), Loader(), png) as service:
        service.wait_ready()
        put(models["two"], place)
        service.wait(lambda: service.count("refused") == 1)
        service.stays(digests["one"])
    with serving(build(settings), Loader(), png) as service:
        service.wait(lambda: "digest names" in service.client.get("/health/ready").text)


def test_the_word_for_callers_names_no_path(tmp_path, png):
    def fail(path: Path, device: str) -> artifact.Artifact:
        raise ArtifactInvalid(f"bad: {path}")

    with serving(create_app(Settings(model=tmp_path / "m.pt"), fail), Loader(), png) as service:
        service.wait(lambda: service.count("refused") == 1)
        assert str(tmp_path) not in service.client.get("/health/ready").text + service.predict().text
