"""`python -m training evaluate`: score a model file on labelled images, and write the report."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import artifact
from training.arguments import grouping, probability
from training.classes import Classes
from training.data import Sample
from training.inspection import look_at
from training.labelled import Labelled, Part, read_labelled
from training.patients import read_rule
from training.reading import Model
from training.report.compose import Wanted, compose, write_report
from training.report.markup import tame
from training.report.terminal import show_report
from training.source import add_patient_options, find_folders
from training.subject import Subject, open_model, open_weights

PARTS: dict[Part, str] = {
    "test": "the test folders",
    "validation": "the validation images, on which threshold and calibration were chosen",
    "all": "all images of the folders",
}
OPTIMISTIC: dict[Part, str] = {
    "validation": "These images chose the epoch, the calibration and the threshold, so their figures are too "
    "good. The test folders give figures that hold.",
    "all": "If the model was trained on these folders, their figures are far too good: the test folders "
    "alone give figures that hold.",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `evaluate`."""
    subject = parser.add_mutually_exclusive_group(required=True)
    subject.add_argument("--model", type=Path, help="model file, from `export`")
    subject.add_argument("--weights", type=Path, help="weights, from `train`, before they are exported")
    parser.add_argument("--split", choices=list(PARTS), default="test", help="(default: %(default)s)")
    add_image_options(parser)
    add_report_options(parser, Path("evaluation"))


def add_image_options(parser: argparse.ArgumentParser) -> None:
    """Add which images are taken, whose they are, and what computes."""
    parser.add_argument(
        "--data",
        action="append",
        required=True,
        metavar="DIR",
        help="folder with {train_dataset,test_dataset}/{benign,malignant}, or with {benign,malignant} alone; "
        "may be given several times; 'sample' draws a small rendered set",
    )
    add_patient_options(parser)
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda (default: %(default)s)")


def add_report_options(parser: argparse.ArgumentParser, out: Path) -> None:
    """Add what a report is to tell, and where it goes."""
    parser.add_argument("--out", type=Path, default=out, metavar="DIR", help="(default: %(default)s)")
    parser.add_argument(
        "--prevalence",
        type=probability,
        action="append",
        default=[],
        metavar="P",
        help="share of malignant ones, above 0 and below 1, at which to say predictive values; may be "
        "given several times",
    )
    parser.add_argument(
        "--group-pattern",
        type=grouping,
        help="regular expression searched in each path; every named group in it, such as (?P<scanner>[AB])_, "
        "makes subgroups",
    )
    parser.add_argument(
        "--no-pictures", action="store_true", help="leave the patients' pictures out of the page"
    )


def read_wanted(options: argparse.Namespace) -> Wanted:
    """Return what the report is to tell."""
    return Wanted(options.out, options.prevalence, options.group_pattern, not options.no_pictures)


Load = Callable[[Path, str], Model]


def evaluate(options: argparse.Namespace, load: Load = artifact.load) -> str:
    """Write the report; return it in short. `load` reads a model file for a device.

    Raises:
        ArtifactError: if the model file cannot be used.
        StateInvalid: if the weights cannot.
        DataProblem: if the images cannot, or weights have no record.
    """
    if options.weights:
        subject = open_weights(options.weights, options.device)
    else:
        subject = open_model(load(options.model, options.device))
    found = find_images(options, options.data, options.split, subject.classes)
    readings = subject.read(join_samples(found), found[0].classes)
    wanted = read_wanted(options)._replace(fitted_share=subject.fitted_share)
    folders = {each.folder.name: each.folder for each in found}
    report = compose("evaluation", subject.facts, readings, folders, wanted)
    notes = [*warn(subject, found, options.split), *report.notes]
    report = report.model_copy(update={"images": name_images(found, options.split), "notes": notes})
    write_report(report, readings, wanted)
    return show_report(report, wanted.out)


def find_images(
    options: argparse.Namespace, folders: Sequence[str], part: Part, classes: Classes, *, check: bool = True
) -> list[Labelled]:
    """Return the labelled images of the named folders; with `check`, each of them can be read."""
    rule = read_rule(options.patient_pattern, options.patients)
    found = read_labelled(find_folders(folders, options.out), part, classes, rule)
    if check:
        look_at(join_samples(found))
    return found


def join_samples(found: Sequence[Labelled]) -> list[Sample]:
    """Return the samples of every folder."""
    return [sample for each in found for sample in each.samples]


def name_images(found: Sequence[Labelled], part: Part) -> str:
    """Return which images were taken, in a sentence."""
    return f"{PARTS[part]}: {', '.join(tame(each.folder.name) for each in found)}"


def warn(subject: Subject, found: Sequence[Labelled], part: Part) -> list[str]:
    """Return what makes figures on this part of the images too good, or hard to read."""
    notes = [OPTIMISTIC[part]] if part in OPTIMISTIC else []
    if found[0].classes != subject.classes:
        notes.append("The folders tell benign from malignant only, the model more classes than that.")
    return notes
