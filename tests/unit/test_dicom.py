"""DICOM pictures made here: how they are shown, what is passed on, what is refused before it costs much."""

import io
import struct
import time
import zlib

import imagecodecs
import numpy as np
import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.processing import apply_voi, apply_windowing
from pydicom.sequence import Sequence
from pydicom.uid import (
    HTJ2K,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from artifact.image import ImageTooLarge, ImageTruncated, ImageUnreadable, ImageUnsuitable, decode

LIMIT = 1_000_000
NAME = "Doe^Jane"


def make(stored, syntax=ExplicitVRLittleEndian, *, frame=None, **elements):
    """Build a DICOM file around stored values (H, W) or (H, W, 3), or around a compressed frame of them."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = (
        UID("1.2.840.10008.5.1.4.1.1.7"),
        UID("1.2.3"),
    )
    meta.TransferSyntaxUID = syntax
    image = FileDataset(
        "",
        {},
        file_meta=meta,
        preamble=b"\0" * 128,
        is_implicit_VR=syntax.is_implicit_VR,
        is_little_endian=syntax.is_little_endian,
    )
    image.SOPClassUID, image.SOPInstanceUID, image.PatientName = (
        meta.MediaStorageSOPClassUID,
        UID("1.2.3"),
        NAME,
    )
    image.Rows, image.Columns = stored.shape[:2]
    image.SamplesPerPixel = 3 if stored.ndim == 3 else 1
    image.PhotometricInterpretation = "RGB" if stored.ndim == 3 else "MONOCHROME2"
    if stored.ndim == 3:
        image.PlanarConfiguration = 0
    image.BitsAllocated = image.BitsStored = 8 * stored.dtype.itemsize
    image.HighBit, image.PixelRepresentation = image.BitsStored - 1, int(stored.dtype.kind == "i")
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    raw = stored.astype(stored.dtype.newbyteorder(order)).tobytes()
    image.PixelData = encapsulate([frame]) if frame is not None else raw + b"\0" * (len(raw) % 2)
    image["PixelData"].VR = "OB" if frame is not None or stored.dtype.itemsize == 1 else "OW"
    for keyword, value in elements.items():
        if value is None:
            delattr(image, keyword)
        else:
            setattr(image, keyword, value)
    file = io.BytesIO()
    image.save_as(file, enforce_file_format=True)
    return file.getvalue()


def grey_of(data):
    pixels = decode(data, max_pixels=LIMIT).pixels
    assert (pixels[:, :, 0] == pixels[:, :, 1]).all()
    return pixels[:, :, 0]


RAMP = np.arange(4096, dtype=np.uint16).reshape(64, 64)
TWELVE = {"BitsStored": 12, "HighBit": 11}


@pytest.mark.parametrize(
    "syntax",
    [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian],
)
def test_uncompressed_values_are_shown_over_the_range_of_their_bits(syntax):
    np.testing.assert_array_equal(grey_of(make(RAMP, syntax, **TWELVE)), np.rint(RAMP / 4095 * 255))


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_a_dataset_without_a_preamble_is_recognised(syntax):
    data = make(RAMP, syntax, **TWELVE)
    first = b"\0\x08\0\x16" if syntax == ExplicitVRBigEndian else b"\x08\0\x16\0"
    for bare in (data[132:], data[data.index(first) :]):  # with and without a word on its transfer syntax
        image = decode(bare, max_pixels=LIMIT)
        assert (image.format, image.height) == ("DICOM", 64)
        assert image.pixels[63, 63, 0] == 255


def noise(bits, shape=(40, 30), seed=5):
    kind = np.uint8 if bits <= 8 else np.uint16
    return np.random.default_rng(seed).integers(0, 2**bits, shape).astype(kind)


LOSSLESS = [
    pytest.param(
        JPEG2000Lossless, lambda a: imagecodecs.jpeg2k_encode(a, codecformat="j2k", level=0), id="jpeg-2000"
    ),
    pytest.param(HTJ2KLossless, lambda a: imagecodecs.htj2k_encode(a, reversible=True), id="htj2k"),
    pytest.param(JPEGLSLossless, imagecodecs.jpegls_encode, id="jpeg-ls"),
    pytest.param(
        UID("1.2.840.10008.1.2.4.70"),
        lambda a: imagecodecs.jpeg8_encode(a, lossless=True, predictor=1),
        id="jpeg-lossless",
    ),
    pytest.param(
        UID("1.2.840.10008.1.2.4.57"),
        lambda a: imagecodecs.jpeg8_encode(a, lossless=True, predictor=4),
        id="jpeg-lossless-any-predictor",
    ),
]


@pytest.mark.parametrize(("syntax", "compress"), LOSSLESS)
@pytest.mark.parametrize("bits", [8, 16])
def test_lossless_compression_changes_nothing(syntax, compress, bits):
    stored = noise(bits)
    np.testing.assert_array_equal(
        grey_of(make(stored, syntax, frame=compress(stored))), grey_of(make(stored))
    )


@pytest.mark.parametrize(("syntax", "compress"), LOSSLESS[:3])
def test_lossless_compression_of_colours_changes_nothing(syntax, compress):
    stored = noise(8, (40, 30, 3))
    pixels = decode(make(stored, syntax, frame=compress(stored)), max_pixels=LIMIT).pixels
    np.testing.assert_array_equal(pixels, stored)


def test_high_throughput_jpeg_2000_may_be_lossy():
    stored = np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8)
    frame = imagecodecs.htj2k_encode(stored, reversible=False, level=0.002)
    assert np.abs(grey_of(make(stored, HTJ2K, frame=frame)).astype(int) - stored).max() <= 2


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID", None])
@pytest.mark.parametrize(("centre", "width"), [(2048, 1000), (40.5, 1), (100, 4096), ([600, 9], [200, 9])])
def test_a_window_is_applied_as_pydicom_applies_it(function, centre, width):
    window = {
        "WindowCenter": centre,
        "WindowWidth": width,
        **({"VOILUTFunction": function} if function else {}),
    }
    shown = grey_of(make(RAMP, **TWELVE, **window))
    image = Dataset()
    image.PhotometricInterpretation, image.BitsStored, image.PixelRepresentation = "MONOCHROME2", 12, 0
    for keyword, value in window.items():
        setattr(image, keyword, value)
    with np.errstate(all="ignore"):
        expected = np.rint(np.nan_to_num(apply_windowing(RAMP, image)) / 4095 * 255)
    assert np.abs(shown - expected).max() <= 1


@pytest.mark.parametrize(
    "window",
    [
        {"WindowCenter": 5, "WindowWidth": 0},
        {"WindowCenter": 5, "WindowWidth": -3},
        {"WindowCenter": 5},
        {"WindowWidth": 5},
        {"WindowCenter": "", "WindowWidth": ""},
    ],
)
def test_a_window_that_makes_no_sense_is_left_aside(window):
    np.testing.assert_array_equal(grey_of(make(RAMP, **TWELVE, **window)), grey_of(make(RAMP, **TWELVE)))


def test_a_rescale_goes_before_the_window():
    stored = np.array([[0, 1000, 1040, 1080, 4000]], np.uint16)
    window = {"RescaleSlope": 1, "RescaleIntercept": -1024, "WindowCenter": 16.5, "WindowWidth": 81}
    assert grey_of(make(stored, **TWELVE, **window))[0].tolist() == [0, 0, 128, 255, 255]


def lut(first, values, bits):
    item = Dataset()
    item.LUTDescriptor, item.LUTData = [len(values), first, bits], [int(value) for value in values]
    item["LUTDescriptor"].VR = item["LUTData"].VR = "US"
    return Sequence([item])


def test_a_voi_lut_is_applied_as_pydicom_applies_it_and_before_any_window():
    curve = np.rint(np.sqrt(np.arange(2000) / 1999) * 1023)
    shown = grey_of(make(RAMP, **TWELVE, VOILUTSequence=lut(500, curve, 10), WindowCenter=1, WindowWidth=2))
    image = Dataset()
    image.VOILUTSequence = lut(500, curve, 10)
    np.testing.assert_array_equal(shown, np.rint(apply_voi(RAMP, image) / 1023 * 255))


def test_a_modality_lut_is_applied():
    stored = np.array([[0, 1, 2, 3, 9]], np.uint8)
    shown = grey_of(
        make(stored, ModalityLUTSequence=lut(1, [0, 500, 1000], 16), WindowCenter=500.5, WindowWidth=1001)
    )
    assert shown[0].tolist() == [0, 0, 128, 255, 255]


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({}, [0, 85, 255]),
        ({"PhotometricInterpretation": "MONOCHROME1"}, [255, 170, 0]),
        ({"PresentationLUTShape": "INVERSE"}, [255, 170, 0]),
        ({"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"}, [255, 170, 0]),
        ({"PresentationLUTShape": "IDENTITY"}, [0, 85, 255]),
        ({"PixelPaddingValue": 255}, [0, 85, 0]),
        ({"PixelPaddingValue": 80, "PixelPaddingRangeLimit": 255}, [0, 0, 0]),
        ({"PixelPaddingValue": 0, "PhotometricInterpretation": "MONOCHROME1"}, [0, 170, 0]),
    ],
)
def test_white_and_padding_are_as_the_file_says(elements, expected):
    assert grey_of(make(np.array([[0, 85, 255]], np.uint8), **elements))[0].tolist() == expected


def test_signed_values_are_shown_from_their_least_to_their_greatest_without_padding():
    stored = np.array([[-2000, -100, 0, 100]], np.int16)
    assert grey_of(make(stored, PixelPaddingValue=-2000))[0].tolist() == [0, 0, 128, 255]


def test_bits_above_those_stored_are_nothing():
    stored = RAMP | np.uint16(0xA000)
    np.testing.assert_array_equal(grey_of(make(stored, **TWELVE)), grey_of(make(RAMP, **TWELVE)))


@pytest.mark.parametrize("claimed", [{}, {"BitsStored": 16}])
def test_12_bits_in_a_container_that_claims_16_are_shown_as_12(claimed):
    np.testing.assert_array_equal(grey_of(make(RAMP, **claimed)), grey_of(make(RAMP, **TWELVE)))


def test_16_bits_give_what_8_bits_give_within_one_grey_value():
    stored = noise(16)
    assert np.abs(grey_of(make(stored)).astype(int) - (stored >> 8)).max() <= 1


def test_colours_by_planes_are_the_same_picture():
    stored = noise(8, (6, 8, 3))
    planes = make(stored, PlanarConfiguration=1, PixelData=stored.transpose(2, 0, 1).tobytes())
    np.testing.assert_array_equal(decode(planes, max_pixels=LIMIT).pixels, stored)


def test_a_palette_gives_its_colours():
    palette = {
        f"{colour}PaletteColorLookupTable{part}": value
        for index, colour in enumerate(("Red", "Green", "Blue"))
        for part, value in (
            ("Descriptor", [4, 0, 16]),
            ("Data", (np.array([0, 100, 200, 255], np.uint16)[:: 1 if index else -1] * 257).tobytes()),
        )
    }
    stored = np.array([[0, 1, 2, 3, 200]], np.uint8)
    pixels = decode(
        make(stored, PhotometricInterpretation="PALETTE COLOR", **palette), max_pixels=LIMIT
    ).pixels
    assert pixels[0, :, 0].tolist() == [255, 200, 100, 0, 0]
    assert pixels[0, :, 1].tolist() == [0, 100, 200, 255, 255]


@pytest.mark.parametrize(
    ("elements", "modality", "presentation"),
    [
        ({"Modality": "MG", "PresentationIntentType": "FOR PROCESSING"}, "MG", "for_processing"),
        ({"Modality": "DX", "PresentationIntentType": "FOR PRESENTATION"}, "DX", "for_presentation"),
        ({"Modality": NAME, "PresentationIntentType": NAME}, None, None),
        ({}, None, None),
    ],
)
def test_modality_and_purpose_are_passed_on_from_closed_lists_and_nothing_else(
    elements, modality, presentation
):
    image = decode(make(RAMP, **elements), max_pixels=LIMIT)
    assert (image.modality, image.presentation, image.several) == (modality, presentation, False)
    assert "Jane" not in repr(image)


def refused(error, words, data, limit=LIMIT):
    """Refuse quickly, and without a word of the patient's."""
    start = time.monotonic()
    with pytest.raises(error, match=words) as caught:
        decode(data, max_pixels=limit)
    assert time.monotonic() - start < 5
    assert "Jane" not in str(caught.value)


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        pytest.param({"NumberOfFrames": 2}, "more than one frame", id="frames"),
        pytest.param({"SOPClassUID": UID("1.2.840.10008.5.1.4.1.1.77.1.6")}, "whole-slide", id="slide"),
        pytest.param({"PixelData": None}, "no pixels", id="no-pixels"),
        pytest.param({"Rows": None}, "holds no picture", id="report"),
    ],
)
def test_what_is_not_one_picture_is_unsuitable(elements, words):
    refused(ImageUnsuitable, f"{words}.*Send", make(RAMP, **elements))


