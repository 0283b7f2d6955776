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
"""Share of validation images that the distance limit lets pass."""
LOWEST_CONTRAST = 4.0
"""Grey values (0..255) spread less than this on blank glass and plain colour only."""


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
    count = min(AXES, max(1, len(rows) // 2))
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


def choose_limits(distances: NDArray[np.float32]) -> list[GateLimit]:
    """Choose the gate's limits from the validation images' distances (N,)."""
    limit = float(np.quantile(distances, SHARE))
    return [
        GateLimit(statistic="contrast", low=LOWEST_CONTRAST, high=None, code="blank", blocks=True),
        GateLimit(
            statistic="domain_distance", low=None, high=limit, code="far_from_training_data", blocks=True
        ),
    ]
