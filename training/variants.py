"""The ways to compute a network that its card lists: the full one, and each arithmetic of the file."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from artifact import Artifact
from contract import Variant
from training.golden import golden_pictures
from training.speed import measure_speed
from training.trial import Bench, Chosen, open_trial

FULL = "full"


def list_auc(chosen: Chosen, variant: str) -> dict[str, float]:
    """Return the validation AUC of each data set, where it is defined."""
    verdicts = chosen.verdicts["float" if variant == FULL else variant]
    figures = {name: v.full_auc if variant == FULL else v.auc for name, v in verdicts.items()}
    return {name: value for name, value in figures.items() if math.isfinite(value)}


def measure_variants(bench: Bench, chosen: Chosen, model: Artifact) -> list[Variant]:
    """Measure the full network and each arithmetic of the file, side by side."""
    picture = golden_pictures()[0]
    image, network = torch.from_numpy(picture), bench.network.to(memory_format=torch.channels_last)

    def run_full(batch: int) -> Tensor:
        with torch.inference_mode():
            logits: Tensor = network(bench.module.prepare([image] * batch))
            return logits

    ways: dict[str, Callable[[int], object]] = {FULL: run_full}
    ways[model.arithmetic] = lambda batch: model.predict([picture] * batch)
    if model.arithmetic != "float":
        floats = open_trial(bench)
        ways["float"] = lambda batch: floats.predict([picture] * batch)
    taken = measure_speed(ways)
    weights = sum(parameter.nbytes for parameter in network.parameters())
    return [
        Variant(
            name=name,
            size=weights if name == FULL else model.size,
            milliseconds=taken[name],
            auc=list_auc(chosen, name),
            agreement={
                data_set: 1.0 if name == FULL else verdict.agreement
                for data_set, verdict in chosen.verdicts["float" if name == FULL else name].items()
            },
        )
        for name in ways
    ]
