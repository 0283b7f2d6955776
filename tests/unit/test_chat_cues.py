"""Cues and the form of text they are sought in."""

import pytest

from chat_service.cues import fold, read_cue, sentences


def found(cue: str, text: str) -> bool:
    return any(read_cue(cue).pattern.search(" ".join(tokens)) for tokens in sentences(text))


@pytest.mark.parametrize(
    ("cue", "text"),
    [
        ("lose|losing breast|boob*", "Will I be LOSING both my boobs?"),
        ("no_longer feel", "I no longer feel my feet"),
        ("chemo* ... fever", "chemotherapy was on Monday, and since last night a fever"),
        ("*biopsie", "Wann ist die Stanzbiopsie?"),
        ("^why$", "Why?"),
        ("cant breathe", "I can\u2019t breathe"),
        ("j'ai fièvre", "j\u2019ai de la FIEVRE"),
        ("schmerzen gross", "Die Schmerzen sind groß"),
        ("बुखार", "मुझे बुखार है।"),
        ("जांच", "जाँच कब है"),
        ("ज़रूरी", "क्या यह जरूरी है?"),
    ],
)
def test_a_cue_stands_in(cue, text):
    assert found(cue, text)


@pytest.mark.parametrize(
    ("cue", "text"),
    [
        ("lose breast", "I lose my way, and then there is this breast"),
        ("lose breast", "breast: lose it?"),
        ("lose breast", "What do I lose? My breast."),
        ("^why$", "Why is that?"),
        ("boob", "boobs"),
        ("chemo* ... fever", "chemo one two three four five six seven eight nine fever"),
    ],
)
def test_a_cue_does_not_stand_in(cue, text):
    assert not found(cue, text)


@pytest.mark.parametrize("written", ["", "...", "a|", "* b"])
def test_a_cue_without_words_is_refused(written):
    with pytest.raises(ValueError, match="cue"):
        read_cue(written)


def test_a_decimal_point_ends_no_sentence():
    assert sentences("It says 0.87. Why?") == [["it", "says", "087"], ["why"]]


def test_folding_twice_changes_nothing():
    for text in ("Größe", "j'ai", "œdème", "ज़रूरी जाँच", "İstanbul", "\ufb01nal ²"):
        assert fold(fold(text)) == fold(text)
