"""The classifier of sentences beside the guard's rules, and how it is fitted."""

import shutil
from pathlib import Path

import pytest

from chat_service.classifier import IDEAS, STEPS, WORDS, Classifier, idea_places, pair_places, word_places
from chat_service.knowledge import KnowledgeInvalid, load_knowledge
from chat_service.knowledge.load import FOLDER
from chat_service.passage import Passage
from tools.fit_guard import SENTENCES, Fit, Reader, write

KNOWLEDGE = load_knowledge()


def weights(**places):
    """Weights that are nought but at the places given."""
    content = bytearray(1 + WORDS + IDEAS)
    for place, weight in places.values():
        content[place] = weight % 256
    return bytes(content)


def doubt(text, language="en"):
    words = KNOWLEDGE.languages[language].words
    passage = Passage([text], words)
    return words.classifier.doubt(passage.said(passage.sentences[0]), passage.meant(passage.sentences[0]))


def test_without_weights_nothing_is_doubted_nor_sure():
    assert Classifier(weights()).doubt(["benign"], ["benign"]) == 0


def test_a_weight_counts_where_its_feature_is_and_less_among_many():
    *_, place = word_places("grows")
    classifier = Classifier(weights(word=(1 + place, 80)))
    short, long = (classifier.doubt(["it", *["quite"] * size, "grows"], []) for size in (0, 9))
    assert 0 < long < short
    assert classifier.doubt(["it", "rests"], []) == 0


def test_what_counts_everywhere_counts_for_an_empty_sentence():
    assert Classifier(weights(all=(0, 2 * STEPS))).doubt([], []) == pytest.approx(2)


def test_ideas_have_places_of_their_own_and_their_order_tells():
    assert set(idea_places(["not", "disease"])) != set(idea_places(["disease", "not"]))
    assert all(0 <= place < IDEAS for place in idea_places(["not", "disease", "you", "have"]))
    assert all(0 <= place < WORDS for place in pair_places(["it", "grows"]))


@pytest.mark.parametrize("content", [b"", bytes(WORDS + IDEAS), bytes(2 + WORDS + IDEAS)])
def test_weights_of_another_size_are_refused(content):
    with pytest.raises(ValueError, match="weights instead of"):
        Classifier(content)


@pytest.mark.parametrize("content", [None, b"cut off"])
def test_a_knowledge_base_with_missing_or_cut_weights_is_not_loaded(tmp_path, content):
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "fr" / "classifier.bin"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(KnowledgeInvalid, match=r"fr/classifier\.bin|weights"):
        load_knowledge(tmp_path)


@pytest.mark.parametrize(
    ("language", "sound", "unsound"),
    [
        ("en", "Whether it has spread cannot be seen in a picture.", "It has spread."),
        ("fr", "Je ne peux pas vous promettre que tout ira bien.", "Je vous promets que tout ira bien."),
        ("de", "Ob eine Biopsie nötig ist, sagt Ihnen Ihre Ärztin.", "Eine Biopsie brauchen Sie nicht."),
        ("es", "El programa puede equivocarse.", "El programa nunca se equivoca."),
        ("hi", "यह निदान नहीं है, अपने डॉक्टर से पूछें।", "आपको कैंसर है।"),
    ],
)
def test_the_weights_that_ship_tell_what_is_unsound(language, sound, unsound):
    assert doubt(sound, language) < 0 < doubt(unsound, language)


def test_fitted_weights_tell_what_they_learned_and_serve_as_they_were_fitted(tmp_path, monkeypatch):
    reader = Reader(KNOWLEDGE)
    texts = [text for text in reader.texts("en") if len(text.sentences) < 3]
    some = [text for text in texts if text.sound][:150] + [text for text in texts if not text.sound][:150]
    fit = Fit(some, reader.size)
    right = sum(bool(fit.doubt(text) < 0) is text.sound for text in some)
    assert right > 0.95 * len(some)
    for language in reader.languages:
        (tmp_path / language).mkdir()
    monkeypatch.setattr("tools.fit_guard.FOLDER", tmp_path)
    write(fit, reader)
    words = KNOWLEDGE.languages["en"].words
    written = Classifier((tmp_path / "en" / "classifier.bin").read_bytes())
    for sentence in ("It has spread.", "Please ask your doctor what this means for you."):
        passage = Passage([sentence], words)
        served = written.doubt(passage.said(passage.sentences[0]), passage.meant(passage.sentences[0]))
        assert served == pytest.approx(fit.doubt(reader.read("en", sentence, sound=True)), abs=0.7)
    assert [path.name for path in tmp_path.glob("*/*")] == ["classifier.bin"] * len(reader.languages)


@pytest.mark.parametrize("language", sorted(KNOWLEDGE.languages))
def test_nothing_was_fitted_to_the_texts_that_are_held_out(language):
    held_out = Path(__file__).with_name("held_out")
    for name in ("sound", "unsound"):
        learned = set((SENTENCES / language / f"{name}.txt").read_text("utf-8").splitlines())
        lines = (held_out / f"{name}_{language}.txt").read_text("utf-8").splitlines()
        assert learned.isdisjoint(line.split("|")[-1] for line in lines)
