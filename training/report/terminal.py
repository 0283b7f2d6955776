"""Figures as a person reads them in a terminal."""

from collections.abc import Sequence
from pathlib import Path

from contract import MetricCard
from training.report.document import Report
from training.report.figures import NAMES, write

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


def show_report(report: Report, out: Path) -> str:
    """Return the main figures of every data set, what to know before believing them, and the files."""
    lines = []
    for section in report.sections:
        level = section.image_level
        lines.append(f"{section.name}: {level.count} images of {level.patients} patients")
        lines += [f"  {NAMES[name]:26}{write(level.figures[name])}" for name in MAIN]
        lines.append("")
    lines += [f"Note: {note}" for note in report.notes]
    return "\n".join(
        [*lines, f"Report: {out / 'report.html'}, report.json, predictions.csv", report.disclaimer]
    )


MAIN = ("auc", "accuracy", "balanced_accuracy", "precision", "recall", "specificity", "f1", "ece")
"""The figures that are shown first."""
