"""The knowledge base is loaded whole or not at all."""

import shutil
from pathlib import Path

import pytest

import chat_service.knowledge
from chat_service.knowledge import KnowledgeInvalid, load_knowledge

FOLDER = Path(chat_service.knowledge.__file__).parent


@pytest.fixture
def copied(tmp_path):
    shutil.copytree(FOLDER, tmp_path / "knowledge")
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
        ("statistics.yaml", "verification: V}", "verification: S}", "verification"),
        ("statistics.yaml", "source: bloom-1962, ", "", "source"),
        ("statistics.yaml", "source: bloom-1962", "source: hearsay", "hearsay"),
        ("statistics.yaml", "value: 44", "value: 54", "untreated-alive-3-years"),
        ("plan.yaml", "go-through-report, ", "go-nowhere, ", "go-nowhere"),
        ("plan.yaml", "first_action: plan-removal", "first_action: plan-nothing", "plan-nothing"),
        ("sources.yaml", "grade: B", "grade: C", "grade"),
        ("sources.yaml", "https://doi.org", "http://doi.org", "url"),
        ("en/statements.yaml", "bloom-1962:", "bloom-1963:", "bloom-1962"),
        ("en/paragraphs.yaml", "{lean}", "{leaning}", "leaning"),
        ("en/summaries.yaml", "unusable:", "unreadable:", "unreadable"),
        ("en/actions.yaml", "title:", "titel:", "title"),
        ("en/words.yaml", "bsurviv'", "b(surviv'", "survival"),
        ("plan.yaml", "kinds:", "kinds: [", "cannot be read"),
    ],
)
def test_a_gap_is_named_and_refused(copied, file, old, new, place):
    change(copied / file, old, new)
    with pytest.raises(KnowledgeInvalid, match=place):
        load_knowledge(copied)


def test_a_missing_file_is_named(copied):
    (copied / "en" / "stage.yaml").unlink()
    with pytest.raises(KnowledgeInvalid, match=r"en/stage\.yaml"):
        load_knowledge(copied)


def test_adding_a_language_is_adding_a_folder(copied):
    shutil.copytree(copied / "en", copied / "fr")
    knowledge = load_knowledge(copied)
    assert knowledge.language_of("fr-CA") == "fr"
    assert knowledge.language_of("de") == "en"


def test_no_source_is_kept_that_nothing_cites():
    knowledge = load_knowledge()
    plan, chat = knowledge.plan, knowledge.languages["en"].chat
    entries = [*plan.actions.values(), *plan.subtypes.values(), plan.stage, plan.survival]
    entries += [*chat.topics, chat.other, chat.survival]
    cited = {key for entry in entries for key in entry.sources}
    cited |= {key for keys in (*plan.paragraphs.values(), *plan.specialists.values()) for key in keys}
    cited |= {statistic.source for statistic in knowledge.statistics.values()}
    assert cited == set(knowledge.sources)


def test_no_label_stands_for_two_kinds_of_tissue():
    names = [name for entry in load_knowledge().plan.subtypes.values() for name in entry.names]
    assert len(names) == len(set(names))
