"""Measure fitting beside a plain torchvision loop: `python -m bench`."""

import argparse
import logging
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from artifact import choose_device
from bench.contest import CONTESTS, Setting
from bench.machine import describe
from bench.training import compare, show
from training.arguments import positive
from training.source import find_folders

READERS = (0, 2)
"""Reading processes that the plain loop may choose from."""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--data",
        action="append",
        metavar="DIR",
        help="folder with train_dataset/CLASS; 'sample' draws a rendered set "
        "(default: sample, and breakhis-200x in $TEST_DATA_DIR if there)",
    )
    parser.add_argument("--images", type=positive, default=128, help="of an epoch (default: %(default)s)")
    parser.add_argument(
        "--rounds", type=positive, default=3, help="epochs after the first (default: %(default)s)"
    )
    parser.add_argument("--batch-size", type=positive, default=32, help="default: %(default)s")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="the small network alone, without readers")
    return parser.parse_args(arguments)


def find_data() -> list[str]:
    """Return the data sets to measure on: a rendered one, and a real one where it is at hand."""
    real = Path(os.environ.get("TEST_DATA_DIR", "")) / "breakhis-200x"
    return ["sample", *([str(real)] if os.environ.get("TEST_DATA_DIR") and real.is_dir() else [])]


def main(arguments: Sequence[str]) -> int:
    """Measure, print the table; return the exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    options = parse(arguments)
    device = choose_device(options.device)
    readers = (0,) if options.quick else READERS
    setting = Setting(options.images, options.rounds, options.batch_size, device)
    contests = range(len(CONTESTS))[1 if options.quick else 0 :]
    with tempfile.TemporaryDirectory() as place:
        folders = find_folders(options.data or find_data(), Path(place) / "bench")
        before = describe(device)
        rows = [
            row
            for folder in folders
            for contest in contests
            for row in compare(folder, contest, setting, readers)
        ]
    print(f"Before: {before}\nAfter: {describe(device)}\n")
    print(f"At most {options.images} images an epoch, batches of {options.batch_size}\n")
    print(show(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
