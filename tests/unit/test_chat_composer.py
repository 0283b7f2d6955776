"""Every whole explanation the knowledge base can give, checked against the rules of the payload."""

import itertools
import re
from pathlib import Path

import pytest
import yaml

import chat_service.knowledge
from chat_service.case import read_case
from chat_service.composer import Composer
from chat_service.knowledge import load_knowledge
from chat_service.numbers import facts_of, numbers_of, texts_of, unsupported_numbers
from contract import Clinical, Explanation, ExplanationRequest, Prediction

KNOWLEDGE = load_knowledge()
PLAN = yaml.safe_load((Path(chat_service.knowledge.__file__).parent / "plan.yaml").read_text())

READINGS = [("benign", True), ("malignant", True), ("indeterminate", True), ("malignant", False)]
LABELS = [None, *(entry["names"][0] for entry in PLAN["subtypes"].values())]
FINDINGS = [
    None,
    Clinical(tumour_size_mm=23.5, grade=3, er="positive", pr="negative", her2="positive"),
    Clinical(positive_nodes=14, distant_metastasis=False, er="negative", pr="negative", her2="unknown"),
    Clinical(positive_nodes=0, distant_metastasis=False),
    Clinical(distant_metastasis=True),
]
CASES = list(itertools.product(READINGS, LABELS, ["patient", "clinician"], FINDINGS, [True, False]))

SURVIVAL = re.compile(
    r"\b(surviv\w*|deaths?|die[sd]?|dying|dead|mortal\w*|fatal\w*|lethal|prognos\w*|outlook|alive|untreated"
    r"|life expectancy|terminal|years left|to live)\b",
    re.IGNORECASE,
)
NUMBER_WORDS = re.compile(
    r"\b(eleven|twelve|\w+teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand)\b",
    re.I,
)


def prediction(decision: str = "malignant", *, usable: bool = True, **changes: object) -> Prediction:
    probability = {"malignant": 0.934217, "benign": 0.047113}.get(decision, 0.51)
    content = {
        "label": decision,
        "decision": decision,
        "malignant_probability": probability,
        "threshold": 0.4137,
        "probabilities": {"benign": 1 - probability, "malignant": probability},
        "quality": {"usable": usable, "issues": [{"code": "blank", "message": "m"}]},
        "model": {
            "name": "n",
            "version": "1.2.3",
            "architecture": "a",
            "modality": "histopathology",
            "sha256": "0" * 64,
        },
        "image": {"sha256": "1" * 64, "format": "PNG", "width": 700, "height": 460},
    }
    return Prediction.model_validate(content | changes)


def compose(request: ExplanationRequest) -> Explanation:
    case = read_case(
        request.prediction,
        KNOWLEDGE,
        audience=request.audience,
        language=request.language,
        clinical=request.clinical,
        include_prognosis=request.include_prognosis,
    )
    return Composer(KNOWLEDGE, case).compose(request)


def explanations() -> list[tuple[ExplanationRequest, Explanation]]:
    asked = [
        ExplanationRequest(
            prediction=prediction(decision, usable=usable, label=label or decision),
            audience=audience,
            clinical=clinical,
            include_prognosis=prognosis,
        )
        for (decision, usable), label, audience, clinical, prognosis in CASES
    ]
    return [(request, compose(request)) for request in asked]


ANSWERS = explanations()


def strings_of(answer: Explanation) -> list[str]:
    """Every text a reader may see, also titles, statements and citations."""
    found: list[str] = []

    def walk(value: object) -> None:
        if isinstance(value, str):
            found.append(value)
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
            walk(item)

    walk(answer.model_dump(mode="json", exclude={"id", "prediction_id", "created"}))  # chance may spell words
    return found


def is_malignant(request: ExplanationRequest) -> bool:
    return request.prediction.decision == "malignant" and request.prediction.quality.usable


def test_every_number_in_a_text_stands_in_the_request_or_in_the_facts():
    for request, answer in ANSWERS:
        known = facts_of(answer) | numbers_of(request.model_dump(mode="json"))
        assert unsupported_numbers(texts_of(answer), known) == set(), answer.explanation


def test_no_number_above_ten_hides_in_words():
    for _, answer in ANSWERS:
        assert not NUMBER_WORDS.search(" ".join(texts_of(answer)))


def test_only_a_malignant_reading_of_a_usable_image_speaks_of_survival():
    for request, answer in ANSWERS:
        if not is_malignant(request):
            assert not SURVIVAL.search(" ".join(strings_of(answer))), answer.summary
            assert answer.untreated_survival is None


def test_survival_figures_are_given_exactly_when_they_are_wanted():
    for request, answer in ANSWERS:
        wanted = is_malignant(request) and request.include_prognosis
        assert (answer.untreated_survival is not None) is wanted


def test_without_prognosis_no_sentence_pairs_a_survival_word_with_a_number():
    for request, answer in ANSWERS:
        if not request.include_prognosis:
            sentences = [s for text in strings_of(answer) for s in re.split(r"(?<=[.!?;])\s", text)]
            assert not [s for s in sentences if SURVIVAL.search(s) and re.search(r"\d", s)]


def test_only_a_malignant_reading_of_a_usable_image_has_a_stage_or_a_distribution():
    for request, answer in ANSWERS:
        if not is_malignant(request):
            assert answer.stage.estimate is None
            assert answer.stage.distribution == []
        else:
            assert answer.stage.distribution


