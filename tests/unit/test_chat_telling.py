"""Prose is shown while its JSON arrives, and only what has passed the guard."""

import json
import re

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_service.engine import NoAnswer
from chat_service.gate import Objectionable
from chat_service.telling import Telling, unfenced

FIELDS = ("summary", "explanation")


class Shown:
    def __init__(self):
        self.texts = []

    async def text(self, text):
        self.texts.append(text)

    async def reset(self):
        self.texts.append(None)


class Guard:
    """Gives back whole sentences, and objects to one phrase wherever it is cut."""

    def __init__(self):
        self.before, self.waiting = "", ""

    def feed(self, text):
        self.waiting += text
        end = max((match.start() for match in re.finditer(r"\s", self.waiting)), default=0)
        return self._release(end)

    def close(self):
        return self._release(len(self.waiting))

    def _release(self, end):
        ready, self.waiting = self.waiting[:end], self.waiting[end:]
        self.before += ready
        if "you have cancer" in " ".join(self.before.replace(".", "").split()).lower():
            raise Objectionable({"diagnosis"})
        return ready


def tell(text, size=1, final=None):
    """Feed a text in pieces; returns what was shown and why it ended."""
    shown = Shown()

    async def feed():
        telling = Telling(FIELDS, Guard(), shown)
        for start in range(0, len(text), size):
            await telling.hear(text[start : start + size])
        if final is not None:
            await telling.finish(final)

    try:
        anyio.run(feed)
    except NoAnswer as error:
        return shown.texts, error.reason
    return shown.texts, None


def test_prose_is_shown_as_soon_as_the_guard_gives_it_back():
    text = json.dumps({"summary": "One is here. Two is", "explanation": "Three."})
    shown, _ = tell(text[:32])
    assert "".join(shown) == "One is here. Two"
    shown, reason = tell(text, final="One is here. Two is\n\nThree.")
    assert (reason, "".join(shown)) == (None, "One is here. Two is\n\nThree.")


@given(st.integers(1, 40), st.booleans(), st.sampled_from(["", "```json\n", "``` \n", " \n"]))
def test_however_it_is_cut_what_was_shown_adds_up(size, ascii_only, fence):
    words = {
        "summary": ' Ein "Satz"\\. Zwei: é 😀! ',
        "explanation": "Drei?\n\nVier.",
        "facts": ["a. b", "c"],
    }
    text = fence + json.dumps(words, ensure_ascii=ascii_only) + ("\n```" if "`" in fence else "")
    final = 'Ein "Satz"\\. Zwei: é 😀!\n\nDrei?\n\nVier.'
    shown, reason = tell(text, size, final)
    assert reason is None
    assert "".join(shown) == final
    assert json.loads(unfenced(text)) == words


def test_what_is_forbidden_cannot_hide_across_sentences_or_fields():
    for words in (
        {"summary": "Good day. You have cancer. Bye.", "explanation": "x."},
        {"summary": "Good day. You have. Cancer. Bye.", "explanation": "x."},
        {"summary": "Good day. You", "explanation": "have cancer. Bye."},
    ):
        shown, reason = tell(json.dumps(words))
        assert reason == "unsafe-answer"
        assert "".join(shown).startswith("Good day.")
        assert "cancer" not in "".join(shown).lower()


def test_fields_in_another_order_are_shown_in_ours():
    text = json.dumps({"explanation": "Second. Third.", "summary": "First."})
    shown, reason = tell(text, final="First.\n\nSecond. Third.")
    assert (reason, "".join(shown)) == (None, "First.\n\nSecond. Third.")


def test_a_field_that_comes_twice_is_refused():
    text = '{"summary": "One. Two. ", "summary": "Other words. And more. "'
    assert tell(text)[1] == "invalid-answer"


@pytest.mark.parametrize(
    "text", ['Sure! {"summary": "x"}', "[1, 2]", "null", "<html>", "```python\nprint()", "x" * 20_001]
)
def test_what_is_no_json_object_is_refused_at_once(text):
    assert tell(text)[1] == "invalid-answer"


def test_an_answer_without_end_is_refused():
    assert tell(" " * 20_001, size=1000)[1] == "invalid-answer"
    assert tell('{"summary": "' + "word " * 5000, size=1000)[1] == "invalid-answer"


def test_prose_of_another_kind_than_text_is_not_shown():
    assert tell('{"summary": ["One. Two. "], "explanation": "Three. Four. "}') == ([], None)
