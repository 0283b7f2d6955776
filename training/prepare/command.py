"""`python -m training prepare DATA_SET SOURCE OUT`: its options, and what it says when it is done."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from training.arguments import count, pattern, share
from training.catalogue import ORIGINS, Origin, describe
from training.commands import CLASSES
from training.data import DataProblem
from training.patients import compile_pattern
from training.prepare.breakhis import MAGNIFICATIONS, read_breakhis
from training.prepare.division import Rule
from training.prepare.folder import read_tree
from training.prepare.idc import read_idc
from training.prepare.layout import RECORD, Image, write_layout
from training.prepare.mini_mias import read_mini_mias


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the data sets, and the options of each, to the parser of `prepare`."""
    kinds = parser.add_subparsers(required=True, metavar="DATA_SET", dest="data_set")
    breakhis = _add(kinds, "breakhis", "BreaKHis_v1.tar.gz")
    breakhis.add_argument("--magnification", choices=MAGNIFICATIONS, default="200X")
    _add(kinds, "idc", "IDC_regular_ps50_idx5.zip, or Kaggle's Breast Histopathology Images")
    mini_mias = _add(kinds, "mini-mias", "all-mias.tar.gz")
    mini_mias.add_argument(
        "--include-normal", action="store_true", help="file normal films as benign; else they are left out"
    )
    folder = _add(kinds, "folder", "images of your own")
    folder.add_argument("--benign", default=CLASSES[0], help="name of the folders of that class")
    folder.add_argument("--malignant", default=CLASSES[1], help="name of the folders of that class")
    folder.add_argument(
        "--patient-pattern",
        type=pattern,
        help="regular expression with a group 'patient', searched in each path below SOURCE",
    )


def _add(
    kinds: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str
) -> argparse.ArgumentParser:
    parser = kinds.add_parser(name, help=text, description=text)
    parser.add_argument("source", type=Path, metavar="SOURCE", help="the archive, or the folder unpacked")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write; must not exist yet")
    parser.add_argument("--seed", type=count, default=0, help="for the split (default: 0)")
    parser.add_argument(
        "--test-share", type=share, default=0.2, help="of the patients (default: %(default)s)"
    )
    return parser


def prepare(options: argparse.Namespace) -> str:
    """Write the folder; return what it holds, whose it is and under which licence.

    Raises:
        DataProblem: if the source is not what it should be, or cannot be split.
    """
    out: Path = options.out.resolve()
    if out.is_relative_to(options.source.resolve()):
        raise DataProblem(f"{out} lies in {options.source}. Write to a folder outside of it.")
    rule = Rule(options.seed, options.test_share)
    record = write_layout(_read(options), out, _find_origin(options), rule)
    counts = [f"{key}: {record[key]}" for key in ("source", "licence", "citation", "note")]
    for key in ("images", "patients"):
        counts.append(f"{key}: {record[key]}".replace("'", ""))
    return "\n".join([*counts, f"\nWritten to {out}, with these lines in {RECORD}."])


def _read(options: argparse.Namespace) -> Iterator[Image]:
    if options.data_set == "breakhis":
        return read_breakhis(options.source, options.magnification)
    if options.data_set == "idc":
        return read_idc(options.source)
    if options.data_set == "mini-mias":
        return read_mini_mias(options.source, include_normal=options.include_normal)
    if options.benign == options.malignant:
        raise DataProblem("--benign and --malignant name one folder. Name two.")
    names = {options.benign: CLASSES[0], options.malignant: CLASSES[1]}
    own = compile_pattern(options.patient_pattern) if options.patient_pattern else None
    return read_tree(options.source, names, own)


def _find_origin(options: argparse.Namespace) -> Origin:
    origin = ORIGINS.get(options.data_set) or describe(options.data_set, [])
    if options.data_set == "breakhis":
        return origin._replace(origin=f"{origin.origin}; at {options.magnification}")
    if options.data_set == "mini-mias" and options.include_normal:
        return origin._replace(note=f"Normal films are filed as benign. {origin.note}")
    return origin
