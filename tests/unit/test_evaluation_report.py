"""The report: its page stands alone, its document survives, and hostile names do no harm."""

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from PIL import Image

from contract import Band
from training.classes import BINARY, Classes
from training.data import Sample
from training.evaluation import Cut
from training.readings import Readings
from training.report.compose import Wanted, compose, write_report
from training.report.document import FoldsReport, ModelFacts, Report
from training.report.folds import describe_folds
from training.report.page import write_page
from training.report.pictures import MOST, PER_PATIENT, find_mistakes
from training.report.spreadsheet import guard
from training.report.terminal import show_report

MODEL = ModelFacts(
    name="small",
    version="1",
    architecture="small",
    sha256="0" * 64,
    threshold=0.5,
    band=Band(low=0.4, high=0.6),
)
HOSTILE = '<script src="http://evil.example/x.js"></script>$\\frac{1$ \n \udcff =1+1'


def make_readings(count=60, patients=12, data_sets=("mine",), classes=BINARY, folder=Path("/data")):
    """Readings of patients whose images are of one class, right more often than not."""
    rng = np.random.default_rng(0)
    owners = np.arange(count) % patients
    labels = owners % len(classes.names)
    samples = [
        Sample(folder / name / "test_dataset" / f"{row}.png", int(label), f"{name}{owner}", name)
        for name in data_sets
        for row, (label, owner) in enumerate(zip(labels, owners, strict=True))
    ]
    scores = np.eye(len(classes.names))[[sample.label for sample in samples]] * 1.2
    scores += rng.normal(0, 1, scores.shape)
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return Readings(
        samples, classes, chances, classes, Cut(0.5, 0.4, 0.6), np.zeros(len(samples), dtype=bool)
    )


def make_report(readings: Readings, **wanted) -> Report:
    return compose("evaluation", MODEL, readings, {}, Wanted(Path(), prevalences=(0.01,), **wanted))


@pytest.fixture(scope="module")
def report() -> Report:
    return make_report(make_readings(data_sets=("mine", "other")))


