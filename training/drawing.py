"""Pictures of cell nuclei drawn from real measurements of them.

scikit-learn ships the WDBC table (Street, Wolberg & Mangasarian 1993, doi 10.1117/12.148698; CC BY 4.0): 30
measurements of the cell nuclei in each of 569 fine-needle samples, 212 of them malignant. Each row is drawn
as one picture of nuclei of that size, spread, texture and outline. The measurements are real, the pictures
are not: whatever is trained or shown with them is named as rendered.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from sklearn.datasets import load_breast_cancer

EDGE = 224

Measurements = dict[str, float]


def read_measurements() -> list[tuple[int, str, Measurements]]:
    """Return (row number, `benign` or `malignant`, measurements by name) for the 569 rows."""
    table = load_breast_cancer()
    names = [str(name) for name in table.feature_names]
    classes = [str(name) for name in table.target_names]
    return [
        (row, classes[int(target)], dict(zip(names, map(float, values), strict=True)))
        for row, (values, target) in enumerate(zip(table.data, table.target, strict=True))
    ]


def render(measurements: Measurements, seed: int) -> NDArray[np.uint8]:
    """Draw one picture (224, 224, 3) of nuclei with these measurements; equal seeds give equal pictures."""
    rng = np.random.default_rng(seed)
    canvas = _background(rng)
    radii = _radii(measurements, rng)
    for radius in np.sort(radii):
        centre = rng.uniform(0, EDGE, 2)
        _draw_nucleus(canvas, centre, radius, measurements, rng)
    return (np.clip(canvas, 0, 1) * 255).astype(np.uint8)


def _background(rng: np.random.Generator) -> NDArray[np.float64]:
    """Pale pink with cloudy variation, as stained cytoplasm and stroma look."""
    cloud = uniform_filter(np.kron(rng.normal(0, 1, (8, 8)), np.ones((28, 28))), size=29)
    colour = np.array([0.93, 0.78, 0.87]) + rng.normal(0, 0.02, 3)
    pixels: NDArray[np.float64] = colour + cloud[..., None] * np.array([0.03, 0.06, 0.04])
    return pixels + rng.normal(0, 0.012, (EDGE, EDGE, 3))


def _radii(measurements: Measurements, rng: np.random.Generator) -> NDArray[np.float64]:
    """Nuclear radii in pixels: mean and spread as in the row, whose `worst` is that of the three largest."""
    mean, error, worst = (measurements[f"{kind}"] for kind in ("mean radius", "radius error", "worst radius"))
    count = int(rng.integers(16, 24))
    spread = np.clip(error * 2.5, 0.3, (worst - mean) * 0.8 + 0.3)
    radii = np.concatenate([rng.normal(mean, spread, count - 3), rng.normal(worst, 0.3, 3)])
    return np.asarray(np.clip(radii, 4, 40), dtype=np.float64)


def _draw_nucleus(
    canvas: NDArray[np.float64],
    centre: NDArray[np.float64],
    radius: float,
    measurements: Measurements,
    rng: np.random.Generator,
) -> None:
    """Draw one nucleus: an ellipse with a rough, dented outline, filled with granular chromatin."""
    reach = int(radius * 1.6) + 2
    rows, columns = _window(centre, reach)
    dy, dx = np.meshgrid(rows - centre[0], columns - centre[1], indexing="ij")
    distance, angle = np.hypot(dy, dx), np.arctan2(dy, dx)
    edge = radius * _outline(angle, measurements, rng)
    cover = np.clip(edge - distance + 0.5, 0, 1)[..., None]
    depth = 1 - np.clip(distance / np.maximum(edge, 1), 0, 1) ** 6
    grain = rng.normal(0, measurements["mean texture"] / 100 * 0.45, dy.shape)
    shade = np.array([0.42, 0.28, 0.56]) + rng.normal(0, 0.03, 3)
    fill = shade + (grain - (1 - depth) * 0.12)[..., None] * np.array([1.0, 0.9, 0.8])
    region = np.ix_(rows, columns)
    canvas[region] = canvas[region] * (1 - cover) + fill * cover


def _window(centre: NDArray[np.float64], reach: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows, columns = (
        np.arange(max(0, int(middle) - reach), min(EDGE, int(middle) + reach + 1)) for middle in centre
    )
    return rows, columns


def _outline(
    angle: NDArray[np.float64], measurements: Measurements, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Relative radius by angle: elongation from symmetry, dents from concavity, roughness from smoothness."""
    turn = rng.uniform(0, 2 * np.pi, 12)
    outline = 1 + measurements["mean symmetry"] * 0.6 * np.cos(2 * (angle - turn[0]))
    for harmonic in (3, 4, 5):
        outline -= (
            measurements["mean concavity"] * 0.35 * np.abs(np.cos(harmonic / 2 * (angle - turn[harmonic])))
        )
    for harmonic in (7, 9, 11):
        outline += measurements["mean smoothness"] * 0.15 * np.cos(harmonic * (angle - turn[harmonic]))
    return np.asarray(outline, dtype=np.float64)