@pytest.mark.parametrize(
    ("syntax", "words"),
    [("1.2.840.10008.1.2.4.102", "video"), ("1.2.840.10008.1.2.4.94", "another server")],
)
def test_videos_and_pixels_elsewhere_are_unsuitable(syntax, words):
    refused(ImageUnsuitable, words, make(RAMP, UID(syntax), frame=b"any"))


@pytest.mark.parametrize(
    ("stored", "elements", "words"),
    [
        pytest.param(noise(8, (4, 4)), {"PhotometricInterpretation": "HSV"}, "rare", id="hsv"),
        pytest.param(noise(8, (4, 4, 3)), {"PhotometricInterpretation": "CMYK"}, "rare|damaged", id="cmyk"),
    ],
)
def test_rare_colours_are_refused(stored, elements, words):
    refused((ImageUnreadable, ImageTruncated), words, make(stored, **elements))


def test_the_pixels_are_counted_before_they_are_decoded():
    refused(ImageTooLarge, "limit of 4095 pixels", make(RAMP, **TWELVE), limit=4095)
    refused(ImageTooLarge, "limit of 1000000", make(RAMP, Rows=60_000, Columns=60_000))


@pytest.mark.parametrize(
    ("syntax", "compress"),
    [*LOSSLESS, pytest.param(JPEGBaseline8Bit, imagecodecs.jpeg8_encode, id="jpeg")],
)
def test_a_stream_that_is_larger_than_the_dataset_says_is_not_decoded(syntax, compress):
    refused(
        ImageTruncated,
        "damaged",
        make(noise(8, (4, 4)), syntax, frame=compress(np.zeros((3000, 3000), np.uint8))),
    )