class Links(HTMLParser):
    """Collects what a page would fetch, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        fetched = {"src", "href", "xlink:href", "srcset", "data", "action"}
        self.links += [value for name, value in attrs if name in fetched]

    def handle_data(self, data):
        self.text += data


def parse(page: str) -> Links:
    links = Links()
    links.feed(page)
    return links


def test_the_page_fetches_nothing(report):
    mistake = report.mistakes[0]
    page = write_page(report, {mistake.row: "data:image/jpeg;base64,AAAA"})
    links = parse(page)
    assert "data:image/jpeg;base64,AAAA" in links.links
    assert all(link.startswith(("data:image/jpeg;base64,", "#")) for link in links.links)
    assert not re.search(r"https?://|@import|url\((?!#)", page)
    assert "script" not in links.tags


def test_everything_that_a_plot_refers_to_is_there_and_only_once(report):
    page = write_page(report, {})
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    wanted = set(re.findall(r"url\(#([^)]*)\)", page)) | set(re.findall(r'xlink:href="#([^"]*)"', page))
    assert wanted
    assert wanted <= set(ids)


def test_the_page_shows_every_plot_and_figure_with_its_interval(report):
    text = parse(write_page(report, {})).text
    for words in (
        "ROC curve",
        "Precision and recall",
        "Reliability",
        "Confusion matrix",
        "Probabilities",
        "ROC AUC by data set and subgroup",
        "Predictive values",
        "The worst mistakes",
        "For education and research only",
        "Calibration slope",
    ):
        assert words in text
    figure = report.data_sets[0].image_level.figures["auc"]
    assert f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})" in text


def test_the_colours_of_plots_are_the_page_s_own(report):
    page = write_page(report, {})
    drawn = "".join(re.findall(r"<svg.*?</svg>", page, re.S))
    assert "var(--ink)" in drawn
    assert not re.search(r"#0102\d\d", drawn)
    assert "light-dark(" in page


def test_the_same_report_makes_the_same_page(report):
    assert write_page(report, {}) == write_page(report, {})


def test_data_sets_are_told_apart_and_pooled_beside(report):
    assert [section.name for section in report.sections] == ["mine", "other", "pooled"]
    assert report.pooled.image_level.count == 120
    assert make_report(make_readings()).pooled is None


def test_the_document_survives_its_file(report):
    assert Report.model_validate_json(report.model_dump_json()) == report


def test_the_document_keeps_to_the_schema_in_docs(report, root):
    # Written by: json.dumps(Report.model_json_schema(), indent=1)
    schema = json.loads((root / "docs" / "report.schema.json").read_text("utf-8"))
    assert schema == Report.model_json_schema()
    jsonschema.validate(json.loads(report.model_dump_json()), schema)


def test_images_of_one_class_give_a_report_that_says_so():
    readings = make_readings()
    report = make_report(readings.take(np.flatnonzero(readings.labels == 1).tolist()))
    figures = report.data_sets[0].image_level.figures
    assert figures["auc"].value is None
    assert figures["recall"].value is not None
    assert any("all images are of one class" in note for note in report.notes)
    assert "ROC curve of" in write_page(make_report(readings), {})
    assert "ROC curve of" not in write_page(report, {})


def test_a_single_image_gives_a_report():
    report = make_report(make_readings().take([0]))
    assert report.data_sets[0].image_level.count == 1
    assert "1 images of 1 patients" in parse(write_page(report, {})).text


def test_many_classes_are_counted_class_by_class():
    classes = Classes(("adenosis", "fibroadenoma", "ductal", "<lobular>"), (False, False, True, True))
    report = make_report(make_readings(classes=classes))
    section = report.data_sets[0]
    assert section.image_level.malignant == 30
    assert sum(sum(row.values()) for row in section.class_confusion.values()) == 60
    assert "truly <lobular>" in parse(write_page(report, {})).text
    assert {group.name for group in section.subgroups} == set(classes.names)


def test_patients_are_left_out_where_the_image_and_not_the_patient_is_labelled():
    readings = make_readings(patients=12)
    mixed = [sample._replace(patient=str(row % 5)) for row, sample in enumerate(readings.samples)]
    section = make_report(readings._replace(samples=mixed)).data_sets[0]
    assert section.patient_level is None
    assert "have images of both classes" in section.patient_note


def test_the_worst_mistakes_come_first_and_few_of_each_patient():
    readings = make_readings(300, patients=30)
    mistakes = find_mistakes(readings)
    assert len(mistakes) == MOST
    errors = [abs(each.malignant_probability - (each.truth == "malignant")) for each in mistakes]
    assert errors == sorted(errors, reverse=True)
    patients = [readings.samples[each.row - 2].patient for each in mistakes]
    assert max(patients.count(patient) for patient in patients) <= PER_PATIENT
    assert all((each.malignant_probability >= 0.5) != (each.truth == "malignant") for each in mistakes)


@pytest.fixture
def pictured(tmp_path: Path) -> Readings:
    """Readings of images that are there."""
    readings = make_readings(folder=tmp_path)
    for sample in readings.samples:
        sample.path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (50, 30), (200, 120, 180)).save(sample.path)
    return readings


def test_files_hold_pictures_only_if_they_are_wanted(pictured, tmp_path):
    for pictures in (True, False):
        out = tmp_path / str(pictures)
        write_report(make_report(pictured), pictured, Wanted(out, pictures=pictures))
        page = (out / "report.html").read_text("utf-8")
        assert ("data:image/jpeg" in page) == pictures
        assert ("images of the patients" in page) == pictures
        assert {path.name for path in out.iterdir()} == {"report.html", "report.json", "predictions.csv"}


def test_neither_page_nor_document_names_a_file_or_a_patient(pictured, tmp_path):
    named = [sample._replace(patient=f"Doe-{sample.patient}") for sample in pictured.samples]
    readings = pictured._replace(samples=named)
    write_report(make_report(readings), readings, Wanted(tmp_path / "out"))
    for name in ("report.html", "report.json"):
        text = (tmp_path / "out" / name).read_text("utf-8")
        assert "Doe-" not in text
        assert ".png" not in text
        assert str(tmp_path) not in text
    assert "Doe-" in (tmp_path / "out" / "predictions.csv").read_text("utf-8")


def test_every_image_has_its_line_in_which_the_mistakes_are_found(pictured, tmp_path):
    report = make_report(pictured)
    write_report(report, pictured, Wanted(tmp_path / "out"))
    with (tmp_path / "out" / "predictions.csv").open(newline="", encoding="utf-8") as stream:
        lines = list(csv.reader(stream))
    assert len(lines) == 1 + len(pictured.samples)
    head = lines[0]
    assert report.mistakes
    for mistake in report.mistakes:
        row = dict(zip(head, lines[mistake.row - 1], strict=True))
        assert row["class"] == mistake.truth
        assert float(row["malignant probability"]) == pytest.approx(mistake.malignant_probability, abs=1e-6)
        assert row["decision"] == mistake.decision
    assert lines[1][head.index("image")] == "test_dataset/0.png"


def test_hostile_names_are_only_text(tmp_path):
    readings = make_readings()
    samples = [
        sample._replace(
            data_set=HOSTILE, patient=f"{HOSTILE}{sample.patient}", path=tmp_path / f"=HYPERLINK{row}.png"
        )
        for row, sample in enumerate(readings.samples)
    ]
    readings = readings._replace(samples=samples)
    report = make_report(readings)
    write_report(report, readings, Wanted(tmp_path / "out"))
    links = parse((tmp_path / "out" / "report.html").read_text("utf-8"))
    assert "script" not in links.tags
    assert "<script" in links.text
    Report.model_validate_json((tmp_path / "out" / "report.json").read_bytes())
    with (tmp_path / "out" / "predictions.csv").open(newline="", encoding="utf-8") as stream:
        cells = [cell for line in csv.reader(stream) for cell in line]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)
    assert guard("-1") == "'-1"
    show_report(report, tmp_path).encode("utf-8")


def test_folds_report_mean_and_spread_and_name_the_inflated_ones():
    readings = make_readings(120, patients=24)
    numbers = np.array([1 + int(s.patient.removeprefix("mine")) // 2 % 3 for s in readings.samples])
    folds = describe_folds(readings._replace(folds=numbers), by_patient=True)
    random = [FoldsReport.model_validate(folds[0].model_dump() | {"by_patient": False})]
    aucs = [fold.figures["auc"] for fold in folds[0].folds]
    assert len(aucs) == 3
    assert folds[0].mean["auc"] == pytest.approx(np.mean(aucs))
    assert folds[0].sd["auc"] == pytest.approx(np.std(aucs, ddof=1))
    report = make_report(readings).model_copy(update={"folds": [*folds, *random]})
    text = parse(write_page(report, {})).text
    assert "standard deviation" in text
    assert "folds at random: inflated" in text
