"""Whether a model does on local images what its card claims: criteria, and a verdict.

A laboratory that takes over a method first confirms that what its maker claims holds with its own samples
(ISO 15189, verification). So unless the user says otherwise, sensitivity and specificity must reach the lower
end of the interval that the card states for its largest set of tissue images. That is a question of fact, no
licence for use: what is good enough for which use, only the user can say.
"""

from typing import NamedTuple

import numpy as np

from contract import MetricCard, ModelCard
from training.data import DataProblem
from training.evaluation import AIM, Cut, choose_operating_point, estimate
from training.evaluation.extremes import Estimate, count_patients
from training.evaluation.figures import FIGURES
from training.evaluation.outcomes import Outcomes, compare
from training.patients import is_known
from training.readings import Readings
from training.report.document import Acceptance, Criterion
from training.report.figures import to_figures, to_text, write

LEAST_IMAGES = 50
LEAST_OF_CLASS = 20
"""Images of either class: with fewer, a 95 % interval is wider than 0.4."""
LEAST_PATIENTS = 5
"""Patients of either class, where patients are known."""
ENOUGH_FOR_SLOPE = 100
"""Images of either class from which on calibration can be told (Collins et al. 2016, Stat Med 35:214-226)."""


class Limits(NamedTuple):
    """What is asked of the model, and where the first two come from."""

    sensitivity: float
    specificity: float
    origin: str
    indeterminate: float = 0.30
    """Share of images without a decision, at most."""
    refused: float = 0.10
    """Share of images that the gate refuses, at most."""
    surely: bool = False
    """Whether whole intervals must say so (Flahault et al. 2005, J Clin Epidemiol 58:859-862)."""


def claim_limits(card: ModelCard) -> Limits:
    """Return what the card claims for the tissue that it was tested on with most patients.

    Raises:
        DataProblem: if it claims nothing about tissue.
    """
    rendered = {entry.name for entry in card.data if entry.rendered}
    real = [each for each in card.metrics if each.data_set not in rendered and _states_both(each)]
    if not real:
        raise DataProblem(
            "The model card states no sensitivity and specificity on tissue. Say --min-sensitivity and "
            "--min-specificity."
        )
    largest = max(real, key=lambda each: each.patients)
    return Limits(
        sensitivity=largest.values["recall"].low,
        specificity=largest.values["specificity"].low,
        origin=f"lower end of what the model card states for {largest.data_set}",
    )


def _states_both(card: MetricCard) -> bool:
    return {"recall", "specificity"} <= card.values.keys()


def judge(readings: Readings, limits: Limits) -> Acceptance:
    """Hold the readings of local images against the limits."""
    outcomes = readings.outcomes
    lacks = _find_lacks(readings, outcomes)
    found = estimate(outcomes, {name: FIGURES[name] for name in ("recall", "specificity", "indeterminate")})
    criteria = [
        _at_least("Sensitivity", found["recall"], limits.sensitivity, limits.origin),
        _at_least("Specificity", found["specificity"], limits.specificity, limits.origin),
        _at_most("Share indeterminate", found["indeterminate"], limits.indeterminate),
    ]
    if readings.unusable is not None:
        refused = outcomes._replace(cleared=~readings.unusable, flagged=np.zeros_like(readings.unusable))
        share = estimate(refused, {"indeterminate": FIGURES["indeterminate"]})["indeterminate"]
        criteria.append(_at_most("Share refused by the gate", share, limits.refused))
    acceptance = Acceptance(
        verdict="not-judged",
        reason=" ".join(lacks),
        criteria=criteria,
        suggested=None,
        suggested_figures={},
    )
    if not lacks:
        acceptance = acceptance.model_copy(update=_decide(criteria, surely=limits.surely))
    return _suggest(acceptance, readings, outcomes)


def _find_lacks(readings: Readings, outcomes: Outcomes) -> list[str]:
    """Return what there is too little of."""
    lacks = []
    if len(outcomes.labels) < LEAST_IMAGES:
        lacks.append(f"{len(outcomes.labels)} images are too few: at least {LEAST_IMAGES} are needed.")
    known = all(is_known(sample.patient) for sample in readings.samples)
    for name, label, patients in zip(("malignant", "benign"), (1, 0), count_patients(outcomes), strict=True):
        images = int((outcomes.labels == label).sum())
        if images < LEAST_OF_CLASS:
            lacks.append(f"{images} {name} images are too few: at least {LEAST_OF_CLASS} are needed.")
        elif known and patients < LEAST_PATIENTS:
            lacks.append(
                f"The {name} images are of {patients} patients only: at least {LEAST_PATIENTS} are needed."
            )
    return lacks


def _at_least(name: str, found: Estimate, limit: float, origin: str) -> Criterion:
    return Criterion(
        name=name,
        wanted=f"at least {to_text(limit)} ({origin})",
        found=write(to_figures({name: found})[name]),
        met=found.value >= limit,
        sure=found.low >= limit or found.high < limit,
    )


def _at_most(name: str, found: Estimate, limit: float) -> Criterion:
    return Criterion(
        name=name,
        wanted=f"at most {to_text(limit)}",
        found=write(to_figures({name: found})[name]),
        met=found.value <= limit,
        sure=found.high <= limit or found.low > limit,
    )


def _decide(criteria: list[Criterion], *, surely: bool) -> dict[str, str]:
    """Return verdict and reason."""
    missed = [each.name.lower() for each in criteria if not each.met]
    unsure = [each.name.lower() for each in criteria if not each.sure]
    across = (
        f" Of {_list(unsure)} the interval reaches across the limit: another set of as many images could "
        "turn out otherwise."
        if unsure
        else ""
    )
    if missed:
        return {"verdict": "no-go", "reason": f"Missed: {_list(missed)}.{across}"}
    if surely and unsure:
        return {"verdict": "not-judged", "reason": f"All criteria are met, but not surely.{across}"}
    return {"verdict": "go", "reason": f"All criteria are met.{across}"}


def _list(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _suggest(acceptance: Acceptance, readings: Readings, outcomes: Outcomes) -> Acceptance:
    """Add the operating point that suits these images best, if both classes are there."""
    if len(np.unique(outcomes.labels)) == 1:
        return acceptance
    point = choose_operating_point(outcomes.labels, outcomes.values, aim=AIM)
    patients = [sample.patient for sample in readings.samples]
    moved = compare(outcomes.labels, outcomes.values, patients, Cut.at(point))
    names = ("recall", "specificity", "indeterminate")
    figures = to_figures(estimate(moved, {name: FIGURES[name] for name in names}))
    return acceptance.model_copy(update={"suggested": point, "suggested_figures": figures})
