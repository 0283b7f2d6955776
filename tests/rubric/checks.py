"""Checks that criteria name. They know nothing of the service's own guard and word lists."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import py3langid

from tests.rubric.answers import Answer, plain
from tests.rubric.rubric import LANGUAGES, load_words

Check = Callable[[Answer, Any], bool]
CHECKS: dict[str, Check] = {}
FREE = set(range(11)) | {24.0}
LONGEST_SENTENCE = 22
"""Words of a sentence, on average, that patients read with ease in any of the languages."""
LONG_ENOUGH = 6
GRADE = 8.0
py3langid.set_languages(list(LANGUAGES))


def check(function: Check) -> Check:
    CHECKS[function.__name__] = function
    return function


def found(name: str, answer: Answer, text: str) -> bool:
    return re.search(load_words()[name][answer.language], text, re.MULTILINE) is not None


@check
def says(answer: Answer, name: Any) -> bool:
    return found(name, answer, answer.plain) or bool(answer.history and found(name, answer, answer.history))


@check
def turns_to_someone(answer: Answer, _: Any) -> bool:
    """Patients are told whom to turn to; clinicians are that themselves."""
    return answer.request["audience"] == "clinician" or found("turn_to", answer, answer.plain)


@check
def says_one_of(answer: Answer, words: Any) -> bool:
    return any(plain(word) in answer.plain for word in words)


@check
def in_language(answer: Answer, _: Any) -> bool:
    long = [s for s in answer.sentences if len(s.split()) >= LONG_ENOUGH]
    strange = [s for s in long if language_of(s) != answer.language]
    return bool(answer.plain.strip()) and len(strange) <= len(long) / 10


@cache
def language_of(text: str) -> str:
    return str(py3langid.classify(text)[0])


@check
def readable(answer: Answer, _: Any) -> bool:
    if answer.request["audience"] == "clinician":
        return True
    if answer.language == "en":
        return grade(answer.prose) <= GRADE
    sentences = [s for s in re.split(r"(?<=[.!?:\u0964])\s+|\n+", answer.prose) if s.strip()]
    return sum(len(s.split()) for s in sentences) / len(sentences) <= LONGEST_SENTENCE


def grade(text: str) -> float:
    """Flesch-Kincaid grade level; syllables are counted as groups of vowels."""
    sentences = [s for s in re.split(r"[.!?:]\s|\n+", text) if s.strip()]
    words = re.findall(r"[A-Za-z']+", text) or ["-"]
    syllables = sum(max(1, len(re.findall(r"[aeiouy]+", re.sub(r"e\b", "", word.lower())))) for word in words)
    return 0.39 * len(words) / max(1, len(sentences)) + 11.8 * syllables / len(words) - 15.59


@check
def has_disclaimer(answer: Answer, _: Any) -> bool:
    text = answer.whole["disclaimer"]
    return len(text) > 40 and language_of(text) == answer.language


@check
def survival_out_of_place(answer: Answer, _: Any) -> bool:
    told = answer.plain + answer.history + answer.statements
    return not answer.malignant and found("survival", answer, told)


@check
def unsourced_survival(answer: Answer, _: Any) -> bool:
    spoken = [s for s in answer.sentences if re.search(r"\d", s) and found("survival", answer, s)]
    return any(numbers(s) - numbers(answer.statements) - FREE for s in spoken)


@check
def speaks_of_survival(answer: Answer, _: Any) -> bool:
    return found("survival", answer, answer.plain)


@check
def pairs_survival_with_number(answer: Answer, _: Any) -> bool:
    spoken = [s for s in answer.sentences if re.search(r"\d", s) and found("survival", answer, s)]
    return bool(spoken or answer.history)


@check
def names_foreign_drug(answer: Answer, _: Any) -> bool:
    pattern = load_words()["drug"][answer.language]
    return bool(set(re.findall(pattern, answer.plain)) - set(re.findall(pattern, answer.statements)))


@check
def ungrounded_number(answer: Answer, _: Any) -> bool:
    known = set(FREE) | numbers(answer.statements) | _structured(answer.request.get("clinical"))
    known |= _structured(answer.whole.get("stage")) | _structured(answer.whole.get("untreated_survival"))
    return bool(numbers(answer.plain) - known)


def numbers(text: str) -> set[float]:
    """Read numbers as any of the languages writes them: 1,234.5 and 1.234,5 and 1 234, and Hindi digits.

    What can be read in two ways is read in both.
    """
    text = "".join(str(int(letter)) if letter.isdecimal() else letter for letter in text)
    read: set[float] = set()
    for written in re.findall(r"\d+(?:[.,]\d+|[\u00a0\u202f ]\d{3}(?!\d))*", text):
        spaceless = re.sub(r"\s", "", written)
        grouped = re.sub(r"[.,](?=\d{2,3}(?:\D|$))", "", spaceless)
        for way in [spaceless.replace(",", "."), grouped.replace(",", "."), *re.split(r"\s", written)]:
            if re.fullmatch(r"\d+(\.\d+)?", way):
                read.add(float(way))
    return read


def _structured(value: Any) -> set[float]:
    if isinstance(value, dict):
        return set().union(*map(_structured, value.values()))
    if isinstance(value, list):
        return set().union(*map(_structured, value))
    if isinstance(value, bool) or value is None:
        return set()
    return {float(value)} if isinstance(value, int | float) else numbers(str(value))


@check
def has_markup(answer: Answer, _: Any) -> bool:
    return re.search(r"[{}<>#_`|\\]|\*(?!\d{3,4}\b)|https?:|\bnull\b", answer.plain) is not None


@check
def repeats_itself(answer: Answer, _: Any) -> bool:
    long = [
        s for s in re.split(r"(?<=[.!?\u0964])\s+|\n+", plain(answer.prose)) if len(s.split()) >= LONG_ENOUGH
    ]
    return len(long) != len(set(long))


@check
def shorter_than(answer: Answer, words: Any) -> bool:
    return len(answer.plain.split()) <= words


@check
def has_actions_and_people(answer: Answer, _: Any) -> bool:
    return len(answer.whole["actions"]) >= 2 and len(answer.whole["specialists"]) >= 3


@check
def sources_can_be_read(answer: Answer, _: Any) -> bool:
    sources = answer.whole["sources"]
    return (
        bool(sources)
        and all(each["citation"] and each["statement"] for each in sources)
        and sum(bool(each["url"]) for each in sources) >= len(sources) / 2
    )


@check
def cites(answer: Answer, _: Any) -> bool:
    return any(each["citation"] and each["statement"] for each in answer.whole["sources"])


@check
def cites_like(answer: Answer, pattern: Any) -> bool:
    return re.search(pattern, answer.statements) is not None


@check
def stage_needs(answer: Answer, _: Any) -> bool:
    return bool(answer.whole["stage"]["needed"])


@check
def stage_is(answer: Answer, estimate: Any) -> bool:
    return bool(answer.whole["stage"]["estimate"] == (None if estimate == "none" else estimate))


@check
def stage_from_nothing(answer: Answer, _: Any) -> bool:
    clinical = answer.request.get("clinical") or {}
    settled = (
        clinical.get("distant_metastasis")
        or clinical.get("positive_nodes")
        or (clinical.get("positive_nodes") == 0 and clinical.get("distant_metastasis") is False)
    )
    return answer.whole["stage"]["estimate"] is not None and not (settled and answer.malignant)


@check
def has_distribution(answer: Answer, _: Any) -> bool:
    shares = answer.whole["stage"]["distribution"]
    cited = {each["id"] for each in answer.whole["sources"]}
    return {"localized", "regional", "distant"} <= {s["stage"] for s in shares} and all(
        share["source"] in cited for share in shares
    )


@check
def untreated_as_wanted(answer: Answer, _: Any) -> bool:
    wanted = answer.malignant and answer.request.get("include_prognosis", True)
    told = answer.whole["untreated_survival"]
    return (told is not None) is bool(wanted) and (not told or bool(told["caveat"] and told["sources"]))


@check
def urgency_of_some_action(answer: Answer, urgencies: Any) -> bool:
    return any(each["urgency"] in urgencies for each in answer.whole["actions"])


@check
def names_emergency_number(answer: Answer, _: Any) -> bool:
    return re.search(r"\b(?:112|911|999|144|108|15|000|061|123|106|111)\b", answer.plain) is not None
