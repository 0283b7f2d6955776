"""What a model file says of itself."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from contract.base import Count, Name, Payload, Probability, Text
from contract.prediction import Band


class ClassCard(Payload):
    """A class of the model, in the order of its outputs, and whether it counts as malignant."""

    name: Name
    malignant: bool


class OperatingPoint(Payload):
    """Where the probability is cut into decisions."""

    threshold: Probability
    """Maximises balanced accuracy on validation data."""
    band: Band
    """Below `low` benign, from `high` malignant, between them indeterminate."""
    sensitivity: Probability | None = None
    """Share of the malignant validation images that the band's lower edge was to keep, at least."""
    specificity: Probability | None = None
    """Share of the benign ones that its upper edge was to keep, at least."""


class Calibration(Payload):
    """How raw outputs were turned into probabilities (Guo et al. 2017, temperature scaling)."""

    temperature: Annotated[float, Field(gt=0, le=100)]
    """Divides the logits."""
    bias: list[Annotated[float, Field(ge=-100, le=100)]] = Field(default_factory=list, max_length=64)
    """Added to each class's logit after that, in the order of the classes; empty where nothing is added."""
    prior: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Share of malignant images at which the probabilities hold; None where it was not noted."""
    fitted_on: Text


class Interval(Payload):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


class MetricCard(Payload):
    """Figures of one data set; never pooled over data sets."""

    data_set: Name
    split: Name
    images: Count
    patients: Count
    interval_method: Text
    values: dict[Name, Interval]
    confusion: dict[Name, dict[Name, Count]]
    """Images by true class and then by predicted class, at the threshold."""
    indeterminate: Count | None = None
    """How many of the images lie inside the band."""
    unusable: Count | None = None
    """How many of the images the gate would refuse; they are in the figures all the same."""


class DataCard(Payload):
    """A data set that the model was made with."""

    name: Name
    rendered: bool
    """True where no patient's tissue was ever in it."""
    origin: Text
    licence: Name
    citation: Text
    note: Text
    train_images: Count
    train_patients: Count
    validation_images: Count
    validation_patients: Count
    malignant_share: Probability
    """Share of malignant training images; classes are drawn evenly, so the model met a half."""
    operating_point: OperatingPoint | None = None
    """Fitted on this data set's validation images alone."""
    calibration: Calibration | None = None
    """The same; what the file computes is calibrated on all data sets together."""


class TrainingCard(Payload):
    """How the weights were made."""

    epochs: Count
    batch_size: Count
    learning_rate: float
    seed: Count
    note: Text


class Variant(Payload):
    """One way to compute the network, measured on validation data and on the machine that wrote the file."""

    name: Name
    """`full` (the network as trained, float32), `int8` or `float` (what the file holds)."""
    size: Annotated[int, Field(ge=0)]
    """Bytes: of the weights in float32, or of the file."""
    milliseconds: dict[Name, Annotated[float, Field(ge=0)]]
    """Per image, by batch size."""
    auc: dict[Name, Probability]
    agreement: dict[Name, Probability]
    """Share of the images that the full network decides, by data set, which this variant decides likewise."""


class Compression(Payload):
    """What was done to the full network, and what it cost on validation data."""

    method: Text
    rank: Count
    """Of the first fully connected layer; 0 where none was factorised."""
    engine: Name | None = None
    """The engine for 8-bit integers that the file was measured with; None where it has no integers."""
    full_auc: dict[Name, Probability]
    file_auc: dict[Name, Probability]
    """As the file computes on a CPU."""
    variants: list[Variant] = Field(default_factory=list, max_length=8)


class GateLimit(Payload):
    """A statistic that the artifact measures, and the values between which the model may be trusted."""

    statistic: Name
    low: float | None
    high: float | None
    code: Name
    """What the quality remark is called when a value lies outside."""
    blocks: bool
    """Whether the image then counts as unusable."""


class ModelCard(Payload):
    """The card inside the model file: class order, operating point, data, figures, limits."""

    name: Name
    version: Name
    architecture: Name
    modality: Literal["histopathology", "mammography"]
    created: AwareDatetime
    licence: Name
    classes: Annotated[list[ClassCard], Field(min_length=2, max_length=64)]
    operating_point: OperatingPoint
    calibration: Calibration
    gate: list[GateLimit]
    data: list[DataCard]
    metrics: list[MetricCard]
    training: TrainingCard
    compression: Compression
    tolerance: Annotated[dict[Name, float], Field(min_length=1)]
    """How far golden outputs may deviate, by device type, and as `int8` where a CPU computes in integers."""
    intended_use: Text
    limits: list[Text]
