"""A prediction for examples and documentation."""

from datetime import UTC, datetime
from uuid import UUID

from contract.prediction import Band, ImageFacts, ModelIdentity, Prediction, Quality

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
