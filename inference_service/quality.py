"""Remarks about an image: what the model's gate measured, and its file told, in words that a reader knows."""

from collections.abc import Sequence

from artifact.decoded import DecodedImage
from contract import GateLimit, Quality, QualityIssue

LEAST_EDGE = 32
"""Pixels of the shorter side below which nothing can be told; patches of 50 pixels are large enough."""
SUITED = {
    "histopathology": frozenset({"SM", "GM", "XC", "OT"}),
    "mammography": frozenset({"MG", "CR", "DX", "OT"}),
}
"""What may have taken a DICOM picture for each kind of model; other codes are another kind of picture."""

GENERAL = "The image differs from those that the model was made with, so its answer may not hold."

OWN_MODEL = (
    "To serve a model of your own for such pictures, train and export it (docs/train.md) and name its file "
    "in INFERENCE_MODEL."
)
OTHER_KIND = {
    "histopathology": (
        "This is not the kind of picture that this model reads: it reads photographs of stained tissue under "
        "a microscope, and no mammogram, ultrasound, MRI or other picture without colour. Its answer must "
        f"not be used. {OWN_MODEL}"
    ),
    "mammography": (
        "This is not the kind of picture that this model reads: it reads mammograms, and no photographs of "
        f"tissue or other pictures in colour. Its answer must not be used. {OWN_MODEL}"
    ),
}
"""What `wrong_modality` means, by the kind of pictures that the model reads."""

MESSAGES = {
    "too_small": f"The image is narrower or lower than {LEAST_EDGE} pixels, too small to show anything.",
    "blank": "The image is nearly blank or has hardly any contrast, so there is nothing to judge.",
    "blurred": "The image is out of focus: its finest details are missing. Send a sharp one.",
    "overexposed": "Most of the image is white, so hardly anything can be judged. Send one with less light.",
    "underexposed": "The image is too dark to be judged. Send one with more light.",
    "wrong_modality": OTHER_KIND["histopathology"],
    "not_tissue": (
        "The image does not look like stained tissue under a microscope. Its answer must not be used."
    ),
    "far_from_training_data": (
        "The image does not look like the images that the model was made with. Its answer must not be used."
    ),
    "several_pictures": "The file holds more than one picture. Only the first was read.",
    "for_processing": (
        "The DICOM file holds raw data for processing. The model was made with pictures for presentation, so "
        "send those instead."
    ),
}
"""What each code means; codes of a model card that are not among them get the general message."""


def assess(
    image: DecodedImage, gate: Sequence[GateLimit], values: Sequence[float], modality: str = "histopathology"
) -> Quality:
    """Say what the model cannot judge in an image, the gravest first.

    Args:
        image: What its file told.
        gate: The limits on the model's card.
        values: The gate's statistics, one for each limit.
        modality: What kind of picture the model reads, as on its card.
    """
    crossed = [limit for limit, value in zip(gate, values, strict=True) if not _inside(limit, value)]
    blocking = [*_refuse(image, modality), *(limit.code for limit in crossed if limit.blocks)]
    remarks = [limit.code for limit in crossed if not limit.blocks]
    codes = dict.fromkeys([*sorted(blocking, key=_rank), *remarks, *_remark(image)])
    issues = [QualityIssue(code=code, message=explain(code, modality)) for code in codes]
    return Quality(usable=not blocking, issues=issues)


def explain(code: str, modality: str) -> str:
    """Return what a code means to someone who sent an image to a model for pictures of this kind."""
    if code == "wrong_modality":
        return OTHER_KIND.get(modality, GENERAL)
    return MESSAGES.get(code, GENERAL)


def _refuse(image: DecodedImage, modality: str) -> list[str]:
    """Return why an image must not be judged, by what its file told."""
    is_other = image.modality is not None and image.modality not in SUITED.get(modality, {image.modality})
    is_small = min(image.width, image.height) < LEAST_EDGE
    return ["wrong_modality"] * is_other + ["too_small"] * is_small


def _remark(image: DecodedImage) -> list[str]:
    """Return what a reader should know of the file, although the image may be judged."""
    is_raw = image.presentation == "for_processing"
    return ["several_pictures"] * image.several + ["for_processing"] * is_raw


def _rank(code: str) -> int:
    """Order codes: first that it is another kind of picture."""
    return 0 if code == "wrong_modality" else 1


def _inside(limit: GateLimit, value: float) -> bool:
    """Tell whether a value lies within its limits; NaN never does."""
    above = limit.low is None or value >= limit.low
    below = limit.high is None or value <= limit.high
    return above and below
