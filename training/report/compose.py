"""From readings to a report, and from a report to its files."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from training.evaluation.subgroups import Subgroup, find_subgroups
from training.readings import Readings
from training.report.document import ModelFacts, Report
from training.report.page import write_page
from training.report.pictures import draw_mistakes, find_mistakes
from training.report.remarks import remark
from training.report.section import SIDES, Asked, describe
from training.report.spreadsheet import write_predictions
from training.report.words import METHOD

POOLED = "pooled"


class Wanted(NamedTuple):
    """What a report is to tell beside the figures, and where its files go."""

    out: Path
    prevalences: Sequence[float] = ()
    grouping: re.Pattern[str] | None = None
    """Every named group in it is a kind of subgroup."""
    pictures: bool = True
    fitted_share: float | None = None


def compose(
    kind: str, model: ModelFacts, readings: Readings, folders: Mapping[str, Path], wanted: Wanted
) -> Report:
    """Measure the readings of one or several data sets.

    Args:
        kind: Of the report.
        model: What was evaluated.
        readings: What it says of each image.
        folders: Where each data set was read from.
        wanted: What the report is to tell.
    """
    asked = Asked(wanted.prevalences, wanted.fitted_share)
    parts = readings.by_data_set()
    data_sets = {
        name: describe(name, each, _group(each, folders.get(name), wanted), asked)
        for name, each in parts.items()
    }
    return Report.model_validate(
        {
            "kind": kind,
            "model": model,
            "images": "",
            "notes": [note for name, each in parts.items() for note in remark(data_sets[name], each)],
            "data_sets": list(data_sets.values()),
            "pooled": describe(POOLED, readings, [], asked) if len(parts) > 1 else None,
            "folds": [],
            "acceptance": None,
            "mistakes": find_mistakes(readings),
            "method": METHOD,
        }
    )


def _group(readings: Readings, folder: Path | None, wanted: Wanted) -> list[Subgroup]:
    """Return what names and folders tell, and each class where there are more than two."""
    found = find_subgroups(readings.samples, folder, wanted.grouping)
    if len(readings.truth.names) > len(SIDES):
        labels = np.array([sample.label for sample in readings.samples])
        found += [
            Subgroup("class", name, np.flatnonzero(labels == label))
            for label, name in enumerate(readings.truth.names)
            if (labels == label).any()
        ]
    return found


def write_report(report: Report, readings: Readings, wanted: Wanted) -> None:
    """Write `report.html`, `report.json` and `predictions.csv`; each appears only when it is whole.

    Raises:
        OSError: if one cannot be written.
    """
    wanted.out.mkdir(parents=True, exist_ok=True)
    pictures = draw_mistakes(readings, report.mistakes) if wanted.pictures else {}
    texts = {
        "report.html": write_page(report, pictures),
        "report.json": report.model_dump_json(indent=1) + "\n",
    }
    for name, text in texts.items():
        part = wanted.out / f"{name}.partial"
        part.write_text(text, "utf-8")
        os.replace(part, wanted.out / name)
    part = wanted.out / "predictions.csv.partial"
    write_predictions(readings, part)
    os.replace(part, wanted.out / "predictions.csv")
