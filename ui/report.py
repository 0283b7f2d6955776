"""Curves of a model from the report that `python -m training evaluate` wrote beside it."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contract import ModelCard
from contract.base import Name, Probability

MOST_BYTES = 5_000_000


class _Part(BaseModel):
    """What of a report is needed here; there is more in it."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class ReportedModel(_Part):
    """Which model was measured."""

    name: Name
    version: Name
    architecture: Name
    threshold: Probability


class Figure(_Part):
    """A figure; None where it could not be computed."""

    value: float | None


class Figures(_Part):
    """Of all images of a data set."""

    auc: Figure


class Level(_Part):
    """Figures by image."""

    figures: Figures


class Bin(_Part):
    """Images of about the same computed probability, and how many of them were malignant."""

    images: Annotated[int, Field(ge=0)]
    predicted: Probability | None
    observed: Probability | None


class ReportedCalibration(_Part):
    """Computed probabilities beside what was true."""

    bins: Annotated[list[Bin], Field(max_length=200)]


class ReportedCurves(_Part):
    """Share of benign images taken for malignant, share of malignant ones found; by threshold."""

    roc: Annotated[list[tuple[Probability, Probability]], Field(max_length=5000)]


class DataSet(_Part):
    """What was measured on one data set."""

    name: Name
    image_level: Level
    calibration: ReportedCalibration
    curves: ReportedCurves


class Report(_Part):
    """The report."""

    model: ReportedModel
    data_sets: Annotated[list[DataSet], Field(max_length=20)]


def read_report(path: Path, card: ModelCard) -> Report | None:
    """Return the report if there is one that can be read and is about this very model."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return None
        report = Report.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    return report if _is_about(report.model, card) else None


def _is_about(model: ReportedModel, card: ModelCard) -> bool:
    """The threshold has fifteen digits, fitted for one file: no other model has the same."""
    named = (model.name, model.version, model.architecture) == (card.name, card.version, card.architecture)
    return named and abs(model.threshold - card.operating_point.threshold) < 1e-9  # noqa: PLR2004
