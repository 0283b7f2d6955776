"""The knowledge base is loaded whole or not at all."""

import shutil
from pathlib import Path

import pytest

import chat_service.knowledge
from chat_service.knowledge import KnowledgeInvalid, load_knowledge

FOLDER = Path(chat_service.knowledge.__file__).parent


@pytest.fixture
def copied(tmp_path):
    # English alone: other languages would only take time.
    shutil.copytree(FOLDER, tmp_path / "knowledge", ignore=shutil.ignore_patterns("[!e]?", "e[!n]"))
    return tmp_path / "knowledge"


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_every_source_and_statistic_was_verified():
    knowledge = load_knowledge()
    assert {entry.verification for entry in knowledge.statistics.values()} <= {"V", "V-copy"}
    assert {entry.verification for entry in knowledge.sources.values()} <= {"V", "V-copy"}


@pytest.mark.parametrize(
    ("file", "old", "new", "place"),
    [
        ("graph/statistics.yaml", "verification: V,", "verification: S,", "verification"),
        ("graph/statistics.yaml", "verified: 2026-11", "verified: lately", "verified"),
        ("graph/statistics.yaml", "source: bloom-1962, ", "", "source"),
        ("graph/statistics.yaml", "source: bloom-1962", "source: hearsay", "hearsay"),
        ("graph/statistics.yaml", "value: 44", "value: 54", "untreated-alive-3-years"),
        ("graph/statistics.yaml", "interval: {low: 1.11", "interval: {low: 1.12", "fibroadenoma-later-risk"),
        ("graph/decisions.yaml", "go-through-report, ", "go-nowhere, ", "go-nowhere"),
        ("graph/decisions.yaml", "unusable:", "unreadable:", "unreadable"),
        ("graph/diagnoses.yaml", "next_steps: [plan-removal]", "next_steps: [plan-nothing]", "plan-nothing"),
        ("graph/diagnoses.yaml", "next_steps: [plan-removal]", "next_steps: [excision]", "no Action"),
        ("graph/diagnoses.yaml", "next_steps: [plan-removal]", "next_steps: []", "phyllodes.next_steps"),
        (
            "graph/diagnoses.yaml",
            "specialists: [breast-surgeon, pathologist]",
            "specialists: []",
            "specialists",
        ),
        ("graph/diagnoses.yaml", "sources: [nci-dcis]", "sources: []", "dcis.sources"),
        ("graph/procedures.yaml", "grading:", "grade:", "grade is a Finding and a Procedure"),
        ("graph/outlooks.yaml", "median: [untreated-median-pooled, ", "median: [", "median"),
        ("graph/sources.yaml", "grade: B", "grade: C", "grade"),
        ("graph/sources.yaml", "https://doi.org", "http://doi.org", "url"),
        ("en/statements.yaml", "bloom-1962:", "bloom-1963:", "bloom-1962"),
        ("en/paragraphs.yaml", "{lean}", "{leaning}", "leaning"),
        ("en/summaries.yaml", "unusable:", "unreadable:", "unreadable"),
        ("en/actions.yaml", "title:", "titel:", "title"),
        ("en/words.yaml", "letters:", "letter:", "letter"),
        ("graph/decisions.yaml", "benign:", "benign: [", "cannot be read"),
    ],
)
def test_a_gap_is_named_and_refused(copied, file, old, new, place):
    change(copied / file, old, new)
    with pytest.raises(KnowledgeInvalid, match=place):
        load_knowledge(copied)


@pytest.mark.parametrize("name", ["stage.yaml", "plain.txt"])
def test_a_missing_file_is_named(copied, name):
    (copied / "en" / name).unlink()
    with pytest.raises(KnowledgeInvalid, match=f"en/{name}"):
        load_knowledge(copied)


def test_adding_a_language_is_adding_a_folder(copied):
    shutil.copytree(copied / "en", copied / "it")
    knowledge = load_knowledge(copied)
    assert knowledge.language_of("it-CH") == "it"
    assert knowledge.language_of("pt") == "en"


def test_no_label_stands_for_two_kinds_of_tissue():
    names = [name for entry in load_knowledge().plan.subtypes.values() for name in entry.names]
    assert len(names) == len(set(names))
