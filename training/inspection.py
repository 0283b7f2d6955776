"""Looking once at every image before hours of work: is it readable, and does it stand on one side only."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations, islice
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from tqdm import tqdm

from training.checkpoint import beside
from training.data import DataProblem, Sample, Split, join, read_pixels
from training.duplicates import FREQUENCIES, MOST, find_copies, fingerprint, search_copies

logger = logging.getLogger(__name__)

SHOWN = 10
"""Lines of a list that a message repeats."""


class Seen(NamedTuple):
    """Readable images, and what the recognisable ones among them are known by."""

    samples: list[Sample]
    """Those with a fingerprint."""
    prints: Tensor
    """Fingerprints (N, 225) float16."""
    faint: int
    """How many images are too blank or too small to have one."""


def check_splits(splits: Sequence[Split], out: Path) -> None:
    """Look at every image of a training run.

    What stops the run is listed whole beside `out`.

    Raises:
        DataProblem: if images cannot be read, or if one stands on two sides, as it is or changed a little.
    """
    parts = join(splits)
    everything = [sample for part in parts for sample in part]
    seen = look_at(everything, beside(out, ".unreadable.txt"))
    if seen.faint:
        logger.info("%d images are too blank or too small to look for copies of them.", seen.faint)
    sides = {sample.path: name for name, part in zip(Split._fields, parts, strict=True) for sample in part}
    rows = {
        name: [row for row, s in enumerate(seen.samples) if sides[s.path] == name] for name in Split._fields
    }
    shared: list[tuple[int, int]] = []
    for one, other in combinations(Split._fields, 2):
        found = find_copies(seen.prints[rows[one]], seen.prints[rows[other]], MOST - len(shared))
        shared += [(rows[one][left], rows[other][right]) for left, right in found]
    if shared:
        titles = [sides[sample.path] for sample in seen.samples]
        raise _refuse_copies(
            f"{_count(len(shared), 'pairs of images')} show one picture on two sides, so figures would be "
            "inflated. Remove one of each pair, or give both to one patient whose images stand on one side",
            [[f"{titles[row]}: {seen.samples[row].path}" for row in pair] for pair in shared],
            out,
        )
    _log_copies_within(seen, rows)


def check_patients(samples: Sequence[Sample], out: Path) -> None:
    """Look at every image of a cross-validation, in whose folds any two patients may be held apart.

    Raises:
        DataProblem: if images cannot be read, or if images of two patients show one picture.
    """
    seen = look_at(samples, beside(out, ".unreadable.txt"))
    pairs = ([seen.samples[row] for row in pair] for pair in search_copies(seen.prints))
    apart = list(islice((pair for pair in pairs if len({s.patient for s in pair}) > 1), MOST))
    if apart:
        raise _refuse_copies(
            f"{_count(len(apart), 'pairs of images')} show one picture but bear two patients, so figures "
            "would be inflated. Remove one of each pair, or give both to one patient",
            [[f"{sample.patient}: {sample.path}" for sample in pair] for pair in apart],
            out,
        )


def _refuse_copies(sentence: str, pairs: Sequence[Sequence[str]], out: Path) -> DataProblem:
    return _stop(sentence, ["\n    ".join(pair) for pair in pairs], beside(out, ".copies.txt"))


def _log_copies_within(seen: Seen, rows: dict[str, list[int]]) -> None:
    for name, of_part in rows.items():
        pairs = find_copies(seen.prints[of_part])
        if pairs:
            patients = [{seen.samples[of_part[row]].patient for row in pair} for pair in pairs]
            logger.warning(
                "%s: %s show one picture, %d of them of two patients.",
                name,
                _count(len(pairs), "pairs of images"),
                sum(len(both) > 1 for both in patients),
            )


def look_at(samples: Iterable[Sample], listed: Path | None = None) -> Seen:
    """Decode every image once.

    Args:
        samples: The images.
        listed: Where to list those that cannot be read; without it the message names them all.

    Raises:
        DataProblem: if images cannot be read.
    """
    everything = list(samples)
    prints = torch.zeros(len(everything), FREQUENCIES**2, dtype=torch.float16)
    known: list[Sample] = []
    problems = []
    with _one_thread():
        for sample in tqdm(everything, desc="reading", unit="image", leave=False, disable=None):
            try:
                found = fingerprint(read_pixels(sample.path))
            except DataProblem as problem:
                problems.append(str(problem))
                continue
            if found is not None:
                prints[len(known)] = found
                known.append(sample)
    if problems:
        raise _stop(f"{len(problems)} images cannot be read. Remove or replace them", problems, listed)
    return Seen(known, prints[: len(known)], len(everything) - len(known))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Have small products computed by one thread; several would spend their time waiting for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _stop(sentence: str, lines: Sequence[str], listed: Path | None) -> DataProblem:
    """Return a problem that names some and says where all are listed, or else names all."""
    shown = lines
    if listed is not None and len(lines) > SHOWN:
        listed.parent.mkdir(parents=True, exist_ok=True)
        listed.write_text("".join(f"{line}\n" for line in lines), "utf-8", "surrogateescape")
        sentence = f"{sentence} (all are listed in {listed})"
        shown = lines[:SHOWN]
    return DataProblem("\n  ".join([f"{sentence}:", *shown]))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number < MOST else f"{number} {what} or more"
