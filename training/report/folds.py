"""How figures vary from fold to fold."""

import numpy as np

from training.evaluation.bootstrap import estimate
from training.evaluation.figures import FIGURES, Figure
from training.evaluation.ranking import Draws, Ranking
from training.readings import Readings
from training.report.document import FoldReport, FoldsReport
from training.report.figures import to_figures
from training.report.markup import tame

SHOWN: dict[str, Figure] = {
    name: FIGURES[name]
    for name in ("auc", "balanced_accuracy", "recall", "specificity", "f1", "ece", "indeterminate")
}


def describe_folds(readings: Readings, *, by_patient: bool) -> list[FoldsReport]:
    """Describe the folds of each data set, and of all of them pooled if there are several."""
    parts = readings.by_data_set()
    if len(parts) > 1:
        parts = {**parts, "pooled": readings}
    return [_describe(name, each, by_patient=by_patient) for name, each in parts.items()]


def _describe(name: str, readings: Readings, *, by_patient: bool) -> FoldsReport:
    numbers = np.zeros(0) if readings.folds is None else readings.folds
    folds = [
        _describe_fold(number, readings.take(np.flatnonzero(numbers == number).tolist()))
        for number in np.unique(numbers).tolist()
    ]
    columns = {figure: [fold.figures[figure] for fold in folds] for figure in SHOWN}
    defined = {figure: [v for v in values if v is not None] for figure, values in columns.items()}
    return FoldsReport(
        data_set=tame(name),
        by_patient=by_patient,
        folds=folds,
        mean={figure: float(np.mean(values)) if values else None for figure, values in defined.items()},
        sd={
            figure: float(np.std(values, ddof=1)) if len(values) > 1 else None
            for figure, values in defined.items()
        },
        pooled=to_figures(estimate(readings.outcomes, SHOWN, name)),
    )


def _describe_fold(number: int, readings: Readings) -> FoldReport:
    draws = Draws(Ranking(readings.outcomes))
    values = {name: float(figure(draws)[0]) for name, figure in SHOWN.items()}
    return FoldReport(
        number=number,
        images=len(readings.samples),
        patients=len({sample.patient for sample in readings.samples}),
        figures={name: value if np.isfinite(value) else None for name, value in values.items()},
    )
