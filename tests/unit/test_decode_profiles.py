"""Colour profiles: what a scanner meant by its numbers reaches the model as sRGB."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from artifact.image import decode

WHITE = (0.9642, 1.0, 0.8249)
"""The white of the profiles' common space (D50, as XYZ)."""


def fixed(*values):
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def icc(space, tags, *, connection=b"XYZ "):
    """Build an ICC profile of version 2 (ICC.1:2001-04, section 6)."""
    offset, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, content in tags.items():
        whole = content.ljust(-(-len(content) // 4) * 4, b"\0")
        table += name + struct.pack(">II", offset + len(body), len(whole))
        body += whole
    head = struct.pack(">I4sI4s4s4s", offset + len(body), b"test", 0x02100000, b"scnr", space, connection)
    head += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + fixed(*WHITE)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def text(words):
    content = words + b"\0"
    return b"desc" + bytes(4) + struct.pack(">I", len(content)) + content + bytes(78)


def xyz(*values):
    return b"XYZ " + bytes(4) + fixed(*values)


def curve(gamma):
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))


COLORANTS = {b"r": (0.4361, 0.2225, 0.0139), b"g": (0.3851, 0.7169, 0.0971), b"b": (0.1431, 0.0606, 0.7142)}


def rgb_profile(order=b"rgb", gamma=2.2, name=b"made up"):
    """A profile of sRGB's primaries; `order` says which of them each channel means."""
    tags = {b"desc": text(name), b"cprt": b"text" + bytes(4) + b"none\0", b"wtpt": xyz(*WHITE)}
    for channel, meant in zip(b"rgb", order, strict=True):
        tags[bytes([channel]) + b"XYZ"] = xyz(*COLORANTS[bytes([meant])])
        tags[bytes([channel]) + b"TRC"] = curve(gamma)
    return icc(b"RGB ", tags)


def grey_profile(gamma):
    return icc(b"GRAY", {b"desc": text(b"grey"), b"wtpt": xyz(*WHITE), b"kTRC": curve(gamma)})


def cmyk_profile():
    """A press whose cyan ink prints black, and whose other inks are invisible (a lut8 table to Lab)."""
    ramp = bytes(range(256))
    corners = b"".join(bytes([0 if cyan else 255, 128, 128]) for cyan in (0, 1) for _ in range(8))
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    table += ramp * 4 + corners + ramp * 3
    return icc(b"CMYK", {b"desc": text(b"press"), b"wtpt": xyz(*WHITE), b"A2B0": table}, connection=b"Lab ")


def encode(picture, kind="PNG", **options):
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def first_pixel(data):
    return decode(data, max_pixels=10_000).pixels[0, 0].tolist()


RED = Image.new("RGB", (8, 8), (200, 30, 40))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("TIFF", {}),
        ("WEBP", {"lossless": True}),
        ("JPEG", {"quality": 100, "subsampling": 0}),
    ],
)
def test_channels_that_a_profile_swaps_are_swapped(kind, options):
    data = encode(RED, kind, icc_profile=rgb_profile(b"bgr"), **options)
    assert first_pixel(data) == pytest.approx([40, 30, 200], abs=6)


def test_a_profile_of_another_gamma_brightens():
    data = encode(Image.new("RGB", (8, 8), (128, 128, 128)), icc_profile=rgb_profile(gamma=1.0))
    assert first_pixel(data) == pytest.approx([188, 188, 188], abs=2)


def test_a_picture_that_is_srgb_already_is_not_touched():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pixels = np.random.default_rng(1).integers(0, 256, (16, 16, 3)).astype(np.uint8)
    data = encode(Image.fromarray(pixels), icc_profile=profile)
    np.testing.assert_array_equal(decode(data, max_pixels=10_000).pixels, pixels)


@pytest.mark.parametrize("grey", [Image.new("L", (8, 8), 128), Image.new("I;16", (8, 8), 128 * 257)])
def test_a_grey_profile_is_applied_to_8_and_16_bits(grey):
    assert first_pixel(encode(grey, icc_profile=grey_profile(1.0))) == pytest.approx([188] * 3, abs=2)


def test_a_grey_picture_with_a_profile_for_colours_is_read_as_grey():
    data = encode(Image.new("L", (8, 8), 128), icc_profile=rgb_profile(gamma=1.0))
    assert first_pixel(data) == pytest.approx([188] * 3, abs=2)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_is_printed_as_its_profile_says(kind):
    inks = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    plain, printed = encode(inks, kind), encode(inks, kind, icc_profile=cmyk_profile())
    assert first_pixel(plain) == pytest.approx([255, 0, 0], abs=4)
    assert first_pixel(printed) == pytest.approx([255, 255, 255], abs=4)


def test_colours_under_transparency_are_converted_too():
    data = encode(Image.new("RGBA", (8, 8), (200, 30, 40, 255)), icc_profile=rgb_profile(b"bgr"))
    assert first_pixel(data) == pytest.approx([40, 30, 200], abs=6)


def test_the_colours_of_a_palette_are_converted_too():
    data = encode(RED.quantize(2), icc_profile=rgb_profile(b"bgr"))
    assert first_pixel(data) == pytest.approx([40, 30, 200], abs=6)


@pytest.mark.parametrize(
    "profile",
    [
        pytest.param(b"no profile at all", id="text"),
        pytest.param(rgb_profile()[:200], id="cut-off"),
        pytest.param(bytes(5000), id="zeros"),
        pytest.param(cmyk_profile(), id="of-other-colours"),
        pytest.param(rgb_profile().replace(b"curv", b"xxxx"), id="unknown-curves"),
    ],
)
def test_a_profile_that_is_broken_or_does_not_fit_is_left_aside(profile):
    assert first_pixel(encode(RED, icc_profile=profile)) == [200, 30, 40]
