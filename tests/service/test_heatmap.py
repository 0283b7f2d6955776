"""`POST /heatmap` with an untrained network that sees evidence where the picture is bright or dark."""

import hashlib
import io
import json
from collections import OrderedDict

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient
from PIL import Image
from torch import nn

import artifact
from artifact import Deployed, DomainDistance, Gate
from contract import Problem
from inference_service.app import create_app
from inference_service.audit import Journal
from inference_service.settings import Settings
from tests.stand_ins import GATE, make_card, wait_until_ready

CARD = make_card(gate=GATE, tolerance={"cpu": 0.01})
AMBER, TEAL = (255, 176, 0), (0, 158, 170)


def made_up():
    """Brightness is malignant, darkness benign."""
    pool = nn.AvgPool2d(16)
    head = nn.Sequential(OrderedDict(gather=nn.Flatten(), fc=nn.Linear(3 * 14 * 14, 2, bias=False)))
    with torch.no_grad():
        head.fc.weight.copy_(torch.tensor([[-0.01], [0.01]]).expand(2, 3 * 14 * 14))
    distance = DomainDistance(torch.zeros(1, 3), torch.zeros(1, 3, 1), torch.ones(1, 1), torch.ones(1))
    return Deployed(nn.Sequential(pool), head, Gate(distance), 1.0)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    golden = [np.random.default_rng(0).integers(0, 256, (50, 60, 3), dtype=np.uint8)]
    return artifact.save(made_up(), CARD, golden, tmp_path_factory.mktemp("model") / "made-up.pt")


def serve(loaded, journal=None, **settings):
    app = create_app(Settings(**settings), lambda *_: loaded, journal)
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture(scope="module")
def client(loaded):
    with serve(loaded, max_bytes=200_000, max_pixels=3_000_000) as client:
        yield wait_until_ready(client)


