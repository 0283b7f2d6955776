"""The commands `evaluate` and `accept`, with a made-up model that judges by the mean green value."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artifact import ArtifactMissing, Outputs
from contract import (
    Band,
    Calibration,
    ClassCard,
    Compression,
    GateLimit,
    Interval,
    MetricCard,
    ModelCard,
    OperatingPoint,
    TrainingCard,
)
from training import accept, evaluate
from training.__main__ import main, parse
from training.data import DataProblem
from training.report.document import Report

CLASSES = ("benign", "malignant")


class GreenModel:
    """Takes dark green channels for malignant; the gate's statistic is the contrast."""

    sha256 = "a" * 64

    def __init__(self, classes=CLASSES, metrics=()) -> None:
        self.batches: list[int] = []
        malignant = [name not in {"benign", "adenosis", "fibroadenoma"} for name in classes]
        self.card = ModelCard(
            name="green",
            version="1",
            architecture="none",
            modality="histopathology",
            created="2026-11-01T00:00:00Z",
            licence="CC0",
            classes=[ClassCard(name=n, malignant=m) for n, m in zip(classes, malignant, strict=True)],
            operating_point=OperatingPoint(threshold=0.5, band=Band(low=0.4, high=0.6)),
            calibration=Calibration(temperature=1, prior=0.4, fitted_on="nothing"),
            gate=[GateLimit(statistic="contrast", low=1.0, high=None, code="blank", blocks=True)],
            data=[],
            metrics=list(metrics),
            training=TrainingCard(epochs=0, batch_size=1, learning_rate=0, seed=0, note=""),
            compression=Compression(method="none", rank=0, full_auc={}, file_auc={}),
            tolerance={"cpu": 1e-3},
            intended_use="tests",
            limits=[],
        )

    def predict(self, images) -> Outputs:
        self.batches.append(len(images))
        malignancy = np.array([1 - image[..., 1].mean() / 255 for image in images])
        malignant = np.array([entry.malignant for entry in self.card.classes])
        columns = np.where(malignant, malignancy[:, None], 1 - malignancy[:, None])
        columns = columns / np.where(malignant, malignant.sum(), (~malignant).sum())
        contrast = np.array([image.std() for image in images])
        return Outputs(columns.astype(np.float32), contrast[:, None].astype(np.float32))


def draw(path: Path, green: int, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 40, (20, 30, 3))
    pixels[..., 1] += green
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)


def write_images(folder: Path, split="test_dataset", count=30, patients=10, classes=CLASSES) -> Path:
    """Draw images of patients, every fifth on the wrong side."""
    for label, name in enumerate(classes):
        for row in range(count):
            green = 60 if (label >= len(classes) / 2) != (row % 5 == 0) else 170
            place = folder / split / name / f"{label}{row % patients}"
            draw(place / f"{row}.png", green, seed=100 * label + row)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_images(tmp_path / "mine")


def run(folder: Path, *options: str, command="evaluate", model=None):
    """Run the command on a folder; return what it says and its report."""
    model = model or GreenModel()
    out = folder.parent / "out"
    arguments = [command, "--model", "m.pt", "--data", str(folder), "--out", str(out), *options]
    act = {"evaluate": evaluate.evaluate, "accept": accept.accept}[command]
    said = act(parse(arguments), load=lambda *_: model)
    return said, Report.model_validate_json((out / "report.json").read_bytes())


def test_figures_are_those_of_the_model_s_answers(folder):
    said, report = run(folder, "--prevalence", "0.01")
    level = report.data_sets[0].image_level
    assert level.confusion == {
        "benign": {"benign": 24, "malignant": 6},
        "malignant": {"benign": 6, "malignant": 24},
    }
    assert level.figures["accuracy"].value == pytest.approx(0.8)
    assert level.patients == 20
    assert report.data_sets[0].calibration.fitted_share == 0.4
    assert {worth.prevalence for worth in report.data_sets[0].worth} == {0.01}
    assert "Balanced accuracy         0.800" in said
    assert "report.html" in said


def test_images_are_scored_a_few_at_a_time(folder):
    model = GreenModel()
    run(folder, model=model)
    assert sum(model.batches) == 60
    assert max(model.batches) <= 4


def test_plain_class_folders_are_read_whole(tmp_path):
    _, report = run(write_images(tmp_path / "plain", split=""))
    assert report.data_sets[0].image_level.count == 60


def test_several_folders_are_told_apart(folder, tmp_path):
    other = write_images(tmp_path / "other", count=20)
    _, report = run(folder, "--data", str(other))
    assert [section.name for section in report.sections] == ["mine", "other", "pooled"]


def test_validation_images_are_those_that_training_would_take_and_said_to_flatter(folder):
    write_images(folder, split="train_dataset", count=40, patients=8)
    for sample in (folder / "train_dataset").glob("*/*"):
        sample.rename(sample.with_name(f"train{sample.name}"))
    _, report = run(folder, "--split", "validation")
    assert 10 <= report.data_sets[0].image_level.count <= 30
    assert any("too good" in note for note in report.notes)
    _, report = run(folder, "--split", "all")
    assert report.data_sets[0].image_level.count == 140


def test_blank_images_are_counted_as_refused(folder):
    for row in range(7):
        Image.new("RGB", (20, 20), (200, 200, 200)).save(
            folder / "test_dataset" / "benign" / f"blank{row}.png"
        )
    _, report = run(folder)
    assert report.data_sets[0].unusable == 7


def test_a_model_of_many_classes_reads_folders_that_tell_benign_from_malignant(folder):
    classes = ("adenosis", "fibroadenoma", "ductal", "lobular")
    _, report = run(folder, model=GreenModel(classes))
    assert report.data_sets[0].image_level.figures["accuracy"].value == pytest.approx(0.8)
    assert any("benign from malignant only" in note for note in report.notes)


