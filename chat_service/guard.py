"""The guard over prose that a language model wrote. It forbids; it does not demand style."""

import re
from collections.abc import Iterable, Set

from chat_service.characters import has_odd_characters, simplify
from chat_service.claims import CONTRADICTIONS, GROUNDED, RULES
from chat_service.figures import (
    ROMAN_NUMBERS,
    TENS,
    Number,
    counted,
    numbers_of_passage,
    places_of_amounts,
)
from chat_service.grounds import Grounds
from chat_service.knowledge import Kind, Words
from chat_service.meetings import Ground, Meeting
from chat_service.numbers import unsupported_numbers
from chat_service.passage import SENTENCE_END, Passage

LONGEST = 6000
"""More characters than any answer of ours has."""
ENOUGH = 4
"""A sentence of fewer words may hold no common word of its language."""
TERSE = 9
"""Nor may one of up to so many words that speaks of our subject in words of the language."""
STUMP = 1
"""Words of a line that ends without a full stop and says nothing."""
MARKUP = re.compile(
    r"https?:|www\.|\b[\w-]{1,63}\.(?:com|org|net|info|io|gov|edu|ru|cn|xyz|de|fr|es|in|uk|eu|me)\b"
    r"|[<>{}\[\]|\\`#*_~^@$=+]|&\w{1,8};|javascript:"
)
BROKEN_OFF = re.compile(r"[,;:\s]\s*\.\s*$")
"""A full stop behind a comma or a space: somebody ended what had not come to its end."""
LISTED = re.compile(r"[-\u2013\u2014\u2022\u00b7]\s|\(?\d{1,2}[.)](?:\s|$)")
"""How the line of a list begins."""
CITATION = re.compile(
    r"\bdoi\b|\b10\.\d{4,9}/|\bpmid\b|\bpmc\d|\bet al\b|\bisbn\b"
    r"|\b[^\W\d_]{2,40},? \(?(?:18|19|20)\d\d[a-z]?\)"
)


AMOUNTS = frozenset({"quantity", "fraction", "percent", "rank", "chance", "span"})
"""Ideas that make a statistic of a sentence about survival."""


UNITS = frozenset({"percent", "time", "among"})
"""Ideas that make a figure of a small number in words."""
OPEN_TO_DOUBT = frozenset(
    ["diagnosis", "care", "reassurance", "alarm", "promise", "medicine", "forecast", "wording"],
)
"""Objections that the classifier may overrule: the ideas behind them also meet in much that is harmless.

A figure, a stage, a grade, a receptor, a source or the machinery behind the answer is not among them.
"""
DOUBTFUL, SOUND = 0.3, -0.5
"""Log-odds above which the classifier objects to a sentence, and below which every part of one must be that a
rule is overruled in. Chosen on texts that it had not seen: docs/decisions/0021-classifier.md."""


