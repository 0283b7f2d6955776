"""`python -m training cross-validate`: its options, and the report of all folds."""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from artifact import choose_device
from training.arguments import folds
from training.classes import BINARY, Classes, find_classes
from training.crossvalidation import Fit, Task, cross_validate
from training.data import SPLITS, DataProblem
from training.evaluate import (
    add_image_options,
    add_report_options,
    find_images,
    join_samples,
    read_wanted,
)
from training.fit import fit
from training.inspection import check_patients
from training.labelled import Labelled
from training.options import add_aim_options, add_plan_options, read_aim, read_plan
from training.plan import Plan
from training.readings import Readings
from training.report.compose import compose, write_report
from training.report.document import FoldsReport, ModelFacts, Report
from training.report.folds import describe_folds
from training.report.markup import tame
from training.report.terminal import show_report
from training.source import add_class_option, find_folders

FOLDS = 5
BEGUN = (
    "Fitting began with weights of an earlier run. If that run had seen images of "
    "these patients, all figures here are too good."
)
INFLATED = (
    "{name}: AUC is {honest:.3f} with folds by patient, and {random:.3f} with folds at random, whose "
    "networks have met the patients."
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `cross-validate`."""
    add_image_options(parser)
    add_class_option(parser)
    parser.add_argument("--split", choices=["train", "all"], default="train", help="(default: %(default)s)")
    parser.add_argument(
        "--always-train",
        action="append",
        default=[],
        metavar="DIR",
        help="folder whose training images every fold is fitted on too; may be given several times",
    )
    parser.add_argument("--folds", type=folds, default=FOLDS, help="2 to 50 (default: %(default)s)")
    parser.add_argument(
        "--random-split", action="store_true", help="fit folds at random too, to show how much they inflate"
    )
    parser.add_argument("--restart", action="store_true", help="throw away the folds that stand in --out")
    add_plan_options(parser)
    add_aim_options(parser)
    add_report_options(parser, Path("cross-validation"))


def run(options: argparse.Namespace, fit: Fit = fit) -> str:
    """Fit every fold and write the report; return it in short.

    Raises:
        DataProblem: if the images cannot be used.
        FoldsInterrupted: if folds of something else stand in the way.
        PlanEmpty: if nothing would be fitted.
    """
    classes = _find_classes(options)
    found = find_images(options, options.data, options.split, classes, check=False)
    always = find_images(options, options.always_train, "train", classes, check=False)
    if any(each.classes != classes for each in always):
        raise DataProblem("Folders of --always-train need the class folders of the others.")
    samples, extra = join_samples(found), join_samples(always)
    check_patients([*samples, *extra], options.out)
    folder = options.out / "folds"
    if options.restart:
        shutil.rmtree(folder, ignore_errors=True)
    plan, device = read_plan(options), choose_device(options.device)
    task = Task(plan, classes, device, folder, extra, aim=read_aim(options), fit=fit)
    readings = cross_validate(task, samples, options.folds)
    random = None
    if options.random_split:
        random = cross_validate(task._replace(by_patient=False), samples, options.folds)
    report = _compose(options, found, readings, random)
    write_report(report, readings, read_wanted(options))
    return show_report(report, options.out)


def _find_classes(options: argparse.Namespace) -> Classes:
    """Return the classes of training folders; plain class folders are benign and malignant."""
    folders = find_folders(options.data, options.out)
    if all((folder / split).is_dir() for folder in folders for split in SPLITS):
        return find_classes(folders, options.malignant)
    return BINARY


def _compose(
    options: argparse.Namespace, found: Sequence[Labelled], readings: Readings, random: Readings | None
) -> Report:
    """Return the report of the folds by patient, with the random ones beside them."""
    plan = read_plan(options)
    model = ModelFacts(
        name=plan.architecture,
        version=f"fitted anew in each of {options.folds} folds",
        architecture=plan.architecture,
        sha256=None,
        threshold=None,
        band=None,
    )
    folders = {each.folder.name: each.folder for each in found}
    report = compose("cross-validation", model, readings, folders, read_wanted(options))
    honest = describe_folds(readings, by_patient=True)
    inflated = describe_folds(random, by_patient=False) if random else []
    names = [each.data_set for each in honest]
    return report.model_copy(
        update={
            "images": _name_images(options, found),
            "notes": [*_warn(plan, honest, inflated), *report.notes],
            "folds": sorted([*honest, *inflated], key=lambda each: names.index(each.data_set)),
        }
    )


def _name_images(options: argparse.Namespace, found: Sequence[Labelled]) -> str:
    names = ", ".join(tame(each.folder.name) for each in found)
    which = "training images" if options.split == "train" else "all images"
    extra = ", ".join(tame(Path(folder).name) for folder in options.always_train)
    beside = f"; fitted in every fold beside them: {extra}" if extra else ""
    return f"{which} of {names}, each read by the fold that held its patient out{beside}"


def _warn(plan: Plan, honest: Sequence[FoldsReport], inflated: Sequence[FoldsReport]) -> list[str]:
    notes = [BEGUN] if plan.weights else []
    for ours, theirs in zip(honest, inflated, strict=False):
        values = ours.pooled["auc"].value, theirs.pooled["auc"].value
        if values[0] is not None and values[1] is not None:
            notes.append(INFLATED.format(name=ours.data_set, honest=values[0], random=values[1]))
    return notes
