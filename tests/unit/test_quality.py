"""What is said of images that a model cannot judge."""

import numpy as np
import pytest

from artifact.decoded import DecodedImage
from contract import GateLimit
from inference_service.quality import LEAST_EDGE, MESSAGES, assess, explain
from training.limits import CODES, OTHER


def picture(edge: int = 50, **told) -> DecodedImage:
    return DecodedImage(np.zeros((edge, 2 * edge, 3), np.uint8), "DICOM", several=False, **told)


def codes_of(quality) -> list[str]:
    return [issue.code for issue in quality.issues]


def test_a_patch_of_50_pixels_is_not_too_small_and_one_below_the_limit_is():
    assert assess(picture(50), [], []).usable
    assert codes_of(assess(picture(LEAST_EDGE), [], [])) == []
    small = assess(picture(LEAST_EDGE - 1), [], [])
    assert (small.usable, codes_of(small)) == (False, ["too_small"])


@pytest.mark.parametrize("modality", ["MG", "US", "MR", "CT", "DX"])
def test_a_dicom_picture_of_another_kind_is_refused_by_a_model_of_histology(modality):
    quality = assess(picture(modality=modality), [], [])
    assert (quality.usable, codes_of(quality)) == (False, ["wrong_modality"])
    assert "INFERENCE_MODEL" in quality.issues[0].message


@pytest.mark.parametrize("modality", ["SM", "GM", "OT", None])
def test_microscopy_and_what_is_not_told_are_left_to_the_pixels(modality):
    assert assess(picture(modality=modality), [], []).usable


def test_a_model_of_mammograms_takes_mammograms_and_refuses_slides():
    assert assess(picture(modality="MG"), [], [], "mammography").usable
    slide = assess(picture(modality="SM"), [], [], "mammography")
    assert codes_of(slide) == ["wrong_modality"]
    assert "it reads mammograms" in slide.issues[0].message


def test_raw_data_are_remarked_and_left_to_the_pixels():
    quality = assess(picture(modality="MG", presentation="for_processing"), [], [], "mammography")
    assert (quality.usable, codes_of(quality)) == (True, ["for_processing"])
    assert assess(picture(presentation="for_presentation"), [], []).issues == []


def test_that_it_is_another_kind_of_picture_is_said_first_and_once():
    gate = [
        GateLimit(statistic="contrast", low=5, high=None, code="blank", blocks=True),
        GateLimit(statistic="colour", low=5, high=None, code="wrong_modality", blocks=True),
    ]
    quality = assess(picture(modality="US"), gate, [1, 1])
    assert codes_of(quality) == ["wrong_modality", "blank"]


def test_every_code_of_an_exported_gate_has_its_own_message():
    codes = {*CODES.values(), *(code for others in OTHER.values() for code in others.values())}
    assert codes <= set(MESSAGES)


@pytest.mark.parametrize("modality", ["histopathology", "mammography", "something new"])
def test_every_code_is_explained_whatever_the_model_reads(modality):
    assert all(explain(code, modality) for code in MESSAGES)
