"""Every whole explanation of the knowledge base, in every language that is there, against the rules.

All decisions, tissue types, audiences, findings and wishes for figures are combined; countries, kinds of
picture and remarks about it take turns among them, and have a sweep of their own.
"""

import itertools
import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import py3langid
import pytest

from chat_service.composer import Composer
from chat_service.knowledge import load_knowledge
from chat_service.numbers import FREE, facts_of, numbers_in, numbers_of, texts_of
from chat_service.offline import case_to_explain
from contract import Clinical, Explanation, ExplanationRequest
from contract.example import EXAMPLE

KNOWLEDGE = load_knowledge()
LANGUAGES = sorted(KNOWLEDGE.languages)
COUNTRIES = {
    "en": ["", "-GB", "-US", "-IN", "-ZA", "-CA"],
    "de": ["", "-DE", "-AT", "-CH"],
    "es": ["", "-ES", "-MX", "-US", "-419", "-PE"],
    "fr": ["", "-FR", "-CA", "-BE", "-CH"],
    "hi": ["", "-IN", "-Deva-IN"],
}

READINGS = [("benign", True), ("malignant", True), ("indeterminate", True), ("malignant", False)]
LABELS = ["benign", *(entry.names[0] for entry in KNOWLEDGE.plan.subtypes.values())]
FINDINGS = [
    None,
    Clinical(tumour_size_mm=23.5, grade=3, er="positive", pr="negative", her2="positive"),
    Clinical(positive_nodes=14, distant_metastasis=False, er="negative", pr="negative", her2="unknown"),
    Clinical(positive_nodes=0, distant_metastasis=False),
    Clinical(positive_nodes=0, distant_metastasis=True),
    Clinical(positive_nodes=17),
    Clinical(tumour_size_mm=12.25),
    Clinical(er="unknown", pr="unknown", her2="unknown"),
]
ISSUES = [*KNOWLEDGE.plan.issues, "a code nobody knows"]
MODALITIES = [names[0] for names in KNOWLEDGE.plan.modalities.values()]

SURVIVAL = {
    "en": r"\b(surviv\w*|deaths?|die[sd]?|dying|dead|mortal\w*|fatal\w*|lethal|prognos\w*|outlook|alive"
    r"|untreated|life expectancy|terminal|years left|to live)\b",
    "de": r"überleb|lebenserwartung|am leben|\bleb(?:t|te|ten|end\w*)\b|sterb|gestorben|\bstarb|\btod|\btot\b"
    r"|tödlich|prognos|unbehandelt|unheilbar",
    "es": r"superviv|sobreviv|\bmuer[et]|\bmori|\bmurier|mortal|fallec|pronóstic|esperanza de vida|con vida"
    r"|\bviv[aeio]|sin tratar|incurable",
    "fr": r"surv(?:ie|iv|éc)|\bmort|\bmour|\bmeur|décès|décéd|pronosti|espérance de vie|en vie\b|vivant"
    r"|\bviv(?:re|ent)\b|non trait|incurable",
    "hi": r"जीवित|जीवन|मृत्यु|मौत|मर (?:गए|गई|जा)|मरने|मरना|पूर्वानुमान|जानलेवा|लाइलाज",
}
NUMBER_WORDS = re.compile(
    r"\b(eleven|twelve|\w+teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand)\b",
    re.I,
)
WRONG_DECIMAL = {".": re.compile(r"\d,\d{1,2}(?![\d,])"), ",": re.compile(r"\d\.\d{1,2}(?!\d)")}
ENGLISH = re.compile(r"\b(the|of|and|is|are|your|with|this|that|you|for|not|from)\b")
SENTENCE_END = re.compile(r"(?<=[.!?;:।])\s+|\n+")
LONG_ENOUGH = 6
"""Words from which on a sentence tells its language reliably."""

py3langid.set_languages(list(COUNTRIES))


class Told(NamedTuple):
    """A request, its answer and all texts of it that a reader sees."""

    request: ExplanationRequest
    answer: Explanation
    texts: list[str]

    @property
    def malignant(self) -> bool:
        prediction = self.request.prediction
        return prediction.decision == "malignant" and prediction.quality.usable


def ask(language: str, number: int, reading: tuple[str, bool], label: str, **more: object) -> Told:
    decision, usable = reading
    codes = [ISSUES[number % len(ISSUES)]] if number % 3 or not usable else []
    prediction = EXAMPLE.model_copy(
        update={
            "label": label,
            "decision": decision,
            "malignant_probability": (0.034217, 0.25, 0.71, 0.934217)[number % 4],
            "quality": EXAMPLE.quality.model_validate(
                {"usable": usable, "issues": [{"code": code, "message": "m"} for code in codes]}
            ),
            "model": EXAMPLE.model.model_copy(update={"modality": MODALITIES[number % len(MODALITIES)]}),
        }
    )
    tags = COUNTRIES.get(language, [""])
    tag = language + tags[number % len(tags)]
    request = ExplanationRequest.model_validate({"prediction": prediction, "language": tag, **more})
    answer = Composer(KNOWLEDGE, case_to_explain(request, KNOWLEDGE)).compose(request)
    statements = [source.statement for source in answer.sources]
    return Told(request, answer, [*texts_of(answer), *statements, answer.disclaimer])


