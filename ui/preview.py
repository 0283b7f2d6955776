"""A small picture of what was submitted, in a form that every browser shows."""

import base64
import io

from PIL import Image, UnidentifiedImageError

SIDE = 440
"""Longest side of the small picture, in pixels."""
PIXEL_LIMIT = 120_000_000
"""Larger pictures are not decoded for a preview."""


def make_preview(image: bytes) -> str | None:
    """Return the picture as a small JPEG in a data URI, or None if it cannot be shown."""
    try:
        with Image.open(io.BytesIO(image)) as picture:
            if picture.width * picture.height > PIXEL_LIMIT:
                return None
            picture.thumbnail((SIDE, SIDE))
            small = picture.convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        return None
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