class Guard:
    """Judges the prose of one answer: by rules, and by a classifier that learned from labelled sentences.

    Args:
        words: The language that was asked for.
        known_numbers: Numbers of the facts that were handed over.
        survival_allowed: Whether survival may be spoken of at all, without figures.
        facts: Texts of the facts that were handed over; drugs, percentages and the like that stand in them
            may be repeated.
        kind: What the picture was read as; a text that says otherwise is refused.
    """

    def __init__(
        self,
        words: Words,
        *,
        known_numbers: Set[float],
        survival_allowed: bool,
        facts: Iterable[str] = (),
        kind: Kind | None = None,
    ) -> None:
        self._words = words
        self._survival_allowed = survival_allowed
        self._grounds = Grounds(words, known_numbers, facts)
        self._rules = RULES + (CONTRADICTIONS[kind] if kind else ())

    def judge_text(self, text: str) -> set[str]:
        """Return what is wrong with a whole text, in short codes; an empty set means that it may be shown."""
        plain = simplify(text[: LONGEST + 1]).strip()
        if not plain or len(text) > LONGEST:
            return {"length"}
        return self.judge(SENTENCE_END.split(plain))

    def judge(self, sentences: list[str]) -> set[str]:
        """Return what is wrong with sentences that stand in a row, simplified; facts may be quoted."""
        sentences = [sentence for sentence in sentences if sentence not in self._grounds.sentences]
        passage = Passage(sentences, self._words)
        numbers = numbers_of_passage(passage, self._words.counting)
        found = self._form(sentences) | self._language(passage) | self._figures(passage, sentences, numbers)
        found |= self._doubted(passage, numbers) | self._scope(passage) | self._claims(passage)
        return found | self._survival(passage, numbers)

    def _doubted(self, passage: Passage, numbers: list[Number]) -> set[str]:
        """Refuse doubtful sentences, but those with figures: rules know which of these stand in the facts."""
        doubtful = [each for each in passage.sentences if each and self._doubt(passage, each) > DOUBTFUL]
        if not doubtful:
            return set()
        counted_in = {hit.first for hit in passage.hits if hit.idea in UNITS}
        figures = {
            number.first
            for number in numbers
            if not number.written_out or number.value > TENS or number.last + 1 in counted_in
        }
        return {"unsupported"} if any(map(figures.isdisjoint, doubtful)) else set()

    def _is_sound(self, passage: Passage, sentence: range) -> bool:
        """Tell whether a sentence and each of its clauses is sound: a claim can hide beside others."""
        return all(self._doubt(passage, part) < SOUND for part in passage.parts(sentence))

    def _doubt(self, passage: Passage, part: range) -> float:
        return self._words.classifier.doubt(passage.said(part), passage.meant(part))

    def _scope(self, passage: Passage) -> set[str]:
        """Refuse a sentence with words that a lead-in has no need of and that no single fact holds.

        Words of survival have a rule of their own; ordinary words may stand in a sound sentence.
        """
        judged = {hit.first for hit in passage.hits if hit.idea == "survival"}
        for sentence in passage.sentences:
            said = (passage.words[at] for at in sentence if at not in judged)
            strange = [word for word in said if not self._words.vocabulary.holds(word)]
            if not strange or self._grounds.cover(strange):
                continue
            if not all(map(self._words.wider.holds, strange)):
                return {"scope"}
            if not self._is_sound(passage, sentence):
                return {"wording"}
        return set()

    def _form(self, sentences: list[str]) -> set[str]:
        text = "\n".join(sentences)
        folded = text.casefold()
        found = {"character"} if has_odd_characters(text, self._words.letters) else set()
        found |= {"cut"} if any(self._is_cut(sentence) for sentence in sentences) else set()
        listed = any(map(LISTED.match, sentences))
        found |= {"markup"} if listed or MARKUP.search(folded) else set()
        return found | ({"citation"} if CITATION.search(folded) else set())

    def _is_cut(self, sentence: str) -> bool:
        """Tell whether a sentence breaks off: with a comma, with a word that none ends with, or at once."""
        stump = len(sentence.split()) <= STUMP and sentence.strip()[-1:].isalpha()
        last = self._words.fold(sentence).rsplit(None, 1)[-1] if sentence.strip() else ""
        broken = last.endswith((",", "-", "\u2013", "(")) or last in self._words.dangling
        return stump or broken or bool(BROKEN_OFF.search(sentence))

    def _language(self, passage: Passage) -> set[str]:
        """Refuse a sentence in which words of other languages outweigh the common words of this one."""
        known = {hit.first for hit in passage.hits}
        for sentence in passage.sentences:
            tokens = [word for word in passage.words[sentence.start : sentence.stop] if not word[0].isdigit()]
            own = sum(word in self._words.common for word in tokens)
            foreign = sum(word in self._words.alien for word in tokens)
            terse = not known.isdisjoint(sentence) and len(tokens) <= TERSE
            strange = len(tokens) >= ENOUGH and not own and not terse
            if strange or foreign > own + 1 or foreign > max(own, 1):
                return {"language"}
        return set()

    def _figures(self, passage: Passage, sentences: list[str], numbers: list[Number]) -> set[str]:
        unknown = {number.value for number in numbers if number.written_out} - self._grounds.numbers
        found = {"number"} if any(value > TENS for value in unknown) else set()
        found |= {"number"} if unsupported_numbers(sentences, self._grounds.numbers) else set()
        found |= {"number"} if not ROMAN_NUMBERS.isdisjoint(passage.words) else set()
        found |= {"tnm"} if passage.codes and not self._grounds.has_codes else set()
        kinds = {kind for kind, *_ in self._grounds.lack(counted(passage, numbers))}
        codes = {"percent": "statistic", "share": "statistic", "time": "duration"}
        return found | {code for kind, code in codes.items() if kind in kinds}

    def _claims(self, passage: Passage) -> set[str]:
        ground = Ground(passage.hits, passage.places, passage.clauses, self._words.behind)
        found = ground.meetings(self._rules)
        return {
            meeting.rule.code
            for meeting in found
            if not self._grounded(meeting.rule.code, meeting.span, passage)
            and not self._overruled(meeting, passage)
        }

    def _overruled(self, meeting: Meeting, passage: Passage) -> bool:
        if meeting.rule.code not in OPEN_TO_DOUBT:
            return False
        first, last = meeting.span
        around = (each for each in passage.sentences if first in each and last in each)
        return any(self._is_sound(passage, sentence) for sentence in around)

    def _grounded(self, code: str, span: tuple[int, int], passage: Passage) -> bool:
        return code in GROUNDED and self._grounds.hold(passage.quote(*span))

    def _survival(self, passage: Passage, numbers: list[Number]) -> set[str]:
        """Refuse words of survival where there is no place for them, and everywhere beside an amount."""
        words = [hit.first for hit in passage.hits if hit.idea == "survival"]
        if not words:
            return set()
        near = [sentence for sentence in passage.sentences if any(at in sentence for at in words)]
        counting = self._words.counting
        amounts = places_of_amounts(passage, numbers)
        said = (hit.first for hit in passage.hits if hit.idea in AMOUNTS)
        amounts |= {at for at in said if passage.words[at] not in counting}
        paired = any(at in sentence for sentence in near for at in amounts - set(words))
        return {"survival"} if paired or not self._survival_allowed else set()
