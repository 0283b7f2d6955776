"""What each figure means, in plain words with its source, and how it was computed."""

from training.evaluation.bootstrap import DRAWS
from training.evaluation.calibration import BINS, SIMULATIONS

MEANINGS = {
    "auc": "How often a malignant image gets a higher probability than a benign one. 0.5 is chance, 1 is "
    "perfect.",
    "pr_auc": "The same trade from the side of the alarms: average precision over all cuts. Chance gives the "
    "share of malignant images, so it cannot be compared between data sets of different shares.",
    "accuracy": "Share of images on the right side of the threshold. It flatters a model where one class is "
    "common.",
    "balanced_accuracy": "Mean of sensitivity and specificity: accuracy if both classes were equally common.",
    "precision": "Share of malignant ones among the images called malignant, at the share of malignant "
    "images of this data set; elsewhere see the predictive values.",
    "recall": "Share of the malignant images that are called malignant.",
    "specificity": "Share of the benign images that are called benign.",
    "f1": "Harmonic mean of precision and sensitivity.",
    "brier": "Mean squared distance of the probability from the truth. 0 is perfect; always saying one half "
    "gives 0.25 (Brier 1950).",
    "ece": f"Mean distance between probability and observed share over {BINS} groups of equally many images "
    "(Guo 2017, Nixon 2019). It is above 0 even for a perfect model, because images are few: compare it with "
    "the bound beside it. Its interval leans upwards, because drawing again adds chance.",
    "calibration_slope": "1 is right. Below 1 probabilities are too extreme, above 1 too timid (Cox 1958).",
    "calibration_intercept": "0 is right. Above 0 malignancy is commoner than the probabilities say, below 0 "
    "rarer: in log-odds, with the slope held at 1.",
    "indeterminate": "Share of images inside the band, which get no decision.",
}

METHOD = [
    f"Intervals: 95 %, from {DRAWS} bootstrap draws of whole patients with replacement, because images of "
    "one patient resemble each other. A draw that lacks what a figure needs, for example one of the classes, "
    "is left out of that figure. Where every draw gives the same, as for a share of exactly 0 or 1, the "
    "interval is the bound that as many patients allow (Clopper and Pearson 1934; for AUC Newcombe 2006). "
    "Where one patient alone stands behind a figure it has no interval. With fewer than about ten patients "
    "in a class, intervals are too narrow whatever the method.",
    f"Bound of the calibration error: the 95th percentile over {SIMULATIONS} simulations in which every "
    "image's truth is drawn with just the probability predicted for it. Images are drawn one by one, which "
    "makes the bound strict where a patient has many.",
    "Area under the precision-recall curve: average precision, without interpolation. Ties in probability "
    "count half in the ROC curve.",
    "Predictive values: by Bayes' rule from how often each class gets the answer, so the share of malignant "
    "images here does not matter.",
    "Mistakes are images on the wrong side of the threshold, the farthest off first, at most two of a "
    "patient.",
]
