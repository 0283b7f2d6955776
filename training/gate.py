"""Fitting the statistics by which a model file tells images that it cannot judge, and their limits."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from artifact import DomainDistance, Foreignness
from training.looks import Looks

AXES = 32
"""Free axes of each data set's distribution."""
SHARE = 0.995
"""Share of a data set's validation images that lie within its distance."""
MARGIN = 1.2
"""How much farther than these an image may lie: patients differ more than the few that validate."""
FOREIGN = 0.015
"""Share of a data set's validation images, and random views of them, that may pass for foreign."""
STRICTNESS = 0.03
"""Inverse of the penalty on large weights: small, so that no single trait decides."""


def fit_distance(pooled: Tensor, data_sets: Sequence[str]) -> DomainDistance:
    """Fit one distribution a data set to pooled features (N, F), `data_sets` naming each row's set."""
    fitted = [
        _fit_one(pooled[[i for i, s in enumerate(data_sets) if s == n]]) for n in sorted(set(data_sets))
    ]
    means, axes, deviations, noise = (torch.stack(parts) for parts in zip(*fitted, strict=True))
    return DomainDistance(means, axes, deviations, noise)


def _fit_one(rows: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return mean (F,), axes (F, R), deviations (R,) and residual deviation () of one data set."""
    mean = rows.mean(0)
    _, singular, components = torch.linalg.svd(rows - mean, full_matrices=False)
    count = min(AXES, max(1, len(rows) // 2), rows.shape[1] - 1)
    freedom = max(1, len(rows) - 1)
    deviations = singular / freedom**0.5
    rest = deviations[count:].square().sum() / (rows.shape[1] - count)
    floor = 1e-3 * deviations[0] + 1e-6
    axes = _pad(components[:count].T, AXES)
    kept = torch.full((AXES,), float(rest.sqrt().clamp(min=float(floor))))
    kept[:count] = deviations[:count].clamp(min=float(floor))
    return mean, axes, kept, rest.sqrt().clamp(min=float(floor))


def _pad(axes: Tensor, count: int) -> Tensor:
    """Fill up with zero axes, along which nothing is ever measured."""
    return torch.nn.functional.pad(axes, (0, count - axes.shape[1]))


def scale_distance(distance: DomainDistance, measured: NDArray[np.float32], data_sets: Sequence[str]) -> None:
    """Stretch each data set's distribution so that its own validation images lie within a distance of 1.

    Without it one limit would serve all: the largest set would choose it, and the smaller ones, whose
    distributions are estimated from fewer images, would lose their own.

    Args:
        distance: As fitted, one distribution for each name in `data_sets`, in alphabetical order.
        measured: The distances of validation images (N,).
        data_sets: Which data set each of them belongs to (N,).
    """
    for index, rows in enumerate(_divide(data_sets)):
        stretch = MARGIN * float(np.quantile(measured[rows], SHARE))
        distance.deviations[index] *= stretch
        distance.noise[index] *= stretch


def fit_foreignness(looks: Looks) -> Foreignness:
    """Fit a logistic regression that tells training images from what is none; its limit is set later."""
    fitted = Foreignness()
    traits = torch.cat([looks.own, looks.foreign])
    fitted.centre.copy_(traits.mean(0))
    fitted.spread.copy_(traits.std(0) + 1e-3)
    truth = np.repeat([0, 1], [len(looks.own), len(looks.foreign)])
    regression = LogisticRegression(C=STRICTNESS, class_weight="balanced", max_iter=3000)
    regression.fit(fitted.standardise(traits).double().numpy(), truth)
    fitted.weight.copy_(torch.from_numpy(regression.coef_[0]))
    fitted.bias.copy_(torch.from_numpy(regression.intercept_))
    return fitted


def set_foreignness(
    foreignness: Foreignness, measured: NDArray[np.float32], views: Tensor, data_sets: Sequence[str]
) -> None:
    """Move what counts as foreign so far that nearly all validation images and their views stay below 0.

    Args:
        foreignness: As fitted.
        measured: What it says of validation images (N,).
        views: Traits of random views of them (M, TRAITS).
        data_sets: Which data set each of them, and then each view, belongs to (N + M,).
    """
    values = np.concatenate([measured, foreignness(views).numpy()])
    edges = [np.quantile(values[rows], 1 - FOREIGN) for rows in _divide(data_sets)]
    foreignness.bias -= max(0.0, float(max(edges)))


def _divide(data_sets: Sequence[str]) -> list[list[int]]:
    """Return the rows of each data set, in alphabetical order."""
    return [
        [row for row, name in enumerate(data_sets) if name == wanted] for wanted in sorted(set(data_sets))
    ]
