"""Every command of docs/evaluate.md, on tiny images, with a network in place of hours of fitting."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from artifact import Outputs
from tests.stand_ins import BLANK, make_card
from training import __main__ as room
from training import accept, acceptance, commands, crossvalidate, evaluate, subject
from training.__main__ import parse
from training.evaluation import AIM
from training.evaluation.bootstrap import DRAWS
from training.evaluation.calibration import BINS
from training.networks import Network
from training.networks.network import Pooled
from training.report.document import Report


def judge_by_colour(classes: int) -> Network:
    """Return a network that goes by the green value."""
    line = nn.Linear(3, classes)
    with torch.no_grad():
        line.weight.copy_(torch.tensor([[0.0, 4.0, 0.0], [0.0, -4.0, 0.0]]))
        line.bias.zero_()
    return Network(nn.Identity(), nn.Sequential(Pooled(), line))


def add_images(folder: Path, count: int, split: str = "", prefix: str = "") -> None:
    """Draw images of one patient each, malignant ones darker."""
    rng = np.random.default_rng(len(str(folder)) + len(split))
    for label, name in enumerate(("benign", "malignant")):
        for number in range(count):
            place = folder / split / name / f"{prefix}{split[:2]}{label}{number}"
            place.mkdir(parents=True)
            pixels = rng.integers(0, 90, (12, 12, 3)) + np.array([60, 140 - 60 * label, 60])
            Image.fromarray(pixels.astype(np.uint8)).save(place / f"{'AB'[number % 2]}-1.png")


CARD = make_card(
    gate=[{**BLANK, "low": 1}],
    metrics=[
        {
            "data_set": "elsewhere",
            "split": "test",
            "images": 100,
            "patients": 50,
            "interval_method": "made up",
            "values": {name: {"value": 0.8, "low": 0.7, "high": 0.9} for name in ("recall", "specificity")},
            "confusion": {},
        }
    ],
)


class ColourModel:
    """Stands in for a model file: goes by the green value."""

    sha256 = "b" * 64
    card = CARD

    def predict(self, images) -> Outputs:
        values = np.array([1 / (1 + np.exp((image[..., 1].mean() - 155) / 15)) for image in images])
        columns = np.stack([1 - values, values], axis=1)
        contrast = np.array([[image.std()] for image in images], dtype=np.float32)
        return Outputs(columns.astype(np.float32), contrast)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the folders of the documentation stand, and weights that were trained on them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(commands, "ROOM", 0)
    monkeypatch.setattr(commands, "fit", lambda samples, *_: judge_by_colour(len(samples.classes.names)))
    for name, prefix in (("mine", "a"), ("mine-too", "b")):
        add_images(Path(name), 10, "train_dataset", prefix)
        add_images(Path(name), 4, "test_dataset", prefix)
    add_images(Path("local"), 30)
    bright = Path("mine", "test_dataset", "malignant", "ate10", "A-1.png")
    assert bright.is_file()
    Image.new("RGB", (12, 12), (200, 220, 200)).save(bright)
    assert room.main(["train", "--data", "mine"]) == 0
    return tmp_path


def run(line: str) -> tuple[str, int]:
    """Run a command line; return what it says and its exit code."""
    options = parse(shlex.split(line))
    if line.startswith("cross-validate"):
        return crossvalidate.run(options, fit=lambda *_: judge_by_colour(2)), 0
    if line.startswith("accept"):
        return accept.accept(options, load=lambda *_: ColourModel())
    return evaluate.evaluate(options, load=lambda *_: ColourModel()), 0


def list_commands(root: Path, kind: str) -> list[str]:
    text = (root / "docs" / "evaluate.md").read_text("utf-8")
    return re.findall(rf"^python -m training ({kind} .*)$", text, re.MULTILINE)


def read_report(line: str, default: str) -> Report:
    words = shlex.split(line)
    out = words[words.index("--out") + 1] if "--out" in words else default
    for name in ("report.html", "predictions.csv"):
        assert Path(out, name).stat().st_size > 100
    return Report.model_validate_json(Path(out, "report.json").read_bytes())


def test_what_the_documentation_evaluates_becomes_reports(place, root, monkeypatch):
    monkeypatch.setattr(subject, "build", lambda _, classes: judge_by_colour(classes))
    monkeypatch.setattr(subject, "read_weights", lambda *_: None)
    lines = list_commands(root, "evaluate")
    assert len(lines) == 3
    for line in lines:
        said, _ = run(line)
        assert "Balanced accuracy" in said
    first, before, by_scanner = (read_report(line, "evaluation") for line in lines)
    assert {each.prevalence for each in first.data_sets[0].worth} == {0.01, 0.1}
    assert before.model.sha256 is None
    assert before.data_sets[0].image_level.figures["auc"].value > 0.9
    assert {each.name for each in by_scanner.data_sets[0].subgroups} == {"A", "B"}
    assert "data:image" not in Path("by-scanner", "report.html").read_text("utf-8")
    assert "data:image" in Path("evaluation", "report.html").read_text("utf-8")


def test_what_the_documentation_fits_in_folds_becomes_reports(place, root):
    lines = list_commands(root, "cross-validate")
    assert len(lines) == 2
    for line in lines:
        run(line)
    random, more = (read_report(line, "cross-validation") for line in lines)
    assert [each.by_patient for each in random.folds] == [True, False]
    assert len(random.folds[0].folds) == 3
    assert random.data_sets[0].image_level.count == 20
    assert any("with folds at random, whose networks have met the patients" in note for note in random.notes)
    assert [section.name for section in more.sections] == ["mine"]
    assert more.data_sets[0].image_level.count == 28
    assert "mine-too" in more.images


def test_local_images_of_the_documentation_are_judged(place, root):
    lines = list_commands(root, "accept")
    assert len(lines) == 2
    codes = [run(line)[1] for line in lines]
    assert codes[0] == 0
    assert codes[1] in {0, 1, 2}
    assert read_report(lines[1], "acceptance").acceptance.criteria[0].wanted == "at least 0.900 (as asked)"


def test_the_documented_defaults_are_those_of_the_commands(root):
    text = (root / "docs" / "evaluate.md").read_text("utf-8")
    limits = acceptance.Limits(0, 0, "")
    assert f"at most {limits.indeterminate:.2f}" in text
    assert f"at most {limits.refused:.2f}" in text
    assert (
        f"{acceptance.LEAST_IMAGES} images, {acceptance.LEAST_OF_CLASS} of each class, of "
        f"{acceptance.LEAST_PATIENTS} patients"
    ) in text
    assert f"{DRAWS} bootstrap draws" in text
    assert f"over {BINS} groups" in text
    (line,) = list_commands(root, "export")
    options = parse(shlex.split(line))
    assert (options.band_sensitivity, options.band_specificity) == AIM
