"""Colours, grain and drawn things of which foreign pictures are made."""

import colorsys
import math
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Plane = NDArray[np.floating[Any]]
"""Colours (edge, edge, 3), about 0..255."""

WORDS = (  # noqa: SIM905 - a list of words reads worse
    "the of and patient report number image study date name left right result 2024 10 % file edit view help"
).split()


def mix_colours(random: Generator, count: int) -> Plane:
    """Draw colours (count, 3): any, near one hue, or of hues like those of stains."""
    kind = int(random.integers(4))
    if kind == 0:
        return random.uniform(0, 256, (count, 3))
    stains = kind == 3  # noqa: PLR2004 - one of four
    base, spread = (
        (random.uniform(0.72, 1.02), 0.04) if stains else (random.random(), 0.25 if kind == 1 else 0.04)
    )
    colours = []
    for _ in range(count):
        strength = random.uniform(0.1, 0.7) if stains else random.beta(1.5, 1.5)
        hue, value = (base + random.normal(0, spread)) % 1, random.beta(2.5, 1.2)
        colours.append(colorsys.hsv_to_rgb(hue, strength, value))
    return 255 * np.array(colours)


def roughen(random: Generator, edge: int, slope: float) -> Plane:
    """Draw noise (edge, edge, 1) of mean 0 and deviation 1, its amplitude falling with frequency ** slope."""
    frequency = np.hypot(np.fft.rfftfreq(edge)[None], np.fft.fftfreq(edge)[:, None])
    frequency[0, 0] = 1
    waves = random.normal(size=frequency.shape) + 1j * random.normal(size=frequency.shape)
    waves[0, 0] = 0
    plane = np.fft.irfft2(waves / frequency**slope, (edge, edge))
    return np.asarray(plane / (plane.std() + 1e-9))[..., None]


def _pick(random: Generator, colours: Plane) -> tuple[int, int, int]:
    red, green, blue = (int(part) for part in colours[random.integers(len(colours))])
    return red, green, blue


def draw_leaves(random: Generator, edge: int) -> Plane:
    """Draw things of all sizes that cover each other, as in natural scenes ("dead leaves"), with grain."""
    image = Image.new("RGB", (edge, edge))
    canvas, colours = ImageDraw.Draw(image), mix_colours(random, int(random.integers(3, 20)))
    smallest, power = random.uniform(1, 8) * edge / 224, random.uniform(1.2, 2.5)
    for _ in range(int(random.integers(150, 900))):
        radius = min(edge / 2, smallest * (1 - random.random()) ** (-1 / power))
        right, down = random.uniform(0, edge, 2)
        colour, kind = _pick(random, colours), int(random.integers(4))
        flat = radius * random.uniform(0.4, 1)
        if kind < 2:  # noqa: PLR2004 - two of four are round
            canvas.ellipse((right - radius, down - flat, right + radius, down + flat), fill=colour)
        elif kind == 2:  # noqa: PLR2004 - one of four
            canvas.rectangle((right - radius, down - flat, right + radius, down + flat), fill=colour)
        else:
            turns = np.sort(random.uniform(0, 2 * math.pi, int(random.integers(3, 6))))
            canvas.polygon(
                [(right + radius * math.cos(t), down + radius * math.sin(t)) for t in turns], fill=colour
            )
    grain = random.uniform(0, 0.35) * roughen(random, edge, random.uniform(0.6, 1.5))
    return np.asarray(np.array(image) * (1 + grain))


def draw_shapes(random: Generator, edge: int) -> Plane:
    """Draw a few plain shapes and lines, as in logos and charts."""
    colours = mix_colours(random, 6)
    white = random.random() < 0.4  # noqa: PLR2004 - two of five
    image = Image.new("RGB", (edge, edge), "white" if white else _pick(random, colours))
    canvas = ImageDraw.Draw(image)
    for _ in range(int(random.integers(1, 14))):
        ends = random.uniform(-0.1, 1.1, (2, 2)) * edge
        box, colour = (*ends.min(0), *ends.max(0)), _pick(random, colours)
        [
            lambda box, colour: canvas.ellipse(box, fill=colour),
            lambda box, colour: canvas.rectangle(box, fill=colour),
            lambda box, colour: canvas.line(box, fill=colour, width=int(random.integers(1, 6))),
            lambda box, colour: canvas.arc(box, 0, int(random.integers(40, 360)), fill=colour, width=4),
        ][int(random.integers(4))](box, colour)
    return np.array(image).astype(float)


def draw_text(random: Generator, edge: int) -> Plane:
    """Draw lines of words, mostly black on white."""
    colours = mix_colours(random, 2)
    plain = random.random() < 0.5  # noqa: PLR2004 - an even chance
    image = Image.new("RGB", (edge, edge), "white" if plain else _pick(random, colours[:1]))
    canvas, size = ImageDraw.Draw(image), max(5, int(random.integers(6, 30) * max(0.4, edge / 224)))
    font, down = ImageFont.load_default(size), -float(random.integers(0, size + 1))
    while down < edge:
        line = " ".join(random.choice(WORDS, 14))
        canvas.text(
            (int(random.integers(-20, 10)), down),
            line,
            "black" if plain else _pick(random, colours[1:]),
            font,
        )
        down += size * random.uniform(1.1, 1.8) + 1
    return np.array(image).astype(float)


def draw_screen(random: Generator, edge: int) -> Plane:
    """Draw panels with words on them and a curve, as on a screen."""
    colours, greys = mix_colours(random, 6), random.integers(180, 256, 12)
    image = Image.new("RGB", (edge, edge), (int(greys[0]),) * 3)
    canvas = ImageDraw.Draw(image)
    for grey in greys[: int(random.integers(3, 12))]:
        right, down = random.uniform(-0.1, 0.9, 2) * edge
        width, height = random.uniform(0.08, 0.9) * edge, random.uniform(0.04, 0.5) * edge
        grey_one = random.random() < 0.4  # noqa: PLR2004 - two of five
        colour = (int(grey),) * 3 if grey_one else _pick(random, colours)
        canvas.rounded_rectangle(
            (right, down, right + width, down + height), int(random.integers(0, 9)), colour
        )
        words = " ".join(random.choice(WORDS, int(random.integers(1, 6))))
        canvas.text(
            (right + 3, down + 2), words, "black", ImageFont.load_default(int(random.integers(6, 16)))
        )
    points = [(step * edge / 12, random.uniform(0.2, 0.9) * edge) for step in range(13)]
    canvas.line(points, fill=_pick(random, colours), width=int(random.integers(0, 3)))
    return np.array(image).astype(float)
