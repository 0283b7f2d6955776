"""What an evaluation found, for machines; the page is drawn from it and from nothing else."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from contract import Band, OperatingPoint
from contract.base import Count, Name, Payload, Probability, Sha256, Text

DISCLAIMER = (
    "For education and research only. These are figures of a computer model on certain images. They do not "
    "show that it is fit for diagnosis or for any decision about care, and they say nothing about images "
    "from other laboratories, scanners or groups of patients."
)

Points = list[tuple[Probability, Probability]]


class Figure(Payload):
    """A figure with its 95 % interval over patients; null where it is not defined."""

    value: float | None
    low: float | None
    high: float | None


class Level(Payload):
    """Every figure of images, or of patients."""

    count: Count
    """How many images, or patients."""
    malignant: Count
    patients: Count
    figures: dict[Name, Figure]
    confusion: dict[Name, dict[Name, Count]]
    """By truth and then by answer, at the threshold."""


class ReliabilityBin(Payload):
    """Images of similar probability."""

    images: Count
    predicted: Probability
    """Mean probability of malignancy."""
    observed: Probability
    """Share of malignant images."""
    low: Probability
    high: Probability
    """Wilson's 95 % interval of the share, as if images were independent."""


class CalibrationReport(Payload):
    """Whether probabilities mean what they say; error, slope and intercept stand among the figures."""

    bins: list[ReliabilityBin]
    perfect: Probability | None
    """95th percentile of the error that a perfectly calibrated model shows on as many images."""
    share: Probability
    """Share of malignant images here."""
    fitted_share: Probability | None
    """Share of malignant images at which the model's probabilities were calibrated, if it is known."""
    adjusted: Probability | None
    """The error after the probabilities were moved from that share to the one here."""
    adjusted_perfect: Probability | None
    """What a perfectly calibrated model shows then."""


class WorthReport(Payload):
    """How often an answer is right where malignancy is as common as was asked."""

    prevalence: Probability
    answer: Name
    malignant: bool
    """Whether the answer says malignant: then this is the positive predictive value, else the negative."""
    right: Figure


class SubgroupReport(Payload):
    """Images that share a property."""

    kind: Name
    name: Name
    images: Count
    malignant: Count
    patients: Count
    against_others: bool
    """Whether its images are all of one class, so that AUC is against the other class of the data set."""
    figures: dict[Name, Figure]


class Curves(Payload):
    """What the plots show."""

    roc: Points
    """False positive rate and true positive rate, thinned."""
    precision_recall: Points
    """Recall and precision, thinned."""
    benign: list[Count]
    """Benign images in equally wide groups of probability, from 0 to 1."""
    malignant: list[Count]


class DataSetReport(Payload):
    """Everything about one data set, or about all of them pooled."""

    name: Name
    classes: dict[Name, Count]
    unknown_patients: Count
    """Images whose patient could not be told; each counts as a patient of its own."""
    image_level: Level
    decided: Level | None
    """Figures without the images inside the band."""
    patient_level: Level | None
    patient_note: Text
    """How patients were made of images, or why they were not."""
    unusable: Count | None
    """Images that the gate would refuse; they are in the figures all the same."""
    class_confusion: dict[Name, dict[Name, Count]] | None
    """By truth and then by the likeliest class, for more than two classes."""
    calibration: CalibrationReport
    worth: list[WorthReport]
    subgroups: list[SubgroupReport]
    curves: Curves


class FoldReport(Payload):
    """Figures of one fold's held-out images, each data set averaged with even weight."""

    number: Count
    images: Count
    patients: Count
    figures: dict[Name, float | None]


class FoldsReport(Payload):
    """Folds, and how their figures vary."""

    data_set: Name
    by_patient: bool
    """False for the random split, whose figures are inflated."""
    folds: list[FoldReport]
    mean: dict[Name, float | None]
    sd: dict[Name, float | None]
    """Standard deviation over folds (n - 1)."""
    pooled: dict[Name, Figure]
    """Figures of all out-of-fold predictions together."""


class Criterion(Payload):
    """Something that is asked of a model, and whether it is so."""

    name: Name
    wanted: Text
    found: Text
    met: bool
    sure: bool
    """Whether the whole interval says the same."""


class Acceptance(Payload):
    """Whether a model may be tried further on images like these."""

    verdict: Literal["go", "no-go", "not-judged"]
    reason: Text
    criteria: list[Criterion]
    suggested: OperatingPoint | None
    """Chosen on these very images, so its figures here are too good."""
    suggested_figures: dict[Name, Figure]


class ModelFacts(Payload):
    """Which model was evaluated."""

    name: Name
    version: Name
    architecture: Name
    sha256: Sha256 | None
    threshold: Probability | None
    """Null where each fold has its own."""
    band: Band | None


class Mistake(Payload):
    """An image that the model got most wrong."""

    row: Count
    """Line of `predictions.csv`, the header being line 1."""
    data_set: Name
    truth: Name
    malignant_probability: Probability
    decision: Name


class Report(Payload):
    """One evaluation."""

    schema_version: Literal["1"] = "1"
    kind: Literal["evaluation", "cross-validation", "acceptance"]
    created: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    model: ModelFacts
    images: Text
    """Which images were taken."""
    notes: list[Text]
    """What a reader must know before believing a figure."""
    data_sets: Annotated[list[DataSetReport], Field(min_length=1)]
    pooled: DataSetReport | None
    folds: list[FoldsReport]
    acceptance: Acceptance | None
    mistakes: list[Mistake]
    method: list[Text]
    disclaimer: Text = DISCLAIMER

    @property
    def sections(self) -> list[DataSetReport]:
        """The data sets, and all of them pooled if that is something else."""
        return [*self.data_sets, *([self.pooled] if self.pooled else [])]
