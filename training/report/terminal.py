"""Figures as a person reads them in a terminal."""

from collections.abc import Sequence

from contract import MetricCard

SHOWN = ("accuracy", "precision", "recall", "f1", "specificity", "balanced_accuracy", "auc")


def show(metrics: Sequence[MetricCard]) -> str:
    """Return the figures of each data set with their intervals, and its confusion matrix."""
    return "\n\n".join(_show_one(card) for card in metrics)


def _show_one(card: MetricCard) -> str:
    lines = [f"{card.data_set}, {card.split}: {card.images} images of {card.patients} patients"]
    for name in SHOWN:
        figure = card.values[name]
        lines.append(
            f"  {name.replace('_', ' '):18}{figure.value:.3f}  ({figure.low:.3f} to {figure.high:.3f})"
        )
    lines.append("  confusion matrix    " + "".join(f"{'as ' + name:>14}" for name in card.confusion))
    for true, row in card.confusion.items():
        lines.append(f"    {true:18}" + "".join(f"{count:14d}" for count in row.values()))
    lines.append(f"  intervals: {card.interval_method}")
    return "\n".join(lines)
