"""What the OpenAPI document says beyond what FastAPI derives from the routes."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from contract import Band, ImageFacts, ModelIdentity, Prediction, Quality
from inference_service.upload import FIELD

MEDIA_TYPES = ("image/jpeg", "image/png", "image/tiff", "image/bmp", "image/webp", "application/dicom")
"""Kinds of files that are read; what a part says of itself changes nothing."""

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "title": "Upload",
                    "required": [FIELD],
                    "additionalProperties": False,
                    "properties": {
                        FIELD: {
                            "type": "string",
                            "format": "binary",
                            "description": "One JPEG, PNG, TIFF, BMP, WebP or DICOM image.",
                        }
                    },
                },
                "encoding": {
                    FIELD: {"contentType": ", ".join(MEDIA_TYPES)},
                },
            }
        },
    }
}
"""The body of `POST /predict`, which the service parses itself to keep pictures off the disk."""

EXAMPLE = Prediction(
    id=UUID("6b0b1d0e-4c67-4f0a-9d0e-0f8f3c1f5f11"),
    created=datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
    label="malignant",
    decision="malignant",
    malignant_probability=0.913402,
    threshold=0.5,
    band=Band(low=0.35, high=0.65),
    probabilities={"benign": 0.086598, "malignant": 0.913402},
    quality=Quality(usable=True, issues=[]),
    model=ModelIdentity(
        name="starter", version="1.0.0", architecture="PlantNetV2", modality="histopathology", sha256="0" * 64
    ),
    image=ImageFacts(sha256="1" * 64, format="PNG", width=224, height=224),
)
"""Made up, and built as a `Prediction` so that it cannot fall out of step with the contract."""

PREDICTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The reading of the image",
        "content": {"application/json": {"example": EXAMPLE.model_dump(mode="json")}},
    }
}
"""The answer of `POST /predict`."""
