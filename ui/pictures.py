"""The picture and its heat map, both as the inference service draws them, small enough for a page."""

import base64
import io
from typing import NamedTuple
from uuid import UUID

from PIL import Image, UnidentifiedImageError

from contract import Prediction
from ui.client import Client
from ui.errors import ReplyUnreadable, Service

SIDE = 700
"""Longest side on the page, in pixels."""
PIXEL_LIMIT = 2_000_000
"""The service draws at most 1024 x 1024; what claims to be larger is not decoded."""


class Pictures(NamedTuple):
    """Data URIs of what was read and of the colours that lie over it."""

    picture: str
    heat: str | None
    """None where the picture cannot be judged: then the colours would say nothing about tissue."""


def draw_pictures(client: Client, image: bytes, prediction: Prediction, request_id: UUID) -> Pictures:
    """Have both drawn; every format that can be read can so be shown, DICOM too.

    Raises:
        ServiceFailed: if the service does not draw them.
    """
    picture = client.draw(image, request_id, opacity=0, overlay=True)
    heat = None
    if prediction.quality.usable:
        heat = _to_uri(client.draw(image, request_id, opacity=1, overlay=False), "WEBP", "RGBA")
    return Pictures(_to_uri(picture, "JPEG", "RGB"), heat)


def _to_uri(png: bytes, kind: str, mode: str) -> str:
    """Return a PNG of the service in a format that is much smaller."""
    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
            if picture.width * picture.height > PIXEL_LIMIT:
                raise ReplyUnreadable(Service.INFERENCE)
            picture.thumbnail((SIDE, SIDE))
            small = picture.convert(mode)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise ReplyUnreadable(Service.INFERENCE) from error
    stream = io.BytesIO()
    small.save(stream, kind, quality=85)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(stream.getvalue()).decode()}"