def test_an_image_alone_never_gives_a_stage():
    for request, answer in ANSWERS:
        if request.clinical is None:
            assert answer.stage.estimate is None
            assert answer.stage.needed


def test_every_answer_ends_with_a_next_step_and_names_people_to_see():
    for request, answer in ANSWERS:
        last = answer.explanation.split("\n\n")[-1]
        assert last.startswith("Your next step" if request.audience == "patient" else "Next step")
        assert len(answer.specialists) >= 3
        assert all(person.sources for person in answer.specialists)


def test_every_statistic_keeps_its_published_figures():
    answer = compose(ExplanationRequest(prediction=prediction()))
    survival = answer.untreated_survival
    assert survival is not None
    assert (survival.median_years.low, survival.median_years.high) == (2.3, 2.7)
    assert [(p.years, p.percent) for p in survival.survival] == [(3, 44), (5, 18), (10, 4), (15, 1)]
    assert survival.sources == ["bloom-1962", "johnstone-2000"]
    shares = [(share.stage, share.percent) for share in answer.stage.distribution]
    assert shares == [("localized", 67), ("regional", 25), ("distant", 6)]
    assert "not a forecast" in survival.caveat
    assert "first symptom" in survival.caveat


def test_shares_that_stand_for_words_are_said_to_be_approximate():
    answer = compose(ExplanationRequest(prediction=prediction()))
    assert "about 2 in 3" in answer.stage.reason
    source = next(source for source in answer.sources if source.id == "cdc-stage-at-diagnosis")
    assert "about 2 in 3 is 67 %" in source.statement


def test_a_benign_reading_is_never_an_all_clear():
    for audience, words in (
        ("patient", "cannot rule anything out"),
        ("clinician", "Do not use this reading"),
    ):
        answer = compose(ExplanationRequest(prediction=prediction("benign"), audience=audience))
        assert words in answer.explanation


@pytest.mark.parametrize("label", ["phyllodes_tumor", "Phyllodes Tumour", "PHYLLODES-TUMOR"])
def test_a_phyllodes_label_is_never_told_as_simply_benign(label):
    answer = compose(ExplanationRequest(prediction=prediction("benign", label=label)))
    assert "usually taken out" in answer.summary
    assert answer.actions[0].title == "Ask a breast surgeon about removing it"
    assert "Breast surgeon" in [person.name for person in answer.specialists]


def test_a_subtype_that_contradicts_the_decision_is_left_out():
    answer = compose(ExplanationRequest(prediction=prediction("benign", label="ductal_carcinoma")))
    assert "ductal" not in answer.explanation.lower()


def test_findings_of_cancer_are_set_against_a_benign_reading():
    request = ExplanationRequest(prediction=prediction("benign"), clinical=Clinical(positive_nodes=2))
    answer = compose(request)
    assert "do not fit well with a benign reading" in answer.explanation
    assert answer.actions[0].urgency == "prompt"


def test_an_unusable_image_overrides_whatever_was_decided():
    for decision in ("benign", "malignant", "indeterminate"):
        answer = compose(ExplanationRequest(prediction=prediction(decision, usable=False)))
        assert "could not read" in answer.summary
        assert "too little contrast" in answer.explanation


def test_no_text_that_came_with_the_prediction_is_shown_again():
    marked = "Jane Doe 1961-05-04"
    hostile = prediction(
        label=marked,
        probabilities={marked: 1.0},
        quality={"usable": True, "issues": [{"code": marked, "message": marked}]},
        model={
            "name": marked,
            "version": marked,
            "architecture": marked,
            "modality": marked,
            "sha256": "0" * 64,
        },
        disclaimer=marked,
        signature=marked,
    )
    for audience in ("patient", "clinician"):
        answer = compose(ExplanationRequest(prediction=hostile, audience=audience))
        assert "Jane" not in answer.model_dump_json()


@pytest.mark.parametrize("tag", ["en", "en-GB", "EN-us", "fr", "de-CH", "hi-Deva-IN", "zzz"])
def test_any_language_is_answered_and_the_answer_says_in_which(tag):
    assert compose(ExplanationRequest(prediction=prediction(), language=tag)).language == "en"


def test_the_same_request_gets_the_same_words():
    request = ExplanationRequest(prediction=prediction())
    first, second = (compose(request).model_dump(exclude={"id", "created"}) for _ in range(2))
    assert first == second


def grade(text: str) -> float:
    """Flesch-Kincaid grade level; syllables are counted as groups of vowels."""
    sentences = [s for s in re.split(r"[.!?:]\s|\n+", text) if s.strip()]
    words = re.findall(r"[A-Za-z']+", text)
    syllables = sum(max(1, len(re.findall(r"[aeiouy]+", re.sub(r"e\b", "", word.lower())))) for word in words)
    return 0.39 * len(words) / len(sentences) + 11.8 * syllables / len(words) - 15.59


def test_patients_are_told_in_words_of_eighth_grade_or_below():
    for request, answer in ANSWERS:
        if request.audience == "patient":
            told = "\n".join([answer.summary, answer.explanation, *(a.detail for a in answer.actions)])
            assert grade(told) <= 8, told
