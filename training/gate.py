"""Fitting the statistics by which a model file tells images that it cannot judge."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from artifact import DomainDistance
from contract import GateLimit

AXES = 32
"""Free axes of each data set's distribution."""
SHARE = 0.995
"""Share of a data set's validation images that lie within its distance."""
MARGIN = 1.2
"""How much farther than these an image may lie: patients differ more than the few that validate."""
LIMITS = [
    # Grey values (0..255) spread less than this on blank glass and plain colour only.
    GateLimit(statistic="contrast", low=4.0, high=None, code="blank", blocks=True),
    # `scale_distance` makes 1 the edge of every data set.
    GateLimit(statistic="domain_distance", low=None, high=1.0, code="far_from_training_data", blocks=True),
]


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
    for index, name in enumerate(sorted(set(data_sets))):
        rows = [row for row, data_set in enumerate(data_sets) if data_set == name]
        stretch = MARGIN * float(np.quantile(measured[rows], SHARE))
        distance.deviations[index] *= stretch
        distance.noise[index] *= stretch


def is_unusable(gate: Sequence[GateLimit], values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return for each row of `values` (N, K) whether a limit that blocks is crossed."""
    low = np.array([-np.inf if limit.low is None else limit.low for limit in gate])
    high = np.array([np.inf if limit.high is None else limit.high for limit in gate])
    blocks = np.array([limit.blocks for limit in gate])
    crossed = ~((values >= low) & (values <= high))
    return np.asarray((crossed & blocks).any(axis=1))
