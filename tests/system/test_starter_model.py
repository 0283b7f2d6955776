"""The model that ships: its size, its card, and its figures measured again on the real test folders."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

import artifact
from artifact import Artifact
from artifact.digest import list_digests
from artifact.image import decode
from contract import MetricCard
from training.drawing import read_measurements, render
from training.evaluation import auc
from training.rendered import NAME as RENDERED
from training.report.document import Report

REAL = ("breakhis-200x", "idc")
LOWEST_AUC = 0.88


@pytest.fixture(scope="module")
def path(root: Path) -> Path:
    return root / "models" / "starter.pt"


@pytest.fixture(scope="module")
def model(path: Path) -> Artifact:
    return artifact.load(path, "cpu")


@pytest.fixture(scope="module")
def transferred(root: Path) -> Artifact:
    return artifact.load(root / "models" / "efficientnet_lite0.pt", "cpu")


def card_of(model: Artifact, data_set: str) -> MetricCard:
    return next(card for card in model.card.metrics if card.data_set == data_set)


def test_the_file_is_small_enough_to_ship(path):
    assert path.stat().st_size <= 10_000_000


def test_the_digests_of_the_files_that_ship_stand_beside_them(root):
    for file in (root / "models").glob("*.pt"):
        assert list_digests(file) == {hashlib.sha256(file.read_bytes()).hexdigest()}


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


def test_the_report_in_the_docs_is_of_this_file_and_shows_no_patient_s_image(path, root):
    report = Report.model_validate_json((root / "docs" / "starter" / "report.json").read_text())
    assert report.model.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    page = (root / "docs" / "starter" / "report.html").read_text()
    assert report.model.sha256 in page
    assert "data:image" not in page


@pytest.mark.parametrize("data_set", REAL)
def test_the_real_test_folders_give_the_figure_on_the_card(model, data_dir, data_set):
    files = list_test(data_dir / data_set)
    probabilities = np.array([predict(model, path.read_bytes()) for path, _ in files])
    assert len(files) == card_of(model, data_set).images
    measured = auc(np.array([label for _, label in files]), probabilities)
    assert measured == pytest.approx(card_of(model, data_set).values["auc"].value, abs=0.003)


def list_test(folder: Path) -> list[tuple[Path, int]]:
    """Return the test images with their labels; skip where there are none."""
    if not folder.is_dir():
        pytest.skip(f"no {folder.name} here: {folder}")
    return [
        (path, label)
        for label, name in enumerate(("benign", "malignant"))
        for path in (folder / "test_dataset" / name).iterdir()
    ]


def predict(model: Artifact, data: bytes) -> float:
    return float(model.predict([decode(data, max_pixels=10**7).pixels]).probabilities[0, 1])


def test_rendered_pictures_of_the_test_rows_are_told_apart(model):
    rows = read_measurements()[4:120:5]
    probabilities = np.array([model.predict([render(m, row)]).probabilities[0, 1] for row, _, m in rows])
    assert auc(np.array([label == "malignant" for _, label, _ in rows]), probabilities) > 0.75


def test_the_transferred_model_says_what_it_is_and_has_the_figures_in_its_table(transferred, root):
    assert transferred.card.architecture == "efficientnet_lite0"
    assert (root / "models" / "efficientnet_lite0.pt").stat().st_size <= 10_000_000
    table = (root / "models" / "README.md").read_text()
    for card in transferred.card.metrics:
        figures = [card.values[name] for name in ("auc", "balanced_accuracy", "f1")]
        cells = " | ".join(f"{f.value:.3f} ({f.low:.3f} to {f.high:.3f})" for f in figures)
        assert f"| {card.data_set} | {cells} |" in table


@pytest.mark.parametrize("data_set", ["breakhis-200x"])
def test_the_transferred_model_gives_the_figure_on_its_card(transferred, data_dir, data_set):
    files = list_test(data_dir / data_set)
    probabilities = np.array([predict(transferred, path.read_bytes()) for path, _ in files])
    measured = auc(np.array([label for _, label in files]), probabilities)
    assert measured == pytest.approx(card_of(transferred, data_set).values["auc"].value, abs=0.003)
