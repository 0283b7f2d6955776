"""`python -m training prepare DATA_SET SOURCE OUT`: its options, and what it says when it is done."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from training.arguments import count, names, share, words
from training.catalogue import ORIGINS, Origin, describe
from training.classes import BINARY
from training.data import DataProblem
from training.patients import read_rule
from training.prepare.breakhis import CARCINOMAS, MAGNIFICATIONS, read_breakhis
from training.prepare.cbis_ddsm import read_cbis_ddsm
from training.prepare.division import Rule
from training.prepare.folder import read_tree
from training.prepare.idc import read_idc
from training.prepare.layout import Image, write_layout
from training.prepare.mini_mias import read_mini_mias
from training.prepare.pcam import read_pcam
from training.provenance import PROVENANCE
from training.source import add_patient_options

BENIGN, MALIGNANT = BINARY.names


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the data sets, and the options of each, to the parser of `prepare`."""
    kinds = parser.add_subparsers(required=True, metavar="DATA_SET", dest="data_set")
    breakhis = _add(kinds, "breakhis", "BreaKHis_v1.tar.gz")
    breakhis.add_argument("--magnification", choices=MAGNIFICATIONS, default="200X")
    breakhis.add_argument(
        "--classes",
        choices=["binary", "subtypes"],
        default="binary",
        help="benign and malignant, or the eight kinds of tumour (default: %(default)s)",
    )
    _add(kinds, "idc", "IDC_regular_ps50_idx5.zip, or Kaggle's Breast Histopathology Images")
    _add(kinds, "pcam", "folder of PatchCamelyon's nine files; divided as its owner does, by slide")
    _add(kinds, "cbis-ddsm", "folder of CBIS-DDSM and its four CSV files; full mammograms only")
    mini_mias = _add(kinds, "mini-mias", "all-mias.tar.gz")
    mini_mias.add_argument(
        "--include-normal", action="store_true", help="file normal films as benign; else they are left out"
    )
    _add_folder(_add(kinds, "folder", "images of your own"))


def _add_folder(folder: argparse.ArgumentParser) -> None:
    folder.add_argument(
        "--benign", type=names, default=(BENIGN,), metavar="NAME[,NAME...]", help="folders of benign images"
    )
    folder.add_argument(
        "--malignant",
        type=names,
        default=(MALIGNANT,),
        metavar="NAME[,NAME...]",
        help="of malignant ones",
    )
    folder.add_argument(
        "--keep-classes", action="store_true", help="make each of these folders a class of its own"
    )
    add_patient_options(folder)
    folder.add_argument("--licence", type=words, help="under which licence the images are")
    folder.add_argument("--citation", type=words, help="how to cite them")


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
    record = write_layout(_read(options), out, _find_origin(options), rule, _find_malignant(options))
    counts = [f"{key}: {record[key]}" for key in ("source", "licence", "citation", "note")]
    for key in ("images", "patients"):
        counts.append(f"{key}: {record[key]}".replace("'", ""))
    return "\n".join([*counts, f"\nWritten to {out}, with these lines in {PROVENANCE}."])


def _read(options: argparse.Namespace) -> Iterator[Image]:
    readers: dict[str, Callable[[Path], Iterator[Image]]] = {
        "breakhis": lambda source: read_breakhis(
            source, options.magnification, subtypes=options.classes == "subtypes"
        ),
        "idc": read_idc,
        "pcam": lambda source: read_pcam(source, options.out.resolve().parent),
        "cbis-ddsm": read_cbis_ddsm,
        "mini-mias": lambda source: read_mini_mias(source, include_normal=options.include_normal),
        "folder": lambda source: _read_own(source, options),
    }
    return readers[options.data_set](options.source)


def _read_own(source: Path, options: argparse.Namespace) -> Iterator[Image]:
    if set(options.benign) & set(options.malignant):
        raise DataProblem("--benign and --malignant name one folder. Name different ones.")
    labels = dict.fromkeys(options.benign, BENIGN) | dict.fromkeys(options.malignant, MALIGNANT)
    if options.keep_classes:
        labels = {name: name for name in labels}
    return read_tree(source, labels, read_rule(options.patient_pattern, options.patients))


def _find_malignant(options: argparse.Namespace) -> Sequence[str]:
    """Return which of the classes that are written are malignant."""
    if options.data_set == "breakhis" and options.classes == "subtypes":
        return CARCINOMAS
    if options.data_set == "folder" and options.keep_classes:
        return tuple(options.malignant)
    return (MALIGNANT,)


def _find_origin(options: argparse.Namespace) -> Origin:
    origin = ORIGINS.get(options.data_set) or describe(options.data_set, [])
    if options.data_set == "breakhis":
        return origin._replace(origin=f"{origin.origin}; at {options.magnification}")
    if options.data_set == "mini-mias" and options.include_normal:
        return origin._replace(note=f"Normal films are filed as benign. {origin.note}")
    if options.data_set == "folder":
        licence, citation = options.licence or origin.licence, options.citation or origin.citation
        return origin._replace(licence=licence, citation=citation)
    return origin
