"""What becomes of image files other than DICOM: upright 8-bit RGB, or an error that says what to do."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from artifact.image import (
    ImageEmpty,
    ImageError,
    ImageTooLarge,
    ImageTruncated,
    ImageUnreadable,
    decode,
)
from artifact.tiff import count_parts

LIMIT = 1_000_000
ORIENTATION = 274


def tissue(height=48, width=64):
    """A rendered picture with a different colour in each corner, so that turns show."""
    rows, columns = np.mgrid[0:height, 0:width]
    noise = np.random.default_rng(7).integers(0, 12, (height, width))
    red, green = 90 + rows * 2 + noise, 60 + columns * 2 + noise
    blue = np.where((rows - 10) ** 2 + (columns - 14) ** 2 < 60, 40, 190) + noise
    return np.stack([red, green, blue], axis=2).clip(0, 255).astype(np.uint8)


PIXELS = tissue()
PICTURE = Image.fromarray(PIXELS)


def encode(picture, kind, **options):
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def pixels_of(data):
    return decode(data, max_pixels=LIMIT).pixels


def png(width, height, depth, colour, rows):
    """Build a PNG of a kind that Pillow cannot write."""

    def chunk(name, content):
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def tiff(size, samples, *, bits=8, photometric=1, strips=1, claimed=None):
    """Build a little-endian grey TIFF with its directory at byte 8 and its samples behind it."""
    width, height = size
    length = len(samples) // strips
    tags = ImageFileDirectory_v2()
    for tag, value in {256: width, 257: height, 258: bits, 259: 1, 262: photometric, 277: 1}.items():
        tags[tag] = value
    tags[278] = -(-height // strips)
    tags[273] = tuple(range(0, strips * length, length)) if claimed is None else (0,) * claimed
    tags[279] = (length,) * (claimed or strips)
    return b"II*\0\x08\0\0\0" + tags.tobytes(8) + samples


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        pytest.param("PNG", {}, id="png"),
        pytest.param("BMP", {}, id="bmp"),
        pytest.param("TIFF", {}, id="tiff"),
        pytest.param("TIFF", {"compression": "tiff_lzw"}, id="tiff-lzw"),
        pytest.param("TIFF", {"compression": "tiff_deflate"}, id="tiff-deflate"),
        pytest.param("TIFF", {"big_tiff": True}, id="bigtiff"),
        pytest.param("WEBP", {"lossless": True}, id="webp-lossless"),
    ],
)
def test_a_lossless_file_gives_exactly_the_pixels_that_were_saved(kind, options):
    image = decode(encode(PICTURE, kind, **options), max_pixels=LIMIT)
    assert (image.format, image.width, image.height, image.several) == (kind, 64, 48, False)
    assert image.pixels.dtype == np.uint8
    assert image.pixels.flags.writeable
    np.testing.assert_array_equal(image.pixels, PIXELS)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_lossy_file_gives_nearly_the_pixels_that_were_saved(kind):
    image = decode(encode(PICTURE, kind, quality=95), max_pixels=LIMIT)
    assert image.format == kind
    assert np.abs(image.pixels.astype(int) - PIXELS).mean() < 6


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_turn_is_applied(kind, orientation):
    stored = {
        1: PIXELS,
        2: PIXELS[:, ::-1],
        3: PIXELS[::-1, ::-1],
        4: PIXELS[::-1],
        5: PIXELS.transpose(1, 0, 2),
        6: np.rot90(PIXELS),
        7: np.rot90(PIXELS, 2).transpose(1, 0, 2),
        8: np.rot90(PIXELS, -1),
    }[orientation]
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    options = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}.get(kind, {})
    data = encode(Image.fromarray(np.ascontiguousarray(stored)), kind, exif=exif, **options)
    image = decode(data, max_pixels=LIMIT)
    assert (image.width, image.height) == (64, 48)
    assert np.abs(image.pixels.astype(int) - PIXELS).mean() < 6


def test_exif_data_that_cannot_be_read_turn_nothing():
    broken = b"Exif\0\0II*\0\x08\0\0\0\x05\0" + b"\xff" * 40
    whole = pixels_of(encode(PICTURE, "JPEG"))
    np.testing.assert_array_equal(pixels_of(encode(PICTURE, "JPEG", exif=broken)), whole)


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        pytest.param(Image.new("RGBA", (4, 4), (200, 0, 0, 0)), (255, 255, 255), id="transparent"),
        pytest.param(Image.new("RGBA", (4, 4), (200, 0, 0, 255)), (200, 0, 0), id="opaque"),
        pytest.param(Image.new("RGBA", (4, 4), (100, 0, 0, 128)), (177, 127, 127), id="half"),
        pytest.param(Image.new("LA", (4, 4), (0, 0)), (255, 255, 255), id="transparent-grey"),
    ],
)
def test_transparency_is_laid_on_white(picture, expected):
    assert pixels_of(encode(picture, "PNG"))[0, 0] == pytest.approx(expected, abs=1)


def test_transparent_palette_entries_are_laid_on_white():
    picture = Image.fromarray(np.array([[0, 1]], np.uint8), mode=None).convert("P")
    picture.putpalette([10, 20, 30, 40, 50, 60])
    np.testing.assert_array_equal(
        pixels_of(encode(picture, "PNG", transparency=b"\0\xff")), [[[255, 255, 255], [40, 50, 60]]]
    )


def test_the_transparent_colour_of_an_rgb_png_is_laid_on_white():
    picture = Image.fromarray(np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8))
    data = encode(picture, "PNG", transparency=(1, 2, 3))
    np.testing.assert_array_equal(pixels_of(data), [[[255, 255, 255], [4, 5, 6]]])


def test_a_palette_gives_its_colours():
    palette = PICTURE.quantize(16)
    np.testing.assert_array_equal(pixels_of(encode(palette, "PNG")), np.array(palette.convert("RGB")))


@pytest.mark.parametrize("mode", ["1", "L"])
def test_grey_gives_three_equal_channels(mode):
    grey = PICTURE.convert(mode)
    expected = np.repeat(np.array(grey.convert("L"))[:, :, None], 3, axis=2)
    np.testing.assert_array_equal(pixels_of(encode(grey, "PNG")), expected)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb_and_no_negative(kind):
    assert np.abs(pixels_of(encode(PICTURE.convert("CMYK"), kind)).astype(int) - PIXELS).mean() < 8


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_and_not_clipped(kind):
    values = np.array([[0, 255, 256, 32768, 65535]], np.uint16)
    assert pixels_of(encode(Image.fromarray(values), kind))[0, :, 0].tolist() == [0, 1, 1, 128, 255]


FULL = np.random.default_rng(3).integers(0, 65536, (40, 50, 3)).astype(np.uint16)
ROWS = b"".join(b"\0" + row.astype(">u2").tobytes() for row in FULL)


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        pytest.param(encode(Image.fromarray(FULL[:, :, 0]), "PNG"), FULL[:, :, :1], id="grey-png"),
        pytest.param(encode(Image.fromarray(FULL[:, :, 0]), "TIFF"), FULL[:, :, :1], id="grey-tiff"),
        pytest.param(png(50, 40, 16, 2, ROWS), FULL, id="rgb-png"),
    ],
)
def test_a_picture_of_16_bits_is_its_8_bit_version_within_one_grey_value(wide, narrow):
    eight = np.broadcast_to((narrow >> 8).astype(int), FULL.shape)
    assert np.abs(pixels_of(wide) - eight).max() <= 1
    assert np.abs(pixels_of(wide) - np.rint(narrow / 257)).max() <= 1


@pytest.mark.parametrize("step", [256, 257])
@pytest.mark.parametrize("white", [3, 15, 255])
def test_a_dark_picture_spread_over_16_bits_stays_dark(step, white):
    eight = np.arange(white + 1, dtype=np.uint16)[None]
    pixels = pixels_of(encode(Image.fromarray(eight * np.uint16(step)), "PNG"))
    assert np.abs(pixels[0, :, 0].astype(int) - eight[0]).max() <= 1


def test_12_bits_in_a_container_of_16_are_shown_over_their_own_range():
    values = np.array([[0, 1001, 2047, 4095]], np.uint16)
    assert pixels_of(encode(Image.fromarray(values), "PNG"))[0, :, 0].tolist() == [0, 62, 127, 255]


def test_8_bits_in_a_container_of_16_are_taken_as_they_are():
    values = np.array([[0, 77, 254]], np.uint16)
    assert pixels_of(encode(Image.fromarray(values), "TIFF"))[0, :, 0].tolist() == [0, 77, 254]


def test_a_black_picture_of_16_bits_is_black():
    assert not pixels_of(encode(Image.fromarray(np.zeros((3, 4), np.uint16)), "PNG")).any()


def test_16_bit_rgb_is_scaled_and_not_clipped():
    row = b"\0" + struct.pack(">6H", 0, 256, 65535, 32768, 1000, 300)
    np.testing.assert_array_equal(pixels_of(png(2, 1, 16, 2, row)), [[[0, 1, 255], [128, 3, 1]]])


def test_big_endian_16_bit_tiff_is_scaled():
    values = np.array([[0, 256, 65535]], ">u2")
    assert pixels_of(encode(Image.fromarray(values), "TIFF"))[0, :, 0].tolist() == [0, 1, 255]


def test_12_bit_tiff_is_scaled_by_its_own_range():
    packed = bytes([0xFF, 0xF0, 0x00, 0x80, 0x07, 0xFF])  # 4095, 0, 2048, 2047
    assert pixels_of(tiff((4, 1), packed, bits=12))[0, :, 0].tolist() == [255, 0, 128, 127]


@pytest.mark.parametrize(("bits", "samples"), [(8, b"\x00\xff"), (16, b"\x00\x00\xff\xff")])
def test_a_tiff_whose_zero_is_white_is_turned_round(bits, samples):
    assert pixels_of(tiff((2, 1), samples, bits=bits, photometric=0))[0, :, 0].tolist() == [255, 0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(np.array([[0, 32768, 65535]], np.int32), [0, 128, 255], id="65535"),
        pytest.param(np.array([[0, 500_000, 1_000_000]], np.int32), [0, 127, 255], id="beyond"),
        pytest.param(np.array([[-100, 0, 255]], np.int32), [0, 72, 255], id="below-zero"),
    ],
)
def test_32_bit_samples_are_scaled_by_the_range_that_holds_them(values, expected):
    assert pixels_of(encode(Image.fromarray(values), "TIFF"))[0, :, 0].tolist() == expected


@pytest.mark.parametrize("value", [0.5, np.nan, np.inf, 3e38])
def test_floating_point_samples_are_refused_with_a_clear_word(value):
    data = encode(Image.fromarray(np.array([[0, value]], np.float32)), "TIFF")
    with pytest.raises(ImageUnreadable, match=r"floating-point numbers.*8-bit RGB"):
        decode(data, max_pixels=LIMIT)


def test_floating_point_colours_are_refused_alike_though_pillow_does_not_know_them():
    tags = ImageFileDirectory_v2()
    for tag, value in {256: 1, 257: 1, 258: (32, 32, 32), 262: 2, 277: 3, 339: (3, 3, 3), 273: 200}.items():
        tags[tag] = value
    tags[279] = 12
    data = b"II*\0\x08\0\0\0" + tags.tobytes(8)
    with pytest.raises(ImageUnreadable, match="floating-point numbers"):
        decode(data.ljust(212, b"\0"), max_pixels=LIMIT)


def colour_tiff(values, order, planes):
    """Build a TIFF of 8-bit or 16-bit RGB, its colours together or in planes, in either byte order."""
    start = b"II*\0\x08\0\0\0" if order == "<" else b"MM\0*\0\0\0\x08"
    height, width, _ = values.shape
    bits, parts = 8 * values.dtype.itemsize, 3 if planes else 1
    raw = (values.transpose(2, 0, 1) if planes else values).astype(values.dtype.newbyteorder(order)).tobytes()
    tags = ImageFileDirectory_v2(start)
    entries = {
        256: width,
        257: height,
        258: (bits,) * 3,
        259: 1,
        262: 2,
        277: 3,
        278: height,
        284: 1 + planes,
    }
    for tag, value in (entries | {284: 1 + planes}).items():
        tags[tag] = value
    tags[273] = tuple(range(0, len(raw), len(raw) // parts))
    tags[279] = (len(raw) // parts,) * parts
    return start + tags.tobytes(8) + raw


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("planes", [False, True])
@pytest.mark.parametrize("bits", [8, 16])
def test_colours_in_a_tiff_are_read_right_or_refused(order, planes, bits):
    data = colour_tiff(FULL if bits == 16 else (FULL >> 8).astype(np.uint8), order, planes)
    if planes and bits == 16:
        with pytest.raises(ImageUnreadable, match="planes of more than 8 bits"):
            decode(data, max_pixels=LIMIT)
    else:
        assert np.abs(pixels_of(data) - (FULL >> 8).astype(int)).max() <= 1


def test_a_jpeg_of_12_bits_is_refused_with_a_clear_word():
    data = bytearray(FILES["jpeg"])
    data[data.index(b"\xff\xc0") + 4] = 12
    with pytest.raises(ImageUnreadable, match="JPEG of 12 bits"):
        decode(bytes(data), max_pixels=LIMIT)


def test_cielab_is_unreadable_rather_than_wrongly_coloured():
    with pytest.raises(ImageUnreadable, match="CIELAB"):
        decode(encode(PICTURE.convert("LAB"), "TIFF"), max_pixels=LIMIT)


@pytest.mark.parametrize(
    ("kind", "options"),
    [("TIFF", {}), ("PNG", {}), ("WEBP", {"lossless": True})],
    ids=["pages", "apng", "animated-webp"],
)
def test_of_several_pictures_the_first_is_taken_and_the_others_are_told(kind, options):
    second = Image.fromarray(255 - PIXELS)
    image = decode(encode(PICTURE, kind, save_all=True, append_images=[second], **options), max_pixels=LIMIT)
    assert image.several
    np.testing.assert_array_equal(image.pixels, PIXELS)


def test_a_phones_jpeg_with_a_preview_is_one_jpeg():
    image = decode(encode(PICTURE, "MPO", save_all=True, append_images=[PICTURE]), max_pixels=LIMIT)
    assert (image.format, image.several) == ("JPEG", False)


def test_a_single_pixel_is_an_image():
    assert pixels_of(encode(Image.new("RGB", (1, 1), (9, 8, 7)), "PNG")).tolist() == [[[9, 8, 7]]]


def test_no_bytes_are_an_empty_image():
    with pytest.raises(ImageEmpty):
        decode(b"", max_pixels=LIMIT)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"Patient: Jane Doe", id="text"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", id="svg"),
        pytest.param(b"%PDF-1.7\n", id="pdf"),
        pytest.param(b"PK\x03\x04" + bytes(100), id="zip"),
        pytest.param(bytes(1000), id="zeros"),
        pytest.param(b"\xff", id="one-byte"),
        pytest.param(encode(PICTURE, "GIF"), id="gif"),
        pytest.param(encode(PICTURE, "PPM"), id="ppm"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", id="postscript"),
        pytest.param(b"GIF89a" + bytes(122) + b"DIC", id="nearly-dicom"),
    ],
)
def test_what_is_none_of_the_six_formats_is_unreadable(data):
    with pytest.raises(ImageUnreadable, match="JPEG, PNG, TIFF, BMP, WebP or DICOM"):
        decode(data, max_pixels=LIMIT)


FILES = {
    "jpeg": encode(PICTURE, "JPEG"),
    "jpeg-progressive": encode(PICTURE, "JPEG", progressive=True),
    "png": encode(PICTURE, "PNG"),
    "png-palette": encode(PICTURE.quantize(8), "PNG", transparency=b"\0\x80"),
    "png-16": encode(Image.fromarray(PIXELS[:, :, 0].astype(np.uint16) * 257), "PNG"),
    "tiff": encode(PICTURE, "TIFF"),
    "tiff-lzw": encode(PICTURE, "TIFF", compression="tiff_lzw"),
    "tiff-jpeg": encode(PICTURE, "TIFF", compression="jpeg"),
    "tiff-16": encode(Image.fromarray(PIXELS[:, :, 0].astype(np.uint16) * 257), "TIFF"),
    "tiff-pages": encode(PICTURE, "TIFF", save_all=True, append_images=[PICTURE]),
    "bmp": encode(PICTURE, "BMP"),
    "bmp-palette": encode(PICTURE.quantize(8), "BMP"),
    "webp": encode(PICTURE, "WEBP"),
    "webp-lossless": encode(PICTURE, "WEBP", lossless=True),
}


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
@pytest.mark.parametrize("name", sorted(FILES.keys() - {"tiff-pages"}))
def test_a_file_that_is_cut_off_is_truncated(name, share):
    data = FILES[name]
    with pytest.raises(ImageTruncated, match="cut off or damaged"):
        decode(data[: int(len(data) * share)], max_pixels=LIMIT)


def test_pillow_is_never_told_to_fill_up_truncated_files():
    decode(FILES["jpeg"], max_pixels=LIMIT)
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


def test_the_limit_of_pixels_is_the_last_that_passes():
    assert decode(FILES["png"], max_pixels=64 * 48).width == 64
    with pytest.raises(ImageTooLarge, match="limit of 3071 pixels"):
        decode(FILES["png"], max_pixels=64 * 48 - 1)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(png(30_000, 30_000, 8, 2, b""), id="png"),
        pytest.param(png(11_000, 10_000, 8, 2, b""), id="png-that-pillow-would-only-warn-of"),
        pytest.param(png(2_000_000, 1, 8, 0, b""), id="png-long-side"),
        pytest.param(tiff((60_000, 60_000), b"\0"), id="tiff"),
        pytest.param(
            b"BM"
            + struct.pack("<IHHI", 54, 0, 0, 54)
            + struct.pack("<IiiHH", 40, 90_000, 90_000, 1, 24)
            + bytes(24),
            id="bmp",
        ),
        pytest.param(
            b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0" + bytes(4) + b"\xfe\x3f\0\xfe\x3f\0" + bytes(8), id="webp"
        ),
    ],
)
def test_a_huge_image_is_refused_by_its_header(data):
    with pytest.raises(ImageTooLarge):
        decode(data, max_pixels=50_000_000)


@pytest.mark.parametrize("count", [65_537, 300_000])
def test_a_tiff_cut_into_too_many_strips_is_refused(count):
    with pytest.raises(ImageUnreadable, match="too many strips"):
        decode(tiff((1, 1), b"\0", claimed=count), max_pixels=LIMIT)


@pytest.mark.parametrize("tag", [273, 279, 324, 325])
@pytest.mark.parametrize(
    ("header", "layout"),
    [
        pytest.param(b"II*\0\x08\0\0\0", "<HHHII", id="little"),
        pytest.param(b"MM\0*\0\0\0\x08", ">HHHII", id="big"),
        pytest.param(b"II+\0\x08\0\0\0\x10" + bytes(7), "<QHHQQ", id="little-bigtiff"),
        pytest.param(b"MM\0+\0\x08\0\0" + bytes(7) + b"\x10", ">QHHQQ", id="big-bigtiff"),
    ],
)
def test_the_number_of_strips_or_tiles_is_found_in_every_kind_of_tiff(tag, header, layout):
    assert count_parts(header + struct.pack(layout, 1, tag, 4, 70_000, 0) + bytes(8)) == 70_000


def test_a_tiff_with_many_strips_is_read():
    assert pixels_of(tiff((8, 1000), bytes(8000), strips=1000)).shape == (1000, 8, 3)


def test_a_jpeg_with_too_many_scans_is_refused():
    data = encode(PICTURE, "JPEG", progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    with pytest.raises(ImageUnreadable, match="too many scans"):
        decode(data[:-2] + scan * 100 + b"\xff\xd9", max_pixels=LIMIT)


def test_a_text_chunk_that_unpacks_to_too_much_is_refused():
    bomb = b"a\0\0" + zlib.compress(bytes(100_000_000), 9)
    chunk = struct.pack(">I", len(bomb)) + b"zTXt" + bomb + struct.pack(">I", zlib.crc32(b"zTXt" + bomb))
    data = FILES["png"]
    with pytest.raises(ImageTruncated):
        decode(data[:33] + chunk + data[33:], max_pixels=LIMIT)


def test_a_chain_of_tiff_pages_without_end_is_not_followed():
    data = bytearray(tiff((1, 1), b"\x07"))
    (entries,) = struct.unpack_from("<H", data, 8)
    struct.pack_into("<I", data, 10 + 12 * entries, 8)  # the next page is the first again
    image = decode(bytes(data), max_pixels=LIMIT)
    assert image.several
    assert image.pixels.tolist() == [[[7, 7, 7]]]


EDITS = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.sampled_from([b"\0", b"\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0"])
        | st.binary(min_size=1, max_size=6),
    ),
    max_size=8,
)


def damaged(data, edits, kept):
    """Overwrite the places of `edits`, half of them in the header, and cut the end off."""
    result = bytearray(data)
    for index, (place, content) in enumerate(edits):
        start = int(place * (len(data) if index % 2 else min(len(data), 200)))
        result[start : start + len(content)] = content
    return bytes(result[: max(1, int(len(result) * kept))])


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=40, derandomize=True, deadline=None, database=None)
@given(edits=EDITS, kept=st.sampled_from([1.0, 1.0, 1.0, 0.99, 0.4]))
def test_a_damaged_file_gives_pixels_or_an_image_error(name, edits, kept):
    with contextlib.suppress(ImageError):
        image = decode(damaged(FILES[name], edits, kept), max_pixels=LIMIT)
        assert image.pixels.dtype == np.uint8
        assert image.pixels.shape == (image.height, image.width, 3)
        assert 0 < image.width * image.height <= LIMIT
