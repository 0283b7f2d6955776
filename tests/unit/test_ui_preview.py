import base64
import io

import pytest
from PIL import Image

from ui.preview import SIDE, make_preview


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_every_accepted_format_gets_a_small_picture(kind, mode):
    small = decode(make_preview(encode(Image.new(mode, (900, 300), 128), kind)))
    assert small.format == "JPEG"
    assert small.size == (SIDE, round(SIDE / 3))


@pytest.mark.parametrize("mode", ["RGBA", "P", "1", "I;16", "LA"])
def test_unusual_pixels_get_a_small_picture_too(mode):
    assert decode(make_preview(encode(Image.new(mode, (900, 300)), "PNG"))).size == (SIDE, round(SIDE / 3))


def test_a_small_picture_stays_as_it_is():
    assert decode(make_preview(encode(Image.new("RGB", (50, 50)), "PNG"))).size == (50, 50)


@pytest.mark.parametrize("cut", [0, 10, 60])
def test_a_picture_that_cannot_be_shown_is_left_out(cut):
    assert make_preview(encode(Image.effect_noise((64, 64), 50), "PNG")[:cut]) is None


def test_a_picture_with_too_many_pixels_is_not_decoded():
    header = encode(Image.new("1", (8, 8)), "BMP")
    huge = header[:18] + (60_000).to_bytes(4, "little") * 2 + header[26:]
    assert make_preview(huge) is None


def encode(picture: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()


def decode(uri: str | None) -> Image.Image:
    assert uri is not None
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))
