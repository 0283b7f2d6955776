"""Copies of a picture are found whatever was done to them, and different pictures are told apart."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance
from torch import Tensor

from training.data import Sample, read_pixels
from training.drawing import read_measurements, render
from training.duplicates import _steady, _turn, find_copies, fingerprint
from training.folder import read_folder
from training.inspection import look_at

Change = Callable[[Image.Image], Image.Image]


def save_as_jpeg(picture: Image.Image, quality: int = 85) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file)


def resize(picture: Image.Image, factor: float) -> Image.Image:
    return picture.resize((round(picture.width * factor), round(picture.height * factor)))


CHANGES: dict[str, Change] = {
    "saved again as JPEG": save_as_jpeg,
    "half the size": lambda picture: resize(picture, 0.5),
    "larger": lambda picture: resize(picture, 1.7),
    "squashed": lambda picture: picture.resize((picture.width, picture.height * 2 // 3)),
    "brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.08),
    "more contrast": lambda picture: ImageEnhance.Contrast(picture).enhance(1.2),
    "mirrored": lambda picture: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "upside down": lambda picture: picture.transpose(Image.Transpose.ROTATE_180),
    "turned": lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
    "transposed": lambda picture: picture.transpose(Image.Transpose.TRANSVERSE),
    "all at once": lambda picture: save_as_jpeg(
        ImageEnhance.Brightness(resize(picture.transpose(Image.Transpose.ROTATE_270), 0.8)).enhance(1.05)
    ),
}


def look(picture: Image.Image) -> Tensor | None:
    return fingerprint(torch.from_numpy(np.array(picture.convert("RGB"))))


def is_known(picture: Image.Image) -> bool:
    return look(picture) is not None


def stack(pictures: list[Image.Image]) -> Tensor:
    prints = [look(picture) for picture in pictures]
    assert all(found is not None for found in prints)
    return torch.stack(prints)


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    """A dozen different pictures of nuclei."""
    rows = read_measurements()[::50]
    return [Image.fromarray(render(measurements, seed=row)) for row, _, measurements in rows]


@pytest.mark.parametrize("name", CHANGES)
def test_a_copy_is_found_and_nothing_else(pictures, name):
    changed = [CHANGES[name](picture) for picture in pictures]
    assert find_copies(stack(pictures), stack(changed)) == [(row, row) for row in range(len(pictures))]


@pytest.mark.parametrize("name", CHANGES)
def test_a_copy_of_a_real_patch_is_found_and_nothing_else(data_dir, name):
    files = sorted((data_dir / "idc" / "test_dataset" / "malignant").iterdir())[::7]
    patches = [Image.open(file).convert("RGB") for file in files]
    patches = [
        patch for patch in patches if look(patch) is not None and look(CHANGES[name](patch)) is not None
    ]
    assert len(patches) > 50
    changed = [CHANGES[name](patch) for patch in patches]
    assert find_copies(stack(patches), stack(changed)) == [(row, row) for row in range(len(patches))]


@pytest.mark.parametrize(("name", "most_faint"), [("breakhis-200x", 0.01), ("idc", 0.02)])
def test_no_two_real_images_are_taken_for_copies(data_dir, name, most_faint):
    parts = read_folder(data_dir / name, ("benign", "malignant"))
    samples = [sample for part in parts for sample in part]
    seen = look_at(samples)
    assert seen.faint <= most_faint * len(samples)
    assert find_copies(seen.prints) == []


def test_pictures_without_copies_have_none_within(pictures):
    assert find_copies(stack(pictures)) == []
    assert find_copies(stack([*pictures, pictures[7]])) == [(7, len(pictures))]


def test_blocks_that_do_not_divide_the_pictures_lose_none(pictures, monkeypatch):
    monkeypatch.setattr("training.duplicates.BLOCK", 7)
    again = stack(pictures[::-1])
    assert sorted(find_copies(stack(pictures), again)) == [
        (row, len(pictures) - 1 - row) for row in range(len(pictures))
    ]


def test_the_search_ends_after_enough_pairs(pictures):
    assert len(find_copies(stack([pictures[0]] * 50), most=20)) == 20


def blank(colour: int = 245) -> Image.Image:
    return Image.new("RGB", (50, 50), (colour, colour - 3, colour))


def with_speck(place: tuple[int, int]) -> Image.Image:
    picture = blank()
    picture.paste((90, 40, 120), (*place, place[0] + 4, place[1] + 4))
    return picture


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(blank(), id="bare glass"),
        pytest.param(blank(0 + 3), id="black film"),
        pytest.param(save_as_jpeg(with_speck((46, 46)), 60), id="a speck in a corner"),
        pytest.param(Image.new("RGB", (50, 2), (200, 120, 150)), id="a strip of two pixels"),
        pytest.param(Image.linear_gradient("L").resize((60, 60)), id="an even gradient"),
    ],
)
def test_a_picture_that_shows_next_to_nothing_is_not_recognised(picture):
    assert look(picture) is None


def test_noise_of_a_camera_does_not_make_glass_recognisable():
    noise = np.random.default_rng(0).normal(240, 1.5, (50, 50, 3)).clip(0, 255).astype(np.uint8)
    assert fingerprint(torch.from_numpy(noise)) is None


def test_slides_that_end_in_the_same_straight_line_are_not_alike():
    """Patches at the rim of a slide are half tissue, half nothing, in every patient."""
    halves = []
    for seed in range(2):
        tissue = np.random.default_rng(seed).normal(0, 1, (10, 10))
        grown = np.kron(tissue, np.ones((5, 5)))[..., None] * 20 + np.array([200, 130, 180])
        grown[:, 30:] = 255
        halves.append(Image.fromarray(grown.clip(0, 255).astype(np.uint8)))
    assert find_copies(stack(halves[:1]), stack(halves[1:])) == []


def test_what_no_turn_changes_is_never_further_apart_than_the_pictures_are(pictures):
    """The first look at all pairs loses none that the second one would accept."""
    prints = stack(pictures).float()
    agreement = torch.stack([prints @ turned.T for turned in _turn(prints)]).amax(0)
    assert bool((_steady(prints) @ _steady(prints).T >= agreement - 1e-3).all())


def test_the_one_copy_among_twenty_thousand_is_found_in_seconds():
    prints = torch.randn(20_000, 225, generator=torch.Generator().manual_seed(0))
    prints = (prints / prints.norm(dim=1, keepdim=True)).half()
    prints[19_999] = prints[3]
    assert find_copies(prints) == [(3, 19_999)]


def test_unreadable_images_are_all_named(tmp_path):
    samples = []
    for number in range(15):
        path = tmp_path / f"{number:02d}.png"
        path.write_bytes(b"no image")
        samples.append(Sample(Path(path), 0, str(number), "mine"))
    with pytest.raises(Exception, match=r"(?s)15 images cannot be read.*00\.png.*14\.png"):
        look_at(samples)
    with pytest.raises(Exception, match=r"(?s)all are listed in .*list\.txt.*00\.png"):
        look_at(samples, tmp_path / "list.txt")
    assert len((tmp_path / "list.txt").read_text().splitlines()) == 15


def test_an_image_is_decoded_once(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(
        "training.inspection.read_pixels", lambda path: opened.append(path) or read_pixels(path)
    )
    path = tmp_path / "a.png"
    Image.linear_gradient("L").save(path)
    look_at([Sample(path, 0, "1", "mine")])
    assert opened == [path]
