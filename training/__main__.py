"""The commands of the training room: `python -m training COMMAND`."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from artifact import ArtifactError
from training import accept, commands, crossvalidate, evaluate
from training.checkpoint import Again, RunInterrupted, StateInvalid
from training.comparison import tabulate
from training.crossvalidation import FoldsInterrupted
from training.data import DataProblem
from training.learner import RunDiverged
from training.networks import WeightsMissing
from training.options import add_aim_options, add_plan_options, read_aim, read_plan
from training.plan import PlanEmpty
from training.prepare.command import add_options, prepare
from training.provide import StarterMissing, provide
from training.report import show
from training.source import Source, add_class_option, add_patient_options, find_folders
from training.trial import CompressionRefused

WEIGHTS = Path("breast_cancer_cnn.pth")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.set_defaults(failure=1, again_with="")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_prepare(subparsers.add_parser("prepare", help="turn a data set's archive into folders for training"))
    _add_train(subparsers.add_parser("train", help="train PlantNetV2 on folders of labelled images"))
    _add_export(subparsers.add_parser("export", help="write trained weights as a model file for the service"))
    _add_evaluate(subparsers.add_parser("evaluate", help="score a model file on labelled images"))
    _add_cross_validate(
        subparsers.add_parser("cross-validate", help="fit in folds by patient, and score what each held out")
    )
    _add_accept(subparsers.add_parser("accept", help="hold a model file against local images: go or no go"))
    _add_provide(subparsers.add_parser("provide", help="train on own images if any, else use the starter"))
    return parser.parse_args(arguments)


def _add_prepare(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_prepare)
    add_options(parser)


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_train, again_with="; `train --resume` goes on after the last whole epoch")
    _add_data(parser, required=True)
    add_patient_options(parser)
    add_class_option(parser)
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="weights file (default: %(default)s)")
    add_plan_options(parser)
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda (default: %(default)s)")
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on from the checkpoint beside --out")
    again.add_argument("--restart", action="store_true", help="throw that checkpoint away")


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_export)
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="from `train` (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="model file, for example models/mine.pt")
    parser.add_argument("--name", help="the model's name on its card (default: the file's)")
    _add_data(parser, required=False)
    add_aim_options(parser)


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_evaluate)
    evaluate.add_options(parser)


def _add_cross_validate(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_cross_validate, again_with="; the same command goes on where this one stopped")
    crossvalidate.add_options(parser)


def _add_accept(parser: argparse.ArgumentParser) -> None:
    # What stops it leaves the question open, which is not the same as no.
    parser.set_defaults(run=_accept, failure=accept.CODES["not-judged"])
    accept.add_options(parser)


def _add_provide(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_provide, again_with="; the same command goes on after the last whole epoch")
    parser.add_argument("--data", type=Path, required=True, help="folder that may hold train_dataset")
    parser.add_argument("--starter", type=Path, default=Path("models/starter.pt"))
    parser.add_argument("--out", type=Path, required=True, help="model file for the service")


def _add_data(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument(
        "--data",
        action="append",
        required=required,
        metavar="DIR",
        help="folder with {train_dataset,test_dataset}/{benign,malignant}; may be given several times; "
        "'sample' draws a small rendered set, 'sample-classes' one of four classes"
        + ("" if required else " (default: as trained)"),
    )


def _prepare(options: argparse.Namespace) -> None:
    print(prepare(options))
    print(f"Next: python -m training train --data {options.out}")


def _train(options: argparse.Namespace) -> None:
    folders = find_folders(options.data, options.out)
    source = Source(folders, options.patient_pattern, options.patients, options.malignant)
    again: Again | None = "resume" if options.resume else "restart" if options.restart else None
    record = commands.train(source, read_plan(options), options.out, options.device, again)
    if record is None:
        return
    print(show(record.test))
    print(f"\nWeights: {options.out}\nNext: python -m training export --weights {options.out} --out MODEL.pt")


def _export(options: argparse.Namespace) -> None:
    folders = find_folders(options.data, options.weights) if options.data else None
    name = options.name or options.out.stem
    model = commands.export_model(options.weights, folders, options.out, name, read_aim(options))
    print(show(model.card.metrics))
    print(f"\nOn validation images:\n{tabulate(model.card.compression.variants)}")
    print(f"\nModel file: {options.out}, {options.out.stat().st_size / 1e6:.1f} MB, sha256 {model.sha256}")
    print(f"Next: INFERENCE_MODEL={options.out} python -m inference_service")


def _evaluate(options: argparse.Namespace) -> None:
    print(evaluate.evaluate(options))


def _cross_validate(options: argparse.Namespace) -> None:
    print(crossvalidate.run(options))


def _accept(options: argparse.Namespace) -> int:
    text, code = accept.accept(options)
    print(text)
    return code


def _provide(options: argparse.Namespace) -> None:
    print(provide(options.data, options.starter, options.out, commands.train_and_export))


PROBLEMS = (
    ArtifactError,
    CompressionRefused,
    DataProblem,
    FoldsInterrupted,
    PlanEmpty,
    RunDiverged,
    RunInterrupted,
    StarterMissing,
    StateInvalid,
    WeightsMissing,
)


def main(arguments: Sequence[str]) -> int:
    """Run one command; return its exit code."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    options = parse(arguments)
    try:
        return int(options.run(options) or 0)
    except PROBLEMS as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        print(f"error: {error.strerror or error}: {error.filename or 'a file'}", file=sys.stderr)
    except torch.OutOfMemoryError:
        print("error: the device has too little memory; use a smaller --batch-size", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"\nstopped{options.again_with}", file=sys.stderr)
        return 130
    return int(options.failure)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
