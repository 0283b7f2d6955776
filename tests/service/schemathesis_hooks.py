"""What Schemathesis sends as files: their descriptions tell what they may be, and no schema can."""

import io

import schemathesis
from hypothesis import strategies
from PIL import Image


def _png(shade: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (12, 12), (shade, 100, 200)).save(stream, "PNG")
    return stream.getvalue()


schemathesis.openapi.format("binary", strategies.integers(0, 255).map(_png))