def halves(size=(200, 120)):
    """A picture whose left half is dark and whose right half is bright."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    pixels[:, size[0] // 2 :] = 255
    return pixels


def encode(pixels, kind="PNG", **options):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


def post(client, data, **query):
    return client.post("/heatmap", files={"file": ("Jane Doe.png", data)}, params=query)


def opened(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    return Image.open(io.BytesIO(answer.content))


def test_the_map_lies_over_the_picture_in_the_colours_of_both_sides(client):
    drawn = opened(post(client, encode(halves()), opacity=1))
    assert (drawn.mode, drawn.size) == ("RGB", (200, 120))
    assert drawn.getpixel((10, 60)) == TEAL
    assert drawn.getpixel((190, 60)) == AMBER


def test_without_overlay_the_colours_stand_alone_and_alpha_tells_strength(client):
    drawn = opened(post(client, encode(halves()), opacity=0.5, overlay=False))
    assert (drawn.mode, drawn.size) == ("RGBA", (200, 120))
    assert drawn.getpixel((10, 60)) == (*TEAL, 128)
    assert drawn.getpixel((190, 60)) == (*AMBER, 128)


def test_with_no_opacity_the_picture_is_as_it_was_sent(client):
    drawn = opened(post(client, encode(halves()), opacity=0))
    assert np.array_equal(np.asarray(drawn), halves())


def test_the_same_picture_gives_the_same_bytes(client):
    data = encode(halves())
    assert post(client, data).content == post(client, data).content


def test_the_headers_say_what_the_map_belongs_to(client, loaded):
    data = encode(halves())
    answer = post(client, data)
    prediction = client.post("/predict", files={"file": ("a", data)}).json()
    assert (
        answer.headers["x-image-sha256"] == hashlib.sha256(data).hexdigest() == prediction["image"]["sha256"]
    )
    assert answer.headers["x-model-sha256"] == loaded.sha256 == prediction["model"]["sha256"]
    assert answer.headers["x-image-usable"] == "true"


def test_an_image_that_cannot_be_judged_gets_a_map_that_says_so(client):
    blank = encode(np.full((60, 60, 3), 240, np.uint8))
    answer = post(client, blank)
    assert opened(answer).size == (60, 60)
    assert answer.headers["x-image-usable"] == "false"


def test_a_map_is_upright_and_holds_no_metadata(client):
    exif = Image.Exif()
    exif[274] = 6  # to be turned by a quarter
    exif[270] = "Jane Doe, 1960"
    sent = encode(halves(), "JPEG", exif=exif.tobytes(), quality=95)
    answer = post(client, sent, opacity=0)
    drawn = opened(answer)
    assert drawn.size == (120, 200)
    assert not drawn.info
    assert not drawn.getexif()
    assert b"Jane" not in answer.content
    kinds = {answer.content[at + 4 : at + 8] for at in chunks(answer.content)}
    assert kinds == {b"IHDR", b"IDAT", b"IEND"}


def chunks(png):
    at = 8
    while at < len(png):
        yield at
        at += 12 + int.from_bytes(png[at : at + 4], "big")


def test_a_large_picture_is_drawn_smaller_and_a_thin_one_stays_a_picture(client):
    assert opened(post(client, encode(halves((2048, 1000)), "JPEG"))).size == (1024, 500)
    assert opened(post(client, encode(halves((4000, 1))))).size == (1024, 1)


def test_a_small_patch_is_drawn_in_its_own_size(client):
    assert opened(post(client, encode(halves((50, 50))), opacity=1)).getpixel((45, 25)) == AMBER


@pytest.mark.parametrize(
    ("data", "query", "status", "slug"),
    [
        pytest.param(b"Jane Doe, 1960", {}, 415, "image-unreadable", id="no-image"),
        pytest.param(b"", {}, 422, "image-empty", id="empty"),
        pytest.param(bytes(200_001), {}, 413, "body-too-large", id="too-large"),
        pytest.param(b"x", {"opacity": 2}, 422, "request-invalid", id="opacity"),
        pytest.param(b"x", {"opacity": "nan"}, 422, "request-invalid", id="nan"),
        pytest.param(b"x", {"overlay": "Jane"}, 422, "request-invalid", id="overlay"),
        pytest.param(b"x", {"patient": "Jane"}, 422, "request-invalid", id="unknown"),
    ],
)
def test_every_mistake_is_a_problem(client, data, query, status, slug):
    answer = post(client, data, **query)
    problem = Problem.model_validate_json(answer.content)
    assert (answer.status_code, problem.type) == (status, f"/problems/{slug}")
    assert "Jane" not in answer.text


def test_a_wrong_option_is_named(client):
    assert "opacity" in post(client, b"x", opacity=2).json()["detail"]


def test_a_heat_map_is_recorded_and_an_image_without_one_with_the_reason(loaded, tmp_path):
    path, data = tmp_path / "audit.jsonl", encode(halves())
    with serve(loaded, Journal(path, key=None, max_bytes=10**6)) as client:
        wait_until_ready(client)
        assert post(client, data).status_code == 200
        assert post(client, b"Jane").status_code == 415
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    maps = [entry for entry in entries if entry["event"] == "heatmap"]
    assert [(entry["outcome"], entry["model"]) for entry in maps] == [
        ("usable", loaded.sha256),
        ("image-unreadable", None),
    ]
    assert maps[0]["image"] == hashlib.sha256(data).hexdigest()
    assert "Jane" not in path.read_text()


def test_a_page_of_an_allowed_origin_can_read_what_the_map_belongs_to(loaded):
    with serve(loaded, cors_origins=("https://pacs.example.org",)) as client:
        wait_until_ready(client)
        answer = client.post(
            "/heatmap",
            files={"file": ("a", encode(halves()))},
            headers={"Origin": "https://pacs.example.org"},
        )
        exposed = answer.headers["access-control-expose-headers"]
    assert {"X-Image-SHA256", "X-Model-SHA256", "X-Image-Usable"} <= set(exposed.split(", "))
