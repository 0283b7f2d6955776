"""What single answers of the knowledge base say; rules that hold for all of them are in test_chat_answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_service.case import read_case
from chat_service.composer import Composer
from chat_service.findings import describe_findings
from chat_service.knowledge import load_knowledge
from chat_service.numbers import numbers_in
from contract import DISCLAIMER, Clinical, Explanation, ExplanationRequest, Prediction

KNOWLEDGE = load_knowledge()
LANGUAGES = sorted(KNOWLEDGE.languages)


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


@pytest.mark.parametrize(
    ("label", "subtype"),
    [
        ("ductal_carcinoma", "ductal"),
        ("Invasive Ductal Carcinoma (IDC)", "ductal"),
        ("malignant_ductal_carcinoma", "ductal"),
        ("malignant/DC", "ductal"),
        ("M: mucinous-carcinoma", "mucinous"),
        ("SOB_M_DC", "ductal"),
        ("invasive_ductal_carcinoma_nst", "ductal"),
        ("lobularCarcinoma", "lobular"),
        ("colloid", "mucinous"),
        ("usual ductal hyperplasia", None),
        ("no ductal carcinoma", None),
        ("malignant", None),
        ("()", None),
    ],
)
def test_labels_are_known_beside_their_group_or_abbreviation(label, subtype):
    case = read_case(prediction(label=label), KNOWLEDGE, audience="patient", language="en")
    assert case.subtype == subtype


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


@pytest.mark.parametrize("tag", ["en", "en-GB", "EN-us", "pt-BR", "zzz", "zh-Hant-TW"])
def test_a_language_that_is_not_there_is_answered_in_english_and_says_so(tag):
    assert compose(ExplanationRequest(prediction=prediction(), language=tag)).language == "en"


def test_the_same_request_gets_the_same_words():
    request = ExplanationRequest(prediction=prediction())
    first, second = (compose(request).model_dump(exclude={"id", "created"}) for _ in range(2))
    assert first == second


def told(label: str, decision: str = "malignant", audience: str = "patient", **more: object) -> Explanation:
    request = {"prediction": prediction(decision, label=label), "audience": audience, **more}
    return compose(ExplanationRequest.model_validate(request))


@pytest.mark.parametrize("audience", ["patient", "clinician"])
def test_ductal_carcinoma_is_told_apart_from_dcis(audience):
    assert "DCIS" in told("ductal_carcinoma", audience=audience).explanation
    answer = told("DCIS", audience=audience)
    assert "DCIS" in answer.summary
    # What is said of malignant tissue in general, growing into its surroundings, does not hold for it.
    assert "grow into the tissue around them" not in answer.explanation
    assert "in situ" in answer.stage.reason
    assert answer.untreated_survival is not None
    assert "do not apply" in answer.untreated_survival.caveat


@pytest.mark.parametrize("audience", ["patient", "clinician"])
@pytest.mark.parametrize(
    ("label", "words"),
    [
        pytest.param("papillary_carcinoma", ["papilloma"], id="papillary is a family and not papilloma"),
        pytest.param("lobular_carcinoma", ["mammogra"], id="lobular hides on imaging"),
        pytest.param("mucinous_carcinoma", ["pure and mixed"], id="mucinous is pure or mixed"),
        pytest.param("invasive", ["invasive", "type"], id="invasive names no type"),
    ],
)
def test_a_type_that_the_general_words_would_mislead_about_has_its_own(label, words, audience):
    explanation = told(label, audience=audience).explanation.lower()
    assert all(word in explanation for word in words)


@pytest.mark.parametrize("audience", ["patient", "clinician"])
@pytest.mark.parametrize(
    "label", ["atypical_ductal_hyperplasia", "LCIS", "intraductal papilloma", "phyllodes"]
)
def test_what_is_filed_as_benign_but_often_removed_is_never_told_as_simply_benign(label, audience):
    answer = told(label, "benign", audience)
    assert "Breast surgeon" in [person.name for person in answer.specialists]
    assert answer.actions[0].urgency == "soon"
    assert "looks more like benign" not in answer.summary
    assert "need little or no treatment" not in answer.explanation


def test_normal_tissue_explains_no_lump():
    answer = told("normal", "benign")
    assert "still needs a reason" in answer.summary
    assert answer.actions[0].title == "Check that all findings agree"


@pytest.mark.parametrize(
    ("label", "decision"), [("ductal_carcinoma", "benign"), ("DCIS", "benign"), ("fibroadenoma", "malignant")]
)
def test_a_label_that_contradicts_the_decision_makes_it_less_certain(label, decision):
    answer = told(label, decision)
    assert "The computer was split" in answer.explanation
    assert answer.actions[0].title == "Ask the pathologist to decide"


def test_a_decision_without_a_name_of_its_own_contradicts_nothing():
    assert "split" not in told("malignant", "benign").explanation


def test_markers_that_are_not_known_are_not_told_as_results():
    unknown = Clinical(er="unknown", pr="unknown", her2="unknown")
    with_them, without = (told("malignant", clinical=each) for each in (unknown, None))
    assert with_them.explanation == without.explanation
    assert with_them.stage == without.stage


def test_a_grade_beside_a_benign_reading_is_a_contradiction():
    answer = told("benign", "benign", clinical=Clinical(grade=3))
    assert "do not fit well with a benign reading" in answer.explanation
    assert answer.actions[0].title == "Talk about the other results now"


def test_a_size_alone_contradicts_nothing_and_settles_nothing():
    answer = told("benign", "benign", clinical=Clinical(tumour_size_mm=12))
    assert "do not fit" not in answer.explanation
    assert told("malignant", clinical=Clinical(tumour_size_mm=12)).stage.estimate is None


def test_the_english_disclaimer_is_that_of_the_contract():
    assert KNOWLEDGE.languages["en"].notices.disclaimer == DISCLAIMER


def test_what_cannot_wait_comes_first():
    lcis = told("LCIS")
    assert [action.urgency for action in lcis.actions[:2]] == ["prompt", "soon"]
    phyllodes = told("phyllodes", "benign", clinical=Clinical(positive_nodes=1))
    assert phyllodes.actions[0].title == "Talk about the other results now"
    assert phyllodes.actions[1].title == "Ask a breast surgeon about removing it"


def test_phyllodes_is_named_under_either_decision_and_to_either_audience():
    for decision in ("benign", "malignant"):
        for audience in ("patient", "clinician"):
            assert "phyllodes" in told("phyllodes", decision, audience).explanation


@given(size=st.floats(min_value=0, max_value=500, exclude_min=True), language=st.sampled_from(LANGUAGES))
def test_a_size_is_told_as_the_number_that_was_sent(size, language):
    told_size = describe_findings(Clinical(tumour_size_mm=size), KNOWLEDGE.languages[language])
    assert size in numbers_in(told_size)