def tell_all(language: str) -> Iterator[Told]:
    combined = itertools.product(READINGS, LABELS, ["patient", "clinician"], FINDINGS, [True, False])
    for number, (reading, label, audience, clinical, prognosis) in enumerate(combined):
        more = {"audience": audience, "clinical": clinical, "include_prognosis": prognosis}
        yield ask(language, number, reading, label, **more)
    tags = COUNTRIES.get(language, [""])
    turns = range(len(ISSUES) * len(MODALITIES) * len(tags))
    for number, reading, audience in itertools.product(turns, READINGS, ["patient", "clinician"]):
        if number % 7 == 0:
            yield ask(language, number, reading, "benign", audience=audience)


@cache
def told(language: str) -> list[Told]:
    return list(tell_all(language))


@cache
def written_in(text: str) -> frozenset[float]:
    return frozenset(numbers_in(text))


def uncited(answer: Explanation) -> Explanation:
    """Return the answer without its sources, whose numbers are read once for all answers."""
    return answer.model_copy(update={"sources": []})


@cache
def sentences_of(text: str) -> list[str]:
    return SENTENCE_END.split(text)


@cache
def speaks_of_survival(text: str, language: str) -> bool:
    return re.search(SURVIVAL[language], text, re.I) is not None


@cache
def pairs_survival_with_a_number(text: str, language: str) -> bool:
    return any(re.search(r"\d", s) and speaks_of_survival(s, language) for s in sentences_of(text))


@cache
def language_of(sentence: str) -> str:
    return str(py3langid.classify(sentence)[0])


def unique_texts(language: str) -> set[str]:
    return {text for each in told(language) for text in each.texts}


every_language = pytest.mark.parametrize("language", LANGUAGES)


@every_language
def test_every_number_in_a_text_stands_in_the_request_or_in_the_facts(language):
    for each in told(language):
        told_numbers = frozenset().union(*map(written_in, texts_of(each.answer)))
        known = numbers_of(each.request.model_dump(mode="json")) | facts_of(uncited(each.answer))
        known = known.union(*(written_in(source.statement) for source in each.answer.sources))
        assert told_numbers - known - FREE == set(), each.answer


@every_language
def test_only_a_malignant_reading_of_a_usable_image_speaks_of_survival(language):
    for each in told(language):
        if not each.malignant:
            assert each.answer.untreated_survival is None
            assert not [text for text in each.texts if speaks_of_survival(text, language)]
            assert not [s for s in each.answer.sources if speaks_of_survival(s.citation, "en")]


@every_language
def test_survival_figures_are_given_exactly_when_they_are_wanted(language):
    for each in told(language):
        wanted = each.malignant and each.request.include_prognosis
        assert (each.answer.untreated_survival is not None) is wanted
        if wanted:
            assert [text for text in each.texts if pairs_survival_with_a_number(text, language)]


@every_language
def test_without_prognosis_no_sentence_pairs_a_survival_word_with_a_number(language):
    for each in told(language):
        if not each.request.include_prognosis:
            assert not [text for text in each.texts if pairs_survival_with_a_number(text, language)]


@every_language
def test_a_stage_rests_on_findings_and_a_malignant_reading(language):
    for each in told(language):
        stage = each.answer.stage
        assert stage.needed
        if not each.malignant:
            assert (stage.estimate, stage.distribution) == (None, [])
        else:
            assert [share.stage for share in stage.distribution] == ["localized", "regional", "distant"]
        if each.request.clinical is None:
            assert stage.estimate is None


@every_language
def test_every_answer_is_whole_and_in_the_language_asked_for(language):
    for each in told(language):
        answer = each.answer
        assert answer.language == language
        assert answer.audience == each.request.audience
        assert len(answer.specialists) >= 3
        assert len({action.title for action in answer.actions}) == len(answer.actions) >= 2
        assert all(text.strip() and "{" not in text for text in each.texts)
        assert all(action.sources or action.urgency == "routine" for action in answer.actions)


@every_language
def test_sentences_are_in_the_language_asked_for(language):
    long = (s for text in unique_texts(language) for s in sentences_of(text) if len(s.split()) >= LONG_ENOUGH)
    assert {s: language_of(s) for s in long if language_of(s) != language} == {}


@every_language
def test_no_english_is_left_in_another_language(language):
    if language != "en":
        assert [text for text in unique_texts(language) if ENGLISH.search(text)] == []


@every_language
def test_numbers_are_written_as_the_language_writes_them(language):
    wrong = WRONG_DECIMAL[KNOWLEDGE.languages[language].pictures.decimal]
    assert [text for text in unique_texts(language) if wrong.search(text)] == []
    assert [text for text in unique_texts(language) if re.search(r"[\u0966-\u096f]", text)] == []


def test_no_number_above_ten_hides_in_words():
    assert [text for text in unique_texts("en") if NUMBER_WORDS.search(text)] == []


@cache
def grade(text: str) -> float:
    """Flesch-Kincaid grade level; syllables are counted as groups of vowels."""
    sentences = [s for s in re.split(r"[.!?:]\s|\n+", text) if s.strip()]
    words = re.findall(r"[A-Za-z']+", text)
    syllables = sum(max(1, len(re.findall(r"[aeiouy]+", re.sub(r"e\b", "", word.lower())))) for word in words)
    return 0.39 * len(words) / len(sentences) + 11.8 * syllables / len(words) - 15.59


def test_patients_are_told_in_words_of_eighth_grade_or_below():
    for each in told("en"):
        if each.request.audience == "patient":
            answer = each.answer
            details = [action.detail for action in answer.actions]
            history = answer.untreated_survival
            told_of_history = [f"{history.statement} {history.caveat}"] if history else []
            parts = [
                answer.summary,
                answer.explanation,
                answer.stage.reason,
                " ".join(details),
                *told_of_history,
            ]
            assert [part for part in parts if grade(part) > 8] == []
