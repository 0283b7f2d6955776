"""From outcomes to what plots show: curves, histograms, groups of similar probability."""

import numpy as np

from training.evaluation.calibration import fill_bins, measure_ece, simulate_ece
from training.evaluation.outcomes import Outcomes, Values
from training.evaluation.prior import move_prior
from training.evaluation.ranking import Draws, Ranking
from training.report.document import CalibrationReport, Curves, Points, ReliabilityBin

POINTS = 300
"""Points of a curve, at most."""
COLUMNS = 25
"""Columns of the histogram."""
Z = 1.959964
"""Standard normal deviate of a 95 % interval."""


def draw_curves(outcomes: Outcomes) -> Curves:
    """Return the curves and histograms of the outcomes; a curve that needs both classes is empty without."""
    malignant, benign = (np.cumsum(each[0]) for each in Draws(Ranking(outcomes)).steps)
    both = malignant[-1] > 0 and benign[-1] > 0
    recall = malignant / max(malignant[-1], 1)
    counts = [np.histogram(outcomes.values[outcomes.labels == label], COLUMNS, (0, 1))[0] for label in (0, 1)]
    return Curves(
        roc=_thin(np.append(0, benign / max(benign[-1], 1)), np.append(0, recall)) if both else [],
        precision_recall=_thin(recall, malignant / (malignant + benign)) if both else [],
        benign=counts[0].tolist(),
        malignant=counts[1].tolist(),
    )


def _thin(across: Values, up: Values) -> Points:
    """Return at most `POINTS` points that follow the whole curve, first and last among them."""
    length = np.cumsum(np.hypot(np.diff(across, prepend=across[0]), np.diff(up, prepend=up[0])))
    wanted = np.linspace(0, length[-1], POINTS)
    rows = np.unique(np.append(np.searchsorted(length, wanted).clip(max=len(up) - 1), [0, len(up) - 1]))
    return [(float(x), float(y)) for x, y in zip(across[rows], up[rows], strict=True)]


def describe_calibration(outcomes: Outcomes, fitted: float | None) -> CalibrationReport:
    """Describe calibration as it is, and after moving the probabilities to the share of malignant images."""
    ranking = Ranking(outcomes)
    bins = fill_bins(ranking)
    share = float(outcomes.labels.mean())
    moved = None
    if fitted is not None and 0 < share < 1 and 0 < fitted < 1:
        moved = Ranking(outcomes._replace(values=move_prior(outcomes.values, fitted, share)))
    return CalibrationReport(
        bins=[_describe_bin(*each) for each in zip(*(part.tolist() for part in bins), strict=True)],
        perfect=simulate_ece(ranking),
        share=share,
        fitted_share=fitted,
        adjusted=float(measure_ece(Draws(moved))[0]) if moved else None,
        adjusted_perfect=simulate_ece(moved) if moved else None,
    )


def _describe_bin(images: float, predicted: float, observed: float) -> ReliabilityBin:
    """Return one group with the interval of its share (Wilson 1927)."""
    middle = (observed + Z**2 / (2 * images)) / (1 + Z**2 / images)
    reach = Z / (1 + Z**2 / images) * (observed * (1 - observed) / images + Z**2 / (4 * images**2)) ** 0.5
    return ReliabilityBin(
        images=round(images),
        predicted=min(max(predicted, 0.0), 1.0),
        observed=min(max(observed, 0.0), 1.0),
        low=max(0.0, middle - reach),
        high=min(1.0, middle + reach),
    )
