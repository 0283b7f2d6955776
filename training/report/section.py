"""From the readings of one data set to everything that is said about it."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from training.evaluation.bootstrap import estimate
from training.evaluation.figures import BRIEF, FIGURES
from training.evaluation.outcomes import Flags, Outcomes
from training.evaluation.patient import RULE, PatientsMixed, join_patients
from training.evaluation.prevalence import measure_worth
from training.evaluation.subgroups import Subgroup
from training.patients import is_known
from training.readings import Readings
from training.report.document import DataSetReport, Level, SubgroupReport, WorthReport
from training.report.figures import to_figures
from training.report.graphs import describe_calibration, draw_curves
from training.report.markup import tame

SIDES = ("benign", "malignant")
OF_PATIENTS = {name: figure for name, figure in FIGURES.items() if name not in {"ece", "calibration_slope"}}
"""Calibration is told from many images; the few patients of a test cannot show it."""


class Asked(NamedTuple):
    """What a report is to tell beside the figures."""

    prevalences: Sequence[float]
    fitted_share: float | None
    """Share of malignant images at which the probabilities were calibrated, if known."""


def describe(name: str, readings: Readings, subgroups: Sequence[Subgroup], asked: Asked) -> DataSetReport:
    """Measure one data set's readings."""
    outcomes = readings.outcomes
    patient_level, note = _join(readings, outcomes)
    counts = Counter(readings.truth.names[sample.label] for sample in readings.samples)
    return DataSetReport(
        name=tame(name),
        classes={tame(name): counts[name] for name in readings.truth.names if counts[name]},
        unknown_patients=sum(not is_known(sample.patient) for sample in readings.samples),
        image_level=_measure(outcomes, name),
        decided=_measure_decided(outcomes, name),
        patient_level=patient_level,
        patient_note=note,
        unusable=None if readings.unusable is None else int(readings.unusable.sum()),
        class_confusion=_count_classes(readings),
        calibration=describe_calibration(outcomes, asked.fitted_share),
        worth=[
            WorthReport(
                prevalence=worth.prevalence,
                answer=worth.answer.name,
                malignant=worth.answer.malignant,
                right=to_figures({"": worth.right})[""],
            )
            for worth in measure_worth(outcomes, asked.prevalences)
        ],
        subgroups=[_measure_subgroup(outcomes, subgroup) for subgroup in subgroups],
        curves=draw_curves(outcomes),
    )


def _measure(outcomes: Outcomes, title: str) -> Level:
    return Level(
        count=len(outcomes.labels),
        malignant=int(outcomes.labels.sum()),
        patients=len(np.unique(outcomes.patients)),
        figures=to_figures(estimate(outcomes, FIGURES, title)),
        confusion=_count(outcomes, outcomes.called),
    )


def _measure_decided(outcomes: Outcomes, title: str) -> Level | None:
    """Measure the images outside the band, which are those that get an answer."""
    decided = outcomes.take(~outcomes.undecided)
    if not len(decided.labels) or len(decided.labels) == len(outcomes.labels):
        return None
    level = _measure(decided._replace(called=decided.flagged), f"{title}, decided")
    figures = {name: figure for name, figure in level.figures.items() if name != "indeterminate"}
    return level.model_copy(update={"figures": figures})


def _join(readings: Readings, outcomes: Outcomes) -> tuple[Level | None, str]:
    """Measure patients; without a truth of patients return None and why."""
    try:
        patients = join_patients(outcomes, readings.cut)
    except PatientsMixed as reason:
        return None, str(reason)
    level = Level(
        count=len(patients.labels),
        malignant=int(patients.labels.sum()),
        patients=len(patients.labels),
        figures=to_figures(estimate(patients, OF_PATIENTS, "patients")),
        confusion=_count(patients, patients.called),
    )
    return level, f"Here {RULE}, cut at the same threshold and band."


def _count(outcomes: Outcomes, called: Flags) -> dict[str, dict[str, int]]:
    return {
        truth: {
            answer: int(((outcomes.labels == label) & (called == bool(said))).sum())
            for said, answer in enumerate(SIDES)
        }
        for label, truth in enumerate(SIDES)
    }


def _count_classes(readings: Readings) -> dict[str, dict[str, int]] | None:
    """Count images by true and likeliest class; None where two classes, or other ones, add nothing."""
    names = readings.classes.names
    if len(names) == len(SIDES) or readings.truth != readings.classes:
        return None
    pairs = Counter(
        zip(
            (sample.label for sample in readings.samples),
            readings.probabilities.argmax(axis=1).tolist(),
            strict=True,
        )
    )
    return {
        tame(truth): {tame(said): pairs[row, column] for column, said in enumerate(names)}
        for row, truth in enumerate(names)
    }


def _measure_subgroup(outcomes: Outcomes, subgroup: Subgroup) -> SubgroupReport:
    """Measure a subgroup; the AUC of one whose images are all of a class is against the other class."""
    inside = np.zeros(len(outcomes.labels), dtype=bool)
    inside[subgroup.rows] = True
    own = outcomes.take(inside)
    single = len(np.unique(own.labels)) == 1
    among = outcomes.take(inside | (outcomes.labels != own.labels[0])) if single else own
    figures = estimate(own, {name: FIGURES[name] for name in BRIEF if name != "auc"}, subgroup.name)
    figures |= estimate(among, {"auc": FIGURES["auc"]}, subgroup.name)
    return SubgroupReport(
        kind=tame(subgroup.kind),
        name=tame(subgroup.name),
        images=len(own.labels),
        malignant=int(own.labels.sum()),
        patients=len(np.unique(own.patients)),
        against_others=single,
        figures=to_figures(figures),
    )
