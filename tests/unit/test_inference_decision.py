"""How numbers become a decision and remarks."""

import math

import numpy as np
import pytest

from artifact.image import DecodedImage
from contract import Band, GateLimit, OperatingPoint, Quality
from inference_service.classifier import decide
from inference_service.quality import GENERAL, MESSAGES, assess

POINT = OperatingPoint(threshold=0.5, band=Band(low=0.4, high=0.6))
USABLE, UNUSABLE = Quality(usable=True, issues=[]), Quality(usable=False, issues=[])
PICTURE = DecodedImage(np.zeros((50, 50, 3), np.uint8), "PNG", several=False)


@pytest.mark.parametrize(
    ("malignant", "decision"),
    [
        (0.0, "benign"),
        (0.399999, "benign"),
        (0.4, "indeterminate"),
        (0.5, "indeterminate"),
        (0.599999, "indeterminate"),
        (0.6, "malignant"),
        (1.0, "malignant"),
    ],
)
def test_the_band_cuts_the_probability_in_three(malignant, decision):
    assert decide(malignant, POINT, USABLE) == decision


@pytest.mark.parametrize("malignant", [0.0, 0.5, 1.0])
def test_an_unusable_image_is_never_decided(malignant):
    assert decide(malignant, POINT, UNUSABLE) == "indeterminate"


def test_a_band_without_width_leaves_no_gap():
    point = OperatingPoint(threshold=0.5, band=Band(low=0.5, high=0.5))
    assert [decide(p, point, USABLE) for p in (0.499999, 0.5)] == ["benign", "malignant"]


def limit(code="blank", *, low=None, high=None, blocks=True):
    return GateLimit(statistic="anything", low=low, high=high, code=code, blocks=blocks)


@pytest.mark.parametrize(
    ("low", "high", "value", "usable"),
    [
        pytest.param(1, 3, 1, True, id="on-the-lower-limit"),
        pytest.param(1, 3, 3, True, id="on-the-upper-limit"),
        pytest.param(1, 3, 0.99, False, id="below"),
        pytest.param(1, 3, 3.01, False, id="above"),
        pytest.param(None, 3, -1e9, True, id="no-lower-limit"),
        pytest.param(1, None, 1e9, True, id="no-upper-limit"),
        pytest.param(1, None, math.nan, False, id="nan"),
        pytest.param(None, 3, math.inf, False, id="infinite"),
    ],
)
def test_a_value_outside_a_blocking_limit_makes_the_image_unusable(low, high, value, usable):
    quality = assess(PICTURE, [limit(low=low, high=high)], [value])
    assert quality.usable is usable
    assert bool(quality.issues) is not usable


def test_a_limit_that_does_not_block_only_remarks():
    quality = assess(PICTURE, [limit(low=1, blocks=False)], [0])
    assert quality.usable
    assert [issue.code for issue in quality.issues] == ["blank"]


def test_each_statistic_is_compared_with_its_own_limit():
    quality = assess(PICTURE, [limit("blank", low=5), limit("far_from_training_data", high=5)], [9, 9])
    assert [(i.code, i.message) for i in quality.issues] == [
        ("far_from_training_data", MESSAGES["far_from_training_data"])
    ]


def test_a_code_that_we_do_not_know_gets_a_general_message():
    assert assess(PICTURE, [limit("newer", low=5)], [0]).issues[0].message == GENERAL


def test_two_limits_with_one_code_remark_once():
    assert len(assess(PICTURE, [limit(low=5), limit(low=6)], [0, 0]).issues) == 1


def test_a_gate_that_does_not_fit_its_values_is_a_bug():
    with pytest.raises(ValueError, match="zip"):
        assess(PICTURE, [limit(low=5)], [])


def test_pictures_that_were_left_unread_are_remarked():
    several = DecodedImage(PICTURE.pixels, "TIFF", several=True)
    quality = assess(several, [], [])
    assert quality.usable
    assert [issue.code for issue in quality.issues] == ["several_pictures"]
