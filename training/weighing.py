"""How much each image has a say in where probabilities are cut into decisions."""

from collections.abc import Sequence

import numpy as np

from training.catalogue import find_origin
from training.data import Sample, rows_by_data_set
from training.evaluation.outcomes import Labels, Values


def weigh_by_patients(samples: Sequence[Sample], labels: Labels | None = None) -> Values:
    """Return weights (N,), with mean 1, under which data sets count as they have patients.

    Within a data set each class counts the same. A set counts as often as its scarcer class has patients,
    since no cut can be known better than that: with an even say, two benign patients would move the cut that
    forty others chose. Rendered pictures count only where there is nothing else, since nothing depends on
    how they are decided.

    Args:
        samples: What the cut is chosen on.
        labels: For example whether each is malignant (N,); the samples' own unless given.
    """
    truth = np.array([sample.label for sample in samples]) if labels is None else labels
    weights = np.zeros(len(samples))
    drawn = find_drawn(samples)
    for name, rows in rows_by_data_set(samples).items():
        if name in drawn:
            continue
        own = np.array(rows)
        cells = [own[truth[own] == label] for label in np.unique(truth[own])]
        patients = min(len({samples[row].patient for row in cell}) for cell in cells)
        for cell in cells:
            weights[cell] = patients / len(cell)
    return np.asarray(weights / weights.mean())


def find_drawn(samples: Sequence[Sample]) -> frozenset[str]:
    """Return the names of rendered data sets among others of tissue; none where all are rendered."""
    paths = {name: [samples[row].path for row in rows] for name, rows in rows_by_data_set(samples).items()}
    drawn = {name for name, own in paths.items() if find_origin(own[0], [path.stem for path in own]).rendered}
    return frozenset(drawn) if drawn < paths.keys() else frozenset()
