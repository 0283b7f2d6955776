"""Trying ways to compress a network, on validation images, until one loses next to nothing."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

import artifact
from artifact import Artifact, Deployed, IntegersUnsupported, Outputs
from artifact.device import find_engine, use_engine
from artifact.digest import digest_file_of
from contract import Compression, ModelCard
from training.classes import Classes
from training.comparison import Judgement, Verdict, calibrate, compare, list_verdicts, passes
from training.data import Sample, read_pixels, rows_by_data_set
from training.evaluation import AIM, Aim, Scaling
from training.golden import golden_pictures
from training.integers import RECIPES, Recipe, quantise
from training.networks import Network
from training.scoring import Scores
from training.weighing import find_drawn

logger = logging.getLogger(__name__)

BATCH = 4
"""Images held at a time; each may have a hundred megapixels."""


class CompressionRefused(Exception):
    """Compression costs more on validation images than is allowed; nothing was written."""


class Bench(NamedTuple):
    """Where trial files are written, and what they are held against."""

    module: Deployed
    """Compressed, with temperature 1 and no bias."""
    network: Network
    """The full one."""
    card: ModelCard
    classes: Classes
    full: Scores
    """Of the full network for the validation images."""
    place: Path
    """Beside the model file to be."""
    aim: Aim = AIM
    """What the band is to keep."""


class Chosen(NamedTuple):
    """A way to compress that loses next to nothing."""

    integers: nn.Module | None
    """The features in integers, for CPUs; None where floats must do."""
    recipe: Recipe | None
    engine: str | None
    scaling: Scaling
    judgement: Judgement
    """Of the file as a CPU computes it."""
    outputs: Outputs
    """Of the same, uncalibrated."""
    verdicts: Mapping[str, Mapping[str, Verdict]]
    """By data set, of each arithmetic that the file holds."""


def open_trial(bench: Bench, integers: nn.Module | None = None, engine: str | None = None) -> Artifact:
    """Write a trial file and return it as loaded; nothing stays on the disk.

    Raises:
        IntegersUnsupported: if it does not compute in integers, although it has them.
    """
    empty = Compression(method="trial", rank=0, engine=engine, full_auc={}, file_auc={})
    trial = bench.place.with_name(bench.place.name + ".trial")
    try:
        card = bench.card.model_copy(update={"compression": empty})
        model = artifact.save(bench.module, card, golden_pictures(), trial, integers)
    finally:
        trial.unlink(missing_ok=True)
        digest_file_of(trial).unlink(missing_ok=True)
    if integers and model.arithmetic != "int8":
        raise IntegersUnsupported("The trial file did not reproduce its own outputs in integers.")
    return model


def ask(model: Artifact, samples: Sequence[Sample]) -> Outputs:
    """Return what a model file says of each sample."""
    parts = [
        model.predict([read_pixels(sample.path).numpy() for sample in samples[start : start + BATCH]])
        for start in range(0, len(samples), BATCH)
    ]
    return Outputs(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def choose(bench: Bench, tiles: torch.Tensor, recipes: Sequence[Recipe] = RECIPES) -> Chosen:
    """Return the first way to compress that passes: in integers as each recipe says, else in floats only.

    Args:
        bench: What to try.
        tiles: Training images to calibrate integers on, as for `quantise`.
        recipes: Ways to quantise, in the order in which they are tried.

    Raises:
        CompressionRefused: if floats lose too much already, with the table.
    """
    floats = ask(open_trial(bench), bench.full.samples)
    plain = _judge_floats(bench, floats)
    if not passes(plain.verdicts["float"]):
        raise CompressionRefused(
            f"Compression costs too much on validation images:\n{list_verdicts(plain.verdicts['float'])}\n"
            "Nothing was written. Train longer, or with more images."
        )
    engine = find_engine()
    if engine is None:
        logger.warning("torch has no engine for 8-bit integers here, so the file holds floats only")
        return plain
    use_engine(engine)
    for recipe in recipes:
        logger.info("trying %s", recipe.name)
        try:
            chosen = _try(bench, recipe, engine, tiles, floats)
        except IntegersUnsupported as error:
            logger.warning("%s", error)
            continue
        for arithmetic, verdicts in chosen.verdicts.items():
            logger.info("%s:\n%s", arithmetic, list_verdicts(verdicts))
        if all(map(passes, chosen.verdicts.values())):
            return chosen
    logger.warning("integers lose too much, so the file holds floats only")
    return plain


def _try(bench: Bench, recipe: Recipe, engine: str, tiles: torch.Tensor, floats: Outputs) -> Chosen:
    """Quantise as the recipe says; the file's floats are then judged with what is fitted to its integers."""
    integers = quantise(bench.network.features, tiles, recipe)
    outputs = ask(open_trial(bench, integers, engine), bench.full.samples)
    scaling, judgement = calibrate(_scores(bench, outputs), bench.classes, bench.aim)
    other = Judgement(
        bench.classes.malignancy(scaling.apply(_scores(bench, floats).outputs)), judgement.point
    )
    verdicts = {"int8": _hold(bench, judgement), "float": _hold(bench, other)}
    return Chosen(integers, recipe, engine, scaling, judgement, outputs, verdicts)


def _judge_floats(bench: Bench, outputs: Outputs) -> Chosen:
    scaling, judgement = calibrate(_scores(bench, outputs), bench.classes, bench.aim)
    return Chosen(None, None, None, scaling, judgement, outputs, {"float": _hold(bench, judgement)})


def _scores(bench: Bench, outputs: Outputs) -> Scores:
    return Scores(bench.full.samples, take_logarithms(outputs))


def take_logarithms(outputs: Outputs) -> NDArray[np.float32]:
    """Return what stands for the logits of a file whose probabilities are uncalibrated (N, C)."""
    return np.asarray(np.log(np.maximum(outputs.probabilities, 1e-9)))


def _hold(bench: Bench, judgement: Judgement) -> dict[str, Verdict]:
    """Hold a judgement against the full network's."""
    _, full = calibrate(bench.full, bench.classes, bench.aim)
    labels = bench.classes.is_malignant(bench.full.labels)
    samples = bench.full.samples
    return compare(full, judgement, labels, rows_by_data_set(samples), find_drawn(samples))
