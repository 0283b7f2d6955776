"""The files that both servers are sent, always the same ones."""

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image

from training.drawing import read_measurements, render

SIZE = (700, 460)
"""Width and height: those of the images of BreakHis."""


def list_files(count: int) -> list[bytes]:
    """Return so many files, PNG and JPEG in turns: of real images where there are any, else of drawn ones."""
    pictures = _read_real(count) or _draw(count)
    return [_encode(picture, "PNG" if turn % 2 == 0 else "JPEG") for turn, picture in enumerate(pictures)]


def _read_real(count: int) -> list[Image.Image]:
    place = os.environ.get("TEST_DATA_DIR")
    found = sorted(Path(place, "breakhis-200x", "test_dataset").glob("*/*")) if place else []
    chosen = found[:: max(1, len(found) // count)][:count]
    return [Image.open(path).convert("RGB") for path in chosen]


def _draw(count: int) -> list[Image.Image]:
    rows = read_measurements()[:count]
    pictures = [Image.fromarray(np.asarray(render(values, seed=row))) for row, _, values in rows]
    return [picture.convert("RGB").resize(SIZE) for picture in pictures]


def _encode(picture: Image.Image, kind: str) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **({"quality": 95} if kind == "JPEG" else {}))
    return stream.getvalue()
