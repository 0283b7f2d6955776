"""What the OpenAPI document says beyond what FastAPI derives from the routes."""

from datetime import UTC, datetime
from typing import Any

from artifact.image import ImageUnreadable
from contract import (
    Band,
    Calibration,
    ClassCard,
    Compression,
    DataCard,
    GateLimit,
    ModelCard,
    OperatingPoint,
    TrainingCard,
)
from contract.example import EXAMPLE
from inference_service.batch import MEDIA_TYPE, AnsweredLine, RefusedLine
from inference_service.model import ModelUnavailable
from inference_service.problems import PROBLEMS
from inference_service.upload import FIELD, UploadTooLarge, UploadTooMany
from web.access import RateLimited
from web.problems import (
    BODY_TOO_LARGE,
    INTERNAL,
    REQUEST_INVALID,
    example_of,
    problem_responses,
)

MEDIA_TYPES = ("image/jpeg", "image/png", "image/tiff", "image/bmp", "image/webp", "application/dicom")
"""Kinds of files that are read; what a part says of itself changes nothing."""
FILE = {
    "type": "string",
    "format": "binary",
    "description": "One JPEG, PNG, TIFF, BMP, WebP or DICOM image.",
}
FILES = {"type": "array", "minItems": 1, "items": FILE, "description": "The images, one after the other."}


def _body(title: str, field: dict[str, Any]) -> dict[str, Any]:
    """Describe a form, which the service parses itself to keep pictures off the disk."""
    schema = {
        "type": "object",
        "title": title,
        "required": [FIELD],
        "additionalProperties": False,
        "properties": {FIELD: field},
    }
    encoding = {FIELD: {"contentType": ", ".join(MEDIA_TYPES)}}
    content = {"multipart/form-data": {"schema": schema, "encoding": encoding}}
    return {"requestBody": {"required": True, "content": content}}


ONE, MANY = _body("Upload", FILE), _body("Uploads", FILES)
"""The bodies of `/predict` and `/heatmap`, and of `/predict/batch`."""

_APART = {UploadTooLarge, UploadTooMany, RateLimited}
_KINDS = [kind for error, kind in PROBLEMS.items() if error not in _APART]

PREDICT = problem_responses(*_KINDS, BODY_TOO_LARGE, INTERNAL)
"""What may go wrong at `/predict`; a file alone is bounded with its form."""
HEATMAP = problem_responses(
    *_KINDS,
    REQUEST_INVALID._replace(
        example=("query.opacity: Input should be less than or equal to 1. See /openapi.json.")
    ),
    BODY_TOO_LARGE,
    INTERNAL,
)
PREDICT_BATCH = problem_responses(
    *[
        kind
        for error, kind in PROBLEMS.items()
        if error not in _APART and error.__name__.startswith(("Upload", "Queue", "Model"))
    ],
    BODY_TOO_LARGE,
    INTERNAL,
)
"""Before the first image has arrived; later ones are told in lines."""

PREDICTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The reading of the image",
        "content": {"application/json": {"example": EXAMPLE.model_dump(mode="json")}},
    }
}
"""The answer of `/predict`."""

_LINES = [
    AnsweredLine(index=0, prediction=EXAMPLE).model_dump(mode="json"),
    RefusedLine(index=1, problem=example_of(PROBLEMS[ImageUnreadable])).model_dump(mode="json"),
]


def _line(title: str, field: str, schema: str) -> dict[str, Any]:
    index = {"type": "integer", "minimum": 0, "description": "Place of the image in the upload, from 0."}
    return {
        "type": "object",
        "title": title,
        "required": ["index", field],
        "additionalProperties": False,
        "properties": {"index": index, field: {"$ref": f"#/components/schemas/{schema}"}},
    }


STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A line for each image; the schema and the examples are of one line",
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "anyOf": [
                        _line("AnsweredLine", "prediction", "Prediction"),
                        _line("RefusedLine", "problem", "Problem"),
                    ]
                },
                "examples": {
                    "prediction": {"summary": "An image that was read", "value": _LINES[0]},
                    "problem": {"summary": "An image that was not", "value": _LINES[1]},
                },
            }
        },
    }
}
"""The answer of `/predict/batch`."""

DRAWN: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The heat map: RGB over the picture, RGBA without it",
        "headers": {
            "X-Image-SHA256": {
                "description": "Of the file that was sent, as `image.sha256` of its prediction.",
                "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            },
            "X-Model-SHA256": {
                "description": "Of the model file, as `model.sha256` of a prediction.",
                "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            },
            "X-Image-Usable": {
                "description": "Whether the image can be judged at all, as `quality.usable`.",
                "schema": {"type": "string", "enum": ["true", "false"]},
            },
        },
        "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""The answer of `/heatmap`."""

EXAMPLE_CARD = ModelCard(
    name=EXAMPLE.model.name,
    version=EXAMPLE.model.version,
    architecture=EXAMPLE.model.architecture,
    modality="histopathology",
    created=datetime(2026, 11, 20, tzinfo=UTC),
    licence="Apache-2.0",
    classes=[ClassCard(name="benign", malignant=False), ClassCard(name="malignant", malignant=True)],
    operating_point=OperatingPoint(threshold=0.5, band=Band(low=0.35, high=0.65)),
    calibration=Calibration(temperature=0.7, bias=[0.1, -0.1], prior=0.5, fitted_on="validation images"),
    gate=[GateLimit(statistic="contrast", low=4, high=None, code="blank", blocks=True)],
    data=[
        DataCard(
            name="rendered-wdbc",
            rendered=True,
            origin="https://doi.org/10.1117/12.148698",
            licence="CC-BY-4.0",
            citation="Street, Wolberg & Mangasarian 1993",
            note="Drawn from measurements; no patient's tissue.",
            train_images=342,
            train_patients=342,
            validation_images=114,
            validation_patients=114,
            malignant_share=0.37,
        )
    ],
    metrics=[],
    training=TrainingCard(epochs=10, batch_size=32, learning_rate=0.001, seed=1, note="An example."),
    compression=Compression(method="none", rank=0, engine=None, full_auc={}, file_auc={}),
    tolerance={"cpu": 0.001},
    intended_use="Education and research on histology images.",
    limits=["It has seen no mammogram."],
)
"""Made up, and short."""

CARD: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The model card",
        "content": {"application/json": {"example": EXAMPLE_CARD.model_dump(mode="json")}},
    },
    **problem_responses(PROBLEMS[ModelUnavailable], INTERNAL),
}
"""The answers of `/model`."""
