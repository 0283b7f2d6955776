"""The model card: what the file that is being exported will say of itself."""

from datetime import UTC, datetime

import numpy as np

from contract import (
    Band,
    Calibration,
    ClassCard,
    Compression,
    DataCard,
    ModelCard,
    OperatingPoint,
    TrainingCard,
)
from training.catalogue import find_origin
from training.classes import Classes
from training.data import Split
from training.evaluation import Scaling
from training.limits import Modality, open_limits
from training.record import Record

LICENCE = "Weights as their data allows; see the licence of each data set"
SPELLINGS = {"plantnetv2": "PlantNetV2"}
SUBJECTS: dict[Modality, str] = {
    "histopathology": "microscopy of stained breast tissue",
    "mammography": "X-ray pictures of the breast",
}
INTENDED_USE = (
    "Education and research on {subject}. Not a medical device, not for diagnosis or for any decision about "
    "care."
)
OTHERS: dict[Modality, str] = {
    "histopathology": (
        "Not for mammograms, ultrasound, other organs, or stains other than haematoxylin and eosin."
    ),
    "mammography": "Not for histology, ultrasound, MRI, or other organs.",
}
LIMITATIONS = [
    "One picture only: no stage, no grade, no receptor status can be read from it.",
    "{others}",
    "Figures hold for laboratories like those of the data sets; elsewhere they can be much worse.",
    "Probabilities hold where malignancy is as common as among the images they were calibrated on.",
]


def draft_card(record: Record, name: str, modality: Modality) -> ModelCard:
    """Return a card with all that is known before the file has computed anything."""
    return ModelCard(
        name=name,
        version="0.1.0",
        architecture=SPELLINGS.get(record.architecture, record.architecture),
        modality=modality,
        created=datetime.now(UTC),
        licence=LICENCE,
        classes=[
            ClassCard(name=label, malignant=malignant)
            for label, malignant in zip(*record.all_classes, strict=True)
        ],
        operating_point=OperatingPoint(threshold=0.5, band=Band(low=0.5, high=0.5)),
        calibration=Calibration(
            temperature=1.0,
            fitted_on="the file's own outputs for the validation images, each image with the same weight",
        ),
        gate=open_limits(),
        data=[],
        metrics=[],
        training=TrainingCard(
            epochs=record.epochs,
            batch_size=record.batch_size,
            learning_rate=record.learning_rate,
            seed=record.seed,
            note=_describe_training(record),
        ),
        compression=Compression(method="none yet", rank=0, full_auc={}, file_auc={}),
        tolerance={"cpu": 2e-3, "cuda": 2e-2, "int8": 1e-2},
        intended_use=INTENDED_USE.format(subject=SUBJECTS[modality]),
        limits=[text.format(others=OTHERS[modality]) for text in LIMITATIONS],
    )


def _describe_training(record: Record) -> str:
    first = []
    if record.is_begun:
        first.append("began with the weights of an earlier run")
    elif record.architecture != "plantnetv2":
        first.append("began with ImageNet weights")
    if record.head_epochs:
        first.append(f"{record.head_epochs} epochs of the last layer alone")
    if record.warm_start_epochs:
        first.append(f"{record.warm_start_epochs} epochs on small views with global average pooling")
    if record.kept:
        first.append(f"a share of {record.kept} of the weights that it began with was kept")
    drawn = f"{record.images_per_epoch} images" if record.images_per_epoch else "as many images as there are"
    return (
        f"Adam, cross-entropy with label smoothing; {'; '.join([*first, drawn])} drawn for an epoch, classes "
        "evenly, data sets by the square root of their size; random place, scale, turns, stain, light, blur "
        "and JPEG; weights averaged over the latest steps; the epoch with the best mean validation AUC was "
        "kept."
    )


def describe_calibration(scaling: Scaling, classes: Classes, fitted_on: str) -> Calibration:
    """Describe how raw outputs become probabilities."""
    return Calibration(
        temperature=scaling.temperature,
        bias=list(scaling.bias),
        prior=float(classes.malignancy(np.array([scaling.prior]))[0]),
        fitted_on=fitted_on,
    )


def describe_data(
    split: Split, classes: Classes, point: OperatingPoint, calibration: Calibration
) -> DataCard:
    """Describe one data set.

    Args:
        split: Its images.
        classes: Which of them are malignant.
        point: Chosen on its validation images alone.
        calibration: Fitted on the same.
    """
    name = split.train[0].data_set
    return DataCard(
        name=name,
        **find_origin(split.train[0].path, [sample.path.stem for sample in split.train])._asdict(),
        train_images=len(split.train),
        train_patients=len({sample.patient for sample in split.train}),
        validation_images=len(split.validation),
        validation_patients=len({sample.patient for sample in split.validation}),
        malignant_share=float(np.mean(classes.is_malignant(np.array([s.label for s in split.train])))),
        operating_point=point,
        calibration=calibration,
    )
