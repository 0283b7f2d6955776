"""Whether a compressed network decides as the full one does, data set by data set."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from contract import OperatingPoint, Variant
from training.classes import Classes
from training.evaluation import AIM, Aim, Scaling, auc, choose_operating_point, fit_scaling
from training.evaluation.outcomes import Labels, Values
from training.scoring import Scores
from training.weighing import weigh_by_patients

ALLOWED_DROP = 0.005
"""How much validation AUC, in any data set, compression may cost."""
ALLOWED_CHANGES = 0.01
"""Share of the images that the full network decides, in any data set, that may be decided otherwise."""


class Judgement(NamedTuple):
    """What one way to compute the network says of the validation images."""

    malignancy: Values
    """Calibrated (N,)."""
    point: OperatingPoint

    @property
    def decisions(self) -> NDArray[np.int64]:
        """Return -1 for benign, 0 for indeterminate, 1 for malignant (N,)."""
        malignant = self.malignancy >= self.point.band.high
        benign = self.malignancy < self.point.band.low
        return np.asarray(malignant.astype(np.int64) - benign.astype(np.int64))


def calibrate(scores: Scores, classes: Classes, aim: Aim = AIM) -> tuple[Scaling, Judgement]:
    """Fit scaling and operating point to the outputs, and judge with them.

    Probabilities hold where classes are as common as here; the operating point weighs each class of a data
    set alike, and data sets by their patients.
    """
    scaling = fit_scaling(scores.outputs, scores.labels)
    labels = classes.is_malignant(scores.labels)
    malignancy = classes.malignancy(scaling.apply(scores.outputs))
    point = choose_operating_point(labels, malignancy, weigh_by_patients(scores.samples, labels), aim)
    return scaling, Judgement(malignancy, point)


class Verdict(NamedTuple):
    """How the images of one data set fare.

    An image counts as decided if the full network, with its own operating point, calls it benign or
    malignant, and as changed if the other one, with its own, does not call it the same: to leave it
    indeterminate is a change too. What the full network leaves open, the other may decide.
    """

    full_auc: float
    auc: float
    pairs: int
    """Pairs of a malignant and a benign image: one pair is the least by which the AUC can move."""
    decided: int
    changed: int
    is_drawn: bool = False
    """Rendered pictures beside tissue: how they are decided is told, and stands in nothing's way."""

    @property
    def agreement(self) -> float:
        """Return the share of the decided images that are decided alike."""
        return 1 - self.changed / self.decided if self.decided else 1.0

    @property
    def passes(self) -> bool:
        """Tell whether no more is lost than is allowed, or than one pair and one image of a small set."""
        drop = max(ALLOWED_DROP, 1 / self.pairs if self.pairs else 0.0)
        changes = max(1, int(ALLOWED_CHANGES * self.decided))
        return not self.full_auc - self.auc > drop + ROUNDING and (self.is_drawn or self.changed <= changes)


ROUNDING = 1e-9


def compare(
    full: Judgement,
    other: Judgement,
    labels: Labels,
    groups: Mapping[str, Sequence[int]],
    drawn: Collection[str] = (),
) -> dict[str, Verdict]:
    """Return a verdict for each data set.

    Args:
        full: Of the full network.
        other: Of what is held against it.
        labels: 1 for malignant (N,).
        groups: The rows of each data set.
        drawn: Those that are rendered, beside others that show tissue.
    """
    return {
        name: _compare(full, other, labels, np.array(rows))._replace(is_drawn=name in drawn)
        for name, rows in groups.items()
    }


def _compare(full: Judgement, other: Judgement, labels: Labels, rows: Labels) -> Verdict:
    truth, decided = labels[rows], full.decisions[rows] != 0
    changed = decided & (other.decisions[rows] != full.decisions[rows])
    return Verdict(
        full_auc=auc(truth, full.malignancy[rows]),
        auc=auc(truth, other.malignancy[rows]),
        pairs=int(truth.sum() * (1 - truth).sum()),
        decided=int(decided.sum()),
        changed=int(changed.sum()),
    )


def passes(verdicts: Mapping[str, Verdict]) -> bool:
    """Tell whether every data set passes."""
    return all(verdict.passes for verdict in verdicts.values())


def list_verdicts(verdicts: Mapping[str, Verdict]) -> str:
    """Return a line a data set, for the log and for a refusal."""
    return "\n".join(
        f"  {name:20} AUC {v.full_auc:.4f} -> {v.auc:.4f}, decided alike {v.decided - v.changed} of "
        f"{v.decided}{'' if v.passes else '   too great a loss'}"
        for name, v in verdicts.items()
    )


def tabulate(variants: Sequence[Variant]) -> str:
    """Return the table of what was compressed: size, time, and figures of each data set."""
    sets = list(variants[0].auc) if variants else []
    lines = [f"{'':8}{'MB':>8}{'ms, 1':>9}{'ms, 8':>9}" + "".join(f"{name:>30}" for name in sets)]
    for each in variants:
        times = "".join(f"{each.milliseconds[batch]:9.1f}" for batch in ("1", "8"))
        figures = "".join(
            f"{f'AUC {each.auc[name]:.4f}, alike {each.agreement[name]:.1%}':>30}" for name in sets
        )
        lines.append(f"{each.name:8}{each.size / 1e6:8.1f}{times}{figures}")
    return "\n".join(lines)