def test_run_lengths_that_unpack_to_too_much_are_damaged():
    frame = struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\0" * 500_000  # 128 zeros for each two bytes
    refused(ImageTruncated, "damaged", make(noise(8, (4, 4)), RLELossless, frame=frame))


def test_a_deflated_dataset_that_unpacks_to_too_much_is_refused():
    data = make(RAMP, DeflatedExplicitVRLittleEndian)
    packer = zlib.compressobj(9, wbits=-15)
    bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(500)) + packer.flush()
    head = data[: data.index(b"1.2.840.10008.1.2.1.99") + 22]
    refused(ImageUnreadable, "unpacks to too much", head + bomb)


@pytest.mark.parametrize("depth", [100, 100_000])
def test_sequences_without_end_are_refused(depth):
    nest = (
        b"\x40\0\x75\x02SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\0\xe0\xff\xff\xff\xff"
    )  # (0040,0275) and an item
    data = make(RAMP, **TWELVE)
    place = data.index(b"\xe0\x7f\x10\x00")
    refused((ImageTruncated, ImageUnreadable, ImageUnsuitable), "Send", data[:place] + nest * depth)


def test_millions_of_items_are_refused():
    items = b"\x40\0\x75\x02SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\0\xe0\0\0\0\0" * 1_000_000
    data = make(RAMP, **TWELVE)
    place = data.index(b"\xe0\x7f\x10\x00")
    refused(ImageUnreadable, "too many elements", data[:place] + items + data[place:])


def test_a_palette_that_unpacks_to_too_much_is_damaged():
    segments = struct.pack("<HHH", 0, 1, 7) + struct.pack("<HHH", 1, 65535, 9) * 2000
    palette = {
        f"{'Segmented' * (part == 'Data')}{colour}PaletteColorLookupTable{part}": value
        for colour in ("Red", "Green", "Blue")
        for part, value in (("Descriptor", [0, 0, 16]), ("Data", segments))
    }
    refused(
        ImageTruncated,
        "damaged",
        make(noise(8, (4, 4)), PhotometricInterpretation="PALETTE COLOR", **palette),
    )


def test_a_file_that_is_tiff_and_dicom_at_once_is_read_as_dicom():
    data = b"II*\0\x08\0\0\0".ljust(128, b"\0") + make(RAMP, **TWELVE)[128:]
    assert decode(data, max_pixels=LIMIT).format == "DICOM"
