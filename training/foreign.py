"""Pictures that are no tissue, drawn at random: what a gate learns to tell from training images.

They are rendered, so that fitting needs no photographs: statistics as of natural scenes suffice to learn what
is foreign (Hendrycks et al. 2019, "outlier exposure"; Baradad et al. 2021, "learning to see by looking at
noise").
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from training.scenery import Plane, draw_leaves, draw_screen, draw_shapes, draw_text, mix_colours, roughen

BLURRED = 0.3
"""Share of pictures that are put out of focus."""


def render(seed: int, edge: int) -> NDArray[np.uint8]:
    """Draw picture `seed`, uint8 (edge, edge, 3); kinds follow one another."""
    random = np.random.default_rng(seed)
    plane = KINDS[seed % len(KINDS)](random, edge)
    pixels = np.clip(plane, 0, 255).astype(np.uint8)
    if random.random() < BLURRED:
        blurred = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(random.uniform(0.3, 2)))
        return np.array(blurred)
    return pixels


def draw_noise(random: Generator, edge: int) -> Plane:
    """Draw independent pixels or blocks, in colour or grey."""
    block = int(random.choice([1, 1, 2, 4, 8]))
    side = -(-edge // block)
    shape = (side, side, 3 if random.random() < 0.7 else 1)  # noqa: PLR2004 - two of three in colour
    kind = int(random.integers(5))
    plane: Plane
    if kind == 0:
        plane = random.uniform(0, 255, shape)
    elif kind == 1:
        plane = random.normal(random.uniform(40, 220, shape[2]), random.uniform(5, 80), shape)
    elif kind == 2:  # noqa: PLR2004 - one of the kinds
        plane = 255.0 * (random.random(shape) < random.uniform(0.05, 0.95))
    elif kind == 3:  # noqa: PLR2004 - one of the kinds
        plane = random.poisson(random.uniform(1, 20), shape) * random.uniform(5, 20)
    else:
        colours = mix_colours(random, int(random.integers(2, 8)))
        plane = colours[random.integers(0, len(colours), shape[:2])]
    return np.kron(np.broadcast_to(plane, (side, side, 3)), np.ones((block, block, 1)))[:edge, :edge]


def draw_clouds(random: Generator, edge: int) -> Plane:
    """Draw noise that is alike on all scales, between two colours or in each channel apart."""
    slope, colours = random.uniform(0.5, 2.2), mix_colours(random, 3)
    if random.random() < 0.5:  # noqa: PLR2004 - an even chance
        rough = np.concatenate([roughen(random, edge, slope) for _ in range(3)], axis=2)
        return np.asarray(colours[0] + rough * random.uniform(5, 60))
    share = _squash(random.uniform(0.7, 3) * roughen(random, edge, slope))
    plane = colours[0] * (1 - share) + colours[1] * share
    other = 0.5 * _squash(2 * roughen(random, edge, random.uniform(0.5, 2))) * random.integers(0, 2)
    return np.asarray(plane * (1 - other) + colours[2] * other)


def draw_gradient(random: Generator, edge: int) -> Plane:
    """Draw three colours that run into each other, along a line or around a point."""
    down, right = np.mgrid[:edge, :edge] / edge
    angle = random.uniform(0, 2 * math.pi)
    way = math.cos(angle) * right + math.sin(angle) * down
    if random.random() < 0.4:  # noqa: PLR2004 - two of five
        way = np.hypot(right - random.random(), down - random.random())
    way = ((way - way.min()) / (np.ptp(way) + 1e-9) * random.choice([1, 1, 2, 5])) % 1.0001
    colours = mix_colours(random, 3)
    plane = np.stack([np.interp(way, [0, 0.5, 1], colours[:, channel]) for channel in range(3)], axis=2)
    return plane + random.normal(0, random.choice([0, 0, 1, 3, 8]), plane.shape)


def draw_pattern(random: Generator, edge: int) -> Plane:
    """Draw squares, stripes, waves, weave or a grid, with or without grain."""
    down, right = np.mgrid[:edge, :edge].astype(float)
    period, angle = random.uniform(2, 60), random.uniform(0, math.pi) * random.integers(0, 2)
    across = right * math.cos(angle) + down * math.sin(angle)
    along = down * math.cos(angle) - right * math.sin(angle)
    waves = [
        0.5 + 0.5 * np.sin(2 * math.pi * across / period),
        0.5 + 0.5 * np.sin(2 * math.pi * along / period),
    ]
    ways: list[NDArray[Any]] = [
        (across // period + along // period) % 2,
        (across // period) % 2,
        waves[0],
        waves[0] * waves[1],
        np.maximum(across % period < 0.12 * period, along % period < 0.12 * period),
    ]
    share, colours = ways[int(random.integers(len(ways)))][..., None], mix_colours(random, 2)
    grain = random.uniform(0, 0.25) * roughen(random, edge, random.uniform(0, 1.2)) * random.integers(0, 2)
    return np.asarray((colours[0] * (1 - share) + colours[1] * share) * (1 + grain))


def draw_shadows(random: Generator, edge: int) -> Plane:
    """Draw what looks like ultrasound, a film or a slice: grey, seldom tinted."""
    down, right = np.mgrid[:edge, :edge] / edge
    base = _squash(2 * roughen(random, edge, random.uniform(1.2, 2.2)))[..., 0]
    ways = [
        base * np.sqrt(random.exponential(0.5, base.shape)),
        np.clip(1.3 - 1.4 * np.hypot(right - random.integers(0, 2), 1.2 * (down - 0.5)), 0, 1)
        * (0.5 + 0.5 * base),
        np.clip(1.5 - 16 * ((right - 0.5) ** 2 + (down - 0.5) ** 2), 0, 1) * base,
    ]
    plane = 255 * ways[int(random.integers(len(ways)))][..., None] * np.ones(3)
    tinted = random.random() < 0.25  # noqa: PLR2004 - one of four
    return np.asarray(plane * mix_colours(random, 1)[0] / 255 if tinted else plane)


def _squash(plane: Plane) -> Plane:
    """Bring values between 0 and 1."""
    return np.asarray(1 / (1 + np.exp(-plane)))


KINDS: list[Callable[[Generator, int], Plane]] = [
    draw_noise,
    draw_clouds,
    draw_clouds,
    draw_gradient,
    draw_leaves,
    draw_leaves,
    draw_leaves,
    draw_shapes,
    draw_text,
    draw_screen,
    draw_pattern,
    draw_pattern,
    draw_shadows,
]
"""Those that are most various come most often."""