def test_a_model_of_many_classes_reads_folders_of_its_classes(tmp_path):
    classes = ("adenosis", "fibroadenoma", "ductal", "lobular")
    folder = write_images(tmp_path / "four", classes=classes, count=10)
    _, report = run(folder, model=GreenModel(classes))
    section = report.data_sets[0]
    assert section.classes == dict.fromkeys(classes, 10)
    assert section.image_level.figures["recall"].value == pytest.approx(0.8)
    assert set(section.class_confusion) == set(classes)


def test_unreadable_images_are_named_before_any_is_scored(folder):
    for name in ("one.png", "two.png"):
        (folder / "test_dataset" / "benign" / name).write_bytes(b"no image")
    model = GreenModel()
    with pytest.raises(DataProblem, match=r"2 images cannot be read(?s:.*)one\.png(?s:.*)two\.png"):
        run(folder, model=model)
    assert model.batches == []


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        pytest.param(lambda folder: folder / "nowhere", "There is no folder", id="no folder"),
        pytest.param(lambda folder: folder / "test_dataset" / "benign", "holds no images", id="no classes"),
    ],
)
def test_folders_without_labelled_images_are_named(folder, prepare, words):
    with pytest.raises(DataProblem, match=words):
        run(prepare(folder))


def test_two_folders_of_one_name_are_refused(folder, tmp_path):
    twin = write_images(tmp_path / "twin" / "mine", count=5)
    with pytest.raises(DataProblem, match="one name"):
        run(folder, "--data", str(twin))


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(["--prevalence", "0"], id="no prevalence"),
        pytest.param(["--prevalence", "nan"], id="prevalence that is no number"),
        pytest.param(["--group-pattern", "("], id="broken pattern"),
        pytest.param(["--group-pattern", "[a-z]+"], id="pattern without a group"),
        pytest.param(["--patient-pattern", "[0-9]+"], id="pattern without a patient"),
        pytest.param(["--split", "train"], id="the images trained on"),
    ],
)
def test_options_that_cannot_work_are_refused_at_once(options, folder, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", "--model", "m.pt", "--data", str(folder), *options])
    assert stopped.value.code == 2


def test_patients_can_be_told_by_a_pattern_and_subgroups_by_another(folder):
    patterns = ["--patient-pattern", r"/(?P<patient>\d+)\.png$", "--group-pattern", r"/(?P<ward>\d)\d/"]
    section = run(folder, *patterns)[1].data_sets[0]
    assert section.image_level.patients == 30
    assert [(group.kind, group.name) for group in section.subgroups] == [("ward", "0"), ("ward", "1")]


CLAIM = MetricCard(
    data_set="elsewhere",
    split="test",
    images=100,
    patients=50,
    interval_method="made up",
    values={
        "recall": Interval(value=0.85, low=0.75, high=0.9),
        "specificity": Interval(value=0.85, low=0.78, high=0.9),
    },
    confusion={},
)


@pytest.mark.parametrize(
    ("options", "verdict", "code"),
    [
        pytest.param([], "go", 0, id="as the card claims"),
        pytest.param(["--min-sensitivity", "0.9"], "no-go", 1, id="more than it does"),
        pytest.param(["--surely"], "not-judged", 2, id="not surely"),
    ],
)
def test_local_images_are_held_against_the_card_or_against_what_is_asked(folder, options, verdict, code):
    (said, exit_code), report = run(folder, *options, command="accept", model=GreenModel(metrics=[CLAIM]))
    assert (report.acceptance.verdict, exit_code) == (verdict, code)
    assert said.startswith({"go": "GO.", "no-go": "NO GO.", "not-judged": "CANNOT BE JUDGED."}[verdict])
    assert "Calibration slope" in said
    assert "elsewhere" in said or options == ["--min-sensitivity", "0.9"]
    assert "0.780 (" in said or "0.75" in said


def test_too_few_local_images_are_not_judged(tmp_path):
    folder = write_images(tmp_path / "few", split="", count=12)
    (said, code), _ = run(folder, command="accept", model=GreenModel(metrics=[CLAIM]))
    assert code == 2
    assert "24 images are too few: at least 50 are needed." in said


def test_what_stops_the_acceptance_test_is_not_a_no(folder, capsys):
    missing = str(folder / "none.pt")
    assert main(["accept", "--model", missing, "--data", str(folder)]) == 2
    assert main(["evaluate", "--model", missing, "--data", str(folder)]) == 1
    assert "no model file" in capsys.readouterr().err


def test_answers_that_are_no_numbers_are_not_counted_as_benign(folder):
    class LostModel(GreenModel):
        def predict(self, images):
            outputs = super().predict(images)
            outputs.probabilities[0] = np.nan
            return outputs

    with pytest.raises(DataProblem, match="to 15 images is no number"):
        run(folder, model=LostModel())


def test_a_missing_model_is_found_before_the_images_are_read(folder):
    def load(path, device):
        raise ArtifactMissing("none")

    with pytest.raises(ArtifactMissing):
        evaluate.evaluate(parse(["evaluate", "--model", "m.pt", "--data", str(folder / "none")]), load=load)


def test_every_image_stands_in_the_table(folder):
    run(folder)
    with (folder.parent / "out" / "predictions.csv").open(newline="", encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) == 60
    assert {line["patient"] for line in lines} == {f"{label}{row}" for label in (0, 1) for row in range(10)}
    assert lines[0]["image"] == "test_dataset/benign/00/0.png"
    assert json.loads(lines[0]["malignant"]) == 0
