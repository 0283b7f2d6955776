import json

import pytest
from pydantic import ValidationError

from contract import Clinical, Explanation, ExplanationRequest, Prediction

PREDICTION = {
    "id": "6f1c6d7e-2f57-4c55-9a0c-6a1a5f1f9d11",
    "created": "2026-11-23T00:00:00Z",
    "label": "malignant",
    "decision": "malignant",
    "malignant_probability": 0.93,
    "threshold": 0.5,
    "band": {"low": 0.3, "high": 0.7},
    "probabilities": {"benign": 0.07, "malignant": 0.93},
    "quality": {"usable": True, "issues": []},
    "model": {
        "name": "starter",
        "version": "1",
        "architecture": "PlantNetV2",
        "modality": "histopathology",
        "sha256": "0" * 64,
    },
    "image": {"sha256": "1" * 64, "format": "PNG", "width": 224, "height": 224},
    "disclaimer": "not a diagnosis",
}


def changed(**fields):
    return PREDICTION | fields


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"label": "a_class_of_tomorrow"}, id="unknown label"),
        pytest.param(
            {"quality": {"usable": False, "issues": [{"code": "new", "message": "m"}]}}, id="new code"
        ),
        pytest.param({"model": PREDICTION["model"] | {"modality": "thermography"}}, id="unknown modality"),
        pytest.param({"image": PREDICTION["image"] | {"format": "JXL"}}, id="unknown format"),
        pytest.param({"band": None}, id="no band"),
        pytest.param({"signature": "k1.abc"}, id="signed"),
        pytest.param({"created": "1999-01-01T00:00:00+05:30"}, id="old, with an offset"),
    ],
)
def test_predictions_of_other_models_are_read(fields):
    assert Prediction.model_validate_json(json.dumps(changed(**fields)))


def test_band_and_signature_may_be_left_out():
    fewer = {name: value for name, value in PREDICTION.items() if name not in {"band", "signature"}}
    assert Prediction.model_validate(fewer).band is None


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"extra": 1}, id="unknown field"),
        pytest.param({"decision": "maybe"}, id="unknown decision"),
        pytest.param({"malignant_probability": 1.01}, id="probability above 1"),
        pytest.param({"malignant_probability": float("nan")}, id="probability not a number"),
        pytest.param({"label": "x" * 201}, id="endless label"),
        pytest.param({"probabilities": {}}, id="no probabilities"),
        pytest.param({"probabilities": {str(i): 0.0 for i in range(65)}}, id="too many classes"),
        pytest.param({"band": {"low": 0.7, "high": 0.3}}, id="band upside down"),
        pytest.param({"created": "2026-11-23T00:00:00"}, id="time without a zone"),
        pytest.param({"image": PREDICTION["image"] | {"sha256": "xyz"}}, id="no digest"),
        pytest.param({"image": PREDICTION["image"] | {"width": 10**9}}, id="endless width"),
    ],
)
def test_what_no_prediction_can_be_is_refused(fields):
    with pytest.raises(ValidationError):
        Prediction.model_validate(changed(**fields))


def test_a_prediction_survives_json_unchanged():
    prediction = Prediction.model_validate(PREDICTION)
    assert Prediction.model_validate_json(prediction.model_dump_json()) == prediction


@pytest.mark.parametrize(
    "fields",
    [
        {"grade": 4},
        {"grade": 0},
        {"tumour_size_mm": -1},
        {"positive_nodes": -1},
        {"positive_nodes": True},
        {"positive_nodes": "2"},
        {"distant_metastasis": "yes"},
        {"distant_metastasis": 1},
        {"er": "maybe"},
        {"stage": "II"},
    ],
    ids=str,
)
def test_impossible_findings_are_refused(fields):
    with pytest.raises(ValidationError):
        Clinical.model_validate(fields)


@pytest.mark.parametrize("language", ["en", "pt-BR", "zh-Hans-CN"])
def test_language_tags_are_read(language):
    assert ExplanationRequest.model_validate({"prediction": PREDICTION, "language": language})


@pytest.mark.parametrize("language", ["", "english please", "../../etc", "e" * 40])
def test_what_is_no_language_tag_is_refused(language):
    with pytest.raises(ValidationError):
        ExplanationRequest.model_validate({"prediction": PREDICTION, "language": language})


def test_an_explanation_that_cites_an_unknown_source_cannot_be_built():
    with pytest.raises(ValidationError, match="cited but not among the sources"):
        Explanation.model_validate(
            {
                "prediction_id": PREDICTION["id"],
                "language": "en",
                "audience": "patient",
                "summary": "s",
                "explanation": "e",
                "actions": [{"title": "t", "detail": "d", "urgency": "soon", "sources": ["invented"]}],
                "specialists": [{"name": "n", "role": "r", "sources": []}],
                "stage": {
                    "determinable": False,
                    "estimate": None,
                    "reason": "r",
                    "needed": [],
                    "distribution": [],
                },
                "untreated_survival": None,
                "sources": [],
                "engine": {
                    "name": "knowledge-base",
                    "model": None,
                    "prompt_version": None,
                    "fallback_reason": None,
                },
                "disclaimer": "d",
            }
        )
