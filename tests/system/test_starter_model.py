"""The model that ships: its size, its card, and its figures measured again on the real test folders."""

from pathlib import Path

import numpy as np
import pytest

import artifact
from artifact import Artifact
from artifact.image import decode
from contract import MetricCard
from training.drawing import read_measurements, render
from training.evaluation import auc
from training.rendered import NAME as RENDERED

REAL = ("breakhis-200x", "idc")
LOWEST_AUC = 0.88


@pytest.fixture(scope="module")
def path(root: Path) -> Path:
    return root / "models" / "starter.pt"


@pytest.fixture(scope="module")
def model(path: Path) -> Artifact:
    return artifact.load(path, "cpu")


def card_of(model: Artifact, data_set: str) -> MetricCard:
    return next(card for card in model.card.metrics if card.data_set == data_set)


def test_the_file_is_small_enough_to_ship(path):
    assert path.stat().st_size <= 10_000_000


def test_the_card_reports_each_data_set_apart_and_names_the_rendered_one(model):
    assert {card.data_set for card in model.card.metrics} == {*REAL, RENDERED}
    assert {card.name for card in model.card.data if card.rendered} == {RENDERED}
    assert all(card.licence != "not stated" for card in model.card.data)


@pytest.mark.parametrize("data_set", REAL)
def test_the_card_s_figures_beat_chance_clearly(model, data_set):
    figure = card_of(model, data_set).values["auc"]
    assert figure.value >= LOWEST_AUC
    assert figure.low <= figure.value <= figure.high


def test_the_compressed_file_is_as_good_as_the_full_network_on_validation_data(model):
    compression = model.card.compression
    for data_set, full in compression.full_auc.items():
        assert compression.file_auc[data_set] >= full - 0.005


@pytest.mark.parametrize("data_set", REAL)
def test_the_real_test_folders_give_the_figure_on_the_card(model, data_dir, data_set):
    folder = data_dir / data_set / "test_dataset"
    if not folder.is_dir():
        pytest.skip(f"no {data_set} here: {folder}")
    files = [
        (path, label)
        for label, name in enumerate(("benign", "malignant"))
        for path in (folder / name).iterdir()
    ]
    probabilities = np.array([predict(model, path.read_bytes()) for path, _ in files])
    assert len(files) == card_of(model, data_set).images
    measured = auc(np.array([label for _, label in files]), probabilities)
    assert measured == pytest.approx(card_of(model, data_set).values["auc"].value, abs=0.003)


def predict(model: Artifact, data: bytes) -> float:
    return float(model.predict([decode(data, max_pixels=10**7).pixels]).probabilities[0, 1])


def test_rendered_pictures_of_the_test_rows_are_told_apart(model):
    rows = read_measurements()[4:120:5]
    probabilities = np.array([model.predict([render(m, row)]).probabilities[0, 1] for row, _, m in rows])
    assert auc(np.array([label == "malignant" for _, label, _ in rows]), probabilities) > 0.75
