"""Measure what the gate of a model file refuses: `python -m bench.gate FOLDER...`.

Each folder of pictures is a row: as they are, and cut to fields of 224 and patches of 50 pixels.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

import artifact
from artifact import Artifact
from artifact.golden import Picture
from artifact.image import ImageError, decode
from inference_service.quality import assess
from training.arguments import positive

EDGES = (224, 50)
MAX_PIXELS = 100_000_000
PARTS = 2
"""Parts of each size that are cut from one picture, at places drawn with a fixed seed."""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.gate", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="folders of pictures, with those inside")
    parser.add_argument("--model", type=Path, default=Path("models/starter.pt"), help="default: %(default)s")
    parser.add_argument("--most", type=positive, default=500, help="pictures of a folder (default: 500)")
    return parser.parse_args(arguments)


def pictures_in(folder: Path, most: int) -> Iterator[bytes]:
    """Yield the files of a folder, evenly chosen where there are more than `most`."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files[:: max(1, -(-len(files) // most))]:
        yield path.read_bytes()


def unusable(model: Artifact, pictures: Iterable[bytes]) -> Iterator[bool]:
    """Yield for each picture that can be decoded, and for parts of it, whether the service refuses it."""
    generator = np.random.default_rng(0)
    for data in pictures:
        try:
            image = decode(data, max_pixels=MAX_PIXELS)
        except ImageError:
            continue
        for part in [image.pixels, *cut(image.pixels, generator)]:
            gate = model.predict([part]).gate[0].tolist()
            quality = assess(replace(image, pixels=part), model.card.gate, gate, model.card.modality)
            yield not quality.usable


def cut(pixels: Picture, generator: np.random.Generator) -> Iterator[Picture]:
    """Yield parts of a picture (H, W, 3) that is larger than they are."""
    height, width = pixels.shape[:2]
    for edge in EDGES:
        if min(height, width) > edge:
            for _ in range(PARTS):
                top, left = generator.integers(height - edge), generator.integers(width - edge)
                yield np.ascontiguousarray(pixels[top : top + edge, left : left + edge])


def main(arguments: Sequence[str]) -> int:
    """Measure and print a table; return the exit code."""
    options = parse(arguments)
    model = artifact.load(options.model, "cpu")
    print(f"{model.card.name} {model.card.version}, {model.card.modality}\n")
    print("| folder | pictures and parts | unusable | 95 % interval |\n|---|---|---|---|")
    for folder in options.folders:
        refused = list(unusable(model, pictures_in(folder, options.most)))
        if refused:
            low, high = binomtest(sum(refused), len(refused)).proportion_ci(method="wilson")
            share = f"{sum(refused) / len(refused):.1%} | {low:.1%} to {high:.1%}"
            print(f"| {folder.name} | {len(refused)} | {share} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
