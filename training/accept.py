"""`python -m training accept`: may this model be tried further on images like ours?"""

import argparse
from pathlib import Path

import artifact
from training.acceptance import ENOUGH_FOR_SLOPE, Limits, claim_limits, judge
from training.arguments import probability
from training.evaluate import (
    Load,
    add_image_options,
    add_report_options,
    find_images,
    join_samples,
    read_wanted,
    warn,
)
from training.reading import Model
from training.report.compose import compose, write_report
from training.report.document import Acceptance, Report
from training.report.figures import NAMES, to_text, write
from training.report.markup import tame
from training.subject import open_model

CODES = {"go": 0, "no-go": 1, "not-judged": 2}
"""Exit code of each verdict."""
VERDICTS = {"go": "GO", "no-go": "NO GO", "not-judged": "CANNOT BE JUDGED"}
SLOPE = (
    "Calibration slope and intercept need about {enough} images of either class to be told with any "
    "precision (Collins et al. 2016); here are {count}."
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `accept`."""
    parser.add_argument("--model", type=Path, required=True, help="model file, from `export`")
    add_image_options(parser)
    add_report_options(parser, Path("acceptance"))
    parser.add_argument(
        "--min-sensitivity", type=probability, help="(default: lower end of what the model card states)"
    )
    parser.add_argument(
        "--min-specificity", type=probability, help="(default: lower end of what the model card states)"
    )
    parser.add_argument(
        "--max-indeterminate",
        type=probability,
        default=Limits._field_defaults["indeterminate"],
        help="share of images without a decision, at most (default: %(default)s)",
    )
    parser.add_argument(
        "--max-refused",
        type=probability,
        default=Limits._field_defaults["refused"],
        help="share of images that the gate refuses, at most (default: %(default)s)",
    )
    parser.add_argument(
        "--surely", action="store_true", help="ask that whole intervals, not only values, keep the limits"
    )


def accept(options: argparse.Namespace, load: Load = artifact.load) -> tuple[str, int]:
    """Write the report; return it in short, and the exit code. `load` reads a model file for a device.

    Raises:
        ArtifactError: if the model file cannot be used.
        DataProblem: if the images cannot, or the card claims nothing and no limits are given.
    """
    model = load(options.model, options.device)
    limits = _read_limits(options, model)
    subject = open_model(model)
    found = find_images(options, options.data, "test", subject.classes)
    readings = subject.read(join_samples(found), found[0].classes)
    wanted = read_wanted(options)._replace(fitted_share=subject.fitted_share)
    folders = {each.folder.name: each.folder for each in found}
    acceptance = judge(readings, limits)
    report = compose("acceptance", subject.facts, readings, folders, wanted)
    scarcer = min(int(readings.labels.sum()), int((1 - readings.labels).sum()))
    notes = [SLOPE.format(enough=ENOUGH_FOR_SLOPE, count=scarcer)] if scarcer < ENOUGH_FOR_SLOPE else []
    report = report.model_copy(
        update={
            "images": ", ".join(tame(each.folder.name) for each in found),
            "notes": [*warn(subject, found, "test"), *notes, *report.notes],
            "acceptance": acceptance,
        }
    )
    write_report(report, readings, wanted)
    return show(report, acceptance, wanted.out), CODES[acceptance.verdict]


def _read_limits(options: argparse.Namespace, model: Model) -> Limits:
    given = options.min_sensitivity, options.min_specificity
    claimed = claim_limits(model.card) if None in given else Limits(*given, origin="as asked")
    return claimed._replace(
        sensitivity=claimed.sensitivity if given[0] is None else given[0],
        specificity=claimed.specificity if given[1] is None else given[1],
        indeterminate=options.max_indeterminate,
        refused=options.max_refused,
        surely=options.surely,
    )


def show(report: Report, acceptance: Acceptance, out: Path) -> str:
    """Return the verdict with its criteria as a person reads it in a terminal."""
    figures = report.sections[-1].image_level.figures
    lines = [f"{VERDICTS[acceptance.verdict]}. {acceptance.reason}", ""]
    for each in acceptance.criteria:
        lines.append(f"  {each.name:28}{each.found:26}{each.wanted}: {'met' if each.met else 'missed'}")
    for name in ("calibration_slope", "calibration_intercept"):
        lines.append(f"  {NAMES[name]:28}{write(figures[name])}")
    point = acceptance.suggested
    if point is not None:
        lines.append(
            f"  {'Threshold for these images':28}{to_text(point.threshold)}, band {to_text(point.band.low)} "
            f"to {to_text(point.band.high)}; confirm it on other images before using it"
        )
    lines += ["", *(f"Note: {note}" for note in report.notes)]
    lines.append(f"Report: {out / 'report.html'}, report.json, predictions.csv")
    return "\n".join([*lines, report.disclaimer])
