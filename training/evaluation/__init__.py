"""Figures with intervals, calibration and the operating point: all that is said about a model's answers."""

from training.evaluation.bootstrap import INTERVAL_METHOD, estimate
from training.evaluation.card import auc, auc_by_data_set, measure, measure_each
from training.evaluation.extremes import Estimate
from training.evaluation.figures import FIGURES
from training.evaluation.operating import AIM, Aim, choose_operating_point
from training.evaluation.outcomes import Cut, Outcomes, compare
from training.evaluation.scaling import Scaling, fit_scaling

__all__ = [
    "AIM",
    "FIGURES",
    "INTERVAL_METHOD",
    "Aim",
    "Cut",
    "Estimate",
    "Outcomes",
    "Scaling",
    "auc",
    "auc_by_data_set",
    "choose_operating_point",
    "compare",
    "estimate",
    "fit_scaling",
    "measure",
    "measure_each",
]
