"""From trained weights to a model file: compressed, calibrated, measured; refused if compression costs."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import artifact
from artifact import Artifact, Deployed, Outputs
from artifact.preprocess import mirror, normalise
from contract import Calibration, Compression, MetricCard, ModelCard
from training.card import describe_data, draft_card
from training.checkpoint import read_weights
from training.compression import METHOD, RANK, compress
from training.data import Sample, Split, Tiles, draw_weights, join, read_pixels, rows_by_data_set
from training.evaluation import (
    auc_by_data_set,
    choose_operating_point,
    fit_temperature,
    measure_each,
    weigh_evenly,
)
from training.gate import fit_distance, is_unusable, scale_distance
from training.networks.plantnet import PlantNetV2
from training.record import Record
from training.rendered import read_measurements, render
from training.scoring import Scores, score

ALLOWED_DROP = 0.005
"""How much validation AUC, in any data set, compression may cost."""
REFERENCE_IMAGES = 2000
"""How many training images the compression and the gate are fitted on, at most."""
BATCH = 4
"""Images held at a time; each may have a hundred megapixels."""


class CompressionRefused(Exception):
    """Compression costs more validation AUC than is allowed; nothing was written."""


class Reference(NamedTuple):
    """What the full network computes on training images."""

    samples: list[Sample]
    hidden: Tensor
    """Outputs of the first fully connected layer (N, 1024)."""
    pooled: Tensor
    """Feature maps, averaged over the grid (N, 512)."""


def export(weights: Path, record: Record, splits: Sequence[Split], out: Path, name: str) -> Artifact:
    """Write the model file `out` for trained weights and return it as loaded from there.

    Temperature, operating points and the gate are fitted on what the compressed file itself computes for the
    validation images, and its figures are measured on the test images with it.

    Raises:
        CompressionRefused: if validation AUC falls by more than `ALLOWED_DROP` in any data set.
    """
    train, validation, test = join(splits)
    network = PlantNetV2(len(record.classes))
    read_weights(network, weights)
    reference = _refer(network, train)
    full = score(network, validation, torch.device("cpu"))
    distance = fit_distance(reference.pooled, [sample.data_set for sample in reference.samples])
    module = Deployed(network.features, compress(network, reference.hidden), distance, temperature=1.0)
    card = draft_card(record, name)
    outputs = _try(module, card, validation, out)
    scores = Scores(validation, np.log(np.maximum(outputs.probabilities, 1e-9)))
    compression = compare(full, scores)
    temperature = fit_temperature(scores)
    module.temperature.fill_(temperature)
    scale_distance(distance, outputs.gate[:, 1], [sample.data_set for sample in validation])
    malignant = 1 - scores.probabilities(temperature)[:, 0]
    card = card.model_copy(
        update={
            "calibration": Calibration(temperature=temperature, fitted_on=card.calibration.fitted_on),
            "operating_point": choose_operating_point(scores.labels, malignant, weigh_evenly(validation)),
            "compression": compression,
            "data": [describe_data(split, _of(split, scores, malignant)) for split in splits],
        }
    )
    metrics = _measure(card, test, _try(module, card, test, out))
    return artifact.save(module, card.model_copy(update={"metrics": metrics}), golden_pictures(), out)


@torch.inference_mode()
def _refer(network: PlantNetV2, train: Sequence[Sample]) -> Reference:
    """Run the full network over an even draw of the training images."""
    network.eval()
    count = min(REFERENCE_IMAGES, len(train))
    drawn = torch.multinomial(draw_weights(train), count, generator=torch.Generator().manual_seed(0))
    samples = [train[index] for index in sorted(drawn.tolist())]
    tiles, hidden, pooled = Tiles(samples), [], []
    for start in range(0, len(samples), BATCH):
        batch = torch.stack([mirror(tiles[i][0]) for i in range(start, min(start + BATCH, len(samples)))])
        maps = network.features(normalise(batch.float()).contiguous(memory_format=torch.channels_last))
        hidden.append(network.head.get_submodule("fc1")(maps.flatten(1)))
        pooled.append(maps.mean((2, 3)))
    return Reference(samples, torch.cat(hidden), torch.cat(pooled))


def _try(module: Deployed, card: ModelCard, samples: Sequence[Sample], out: Path) -> Outputs:
    """Write a trial file, and return what it says of each sample."""
    trial = out.with_name(out.name + ".trial")
    try:
        model = artifact.save(module, card, golden_pictures(), trial)
    finally:
        trial.unlink(missing_ok=True)
    parts = [
        model.predict([read_pixels(sample.path).numpy() for sample in samples[start : start + BATCH]])
        for start in range(0, len(samples), BATCH)
    ]
    return Outputs(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def compare(full: Scores, file: Scores) -> Compression:
    """Compare the file's validation AUC with the full network's, and refuse a loss."""
    before, after = (auc_by_data_set(s, 1 - s.probabilities()[:, 0]) for s in (full, file))
    if any(after[name] < before[name] - ALLOWED_DROP for name in before):
        table = "; ".join(f"{name}: {before[name]:.4f} -> {after[name]:.4f}" for name in before)
        raise CompressionRefused(
            f"Validation AUC falls by more than {ALLOWED_DROP} at rank {RANK} ({table}). Nothing was "
            "written. Train longer, or with more images."
        )
    return Compression(method=METHOD, rank=RANK, full_auc=before, file_auc=after)


def _of(
    split: Split, scores: Scores, malignant: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return labels and probabilities of one data set's validation images."""
    rows = rows_by_data_set(scores.samples)[split.train[0].data_set]
    return scores.labels[rows], malignant[rows]


def _measure(card: ModelCard, test: Sequence[Sample], outputs: Outputs) -> list[MetricCard]:
    """Measure the file on each test folder, and count what it would leave undecided or refuse."""
    names = [entry.name for entry in card.classes]
    point, malignant = card.operating_point, 1 - outputs.probabilities[:, 0].astype(np.float64)
    unusable = is_unusable(card.gate, outputs.gate)
    between = (malignant >= point.band.low) & (malignant < point.band.high)
    return [
        figures.model_copy(
            update={"indeterminate": int(between[rows].sum()), "unusable": int(unusable[rows].sum())}
        )
        for figures, rows in zip(
            measure_each(test, malignant, point.threshold, names, "test"),
            rows_by_data_set(test).values(),
            strict=True,
        )
    ]


def golden_pictures() -> list[NDArray[np.uint8]]:
    """Draw the golden inputs: two rendered pictures, whole, small and wide."""
    benign, malignant = (
        next(render(m, seed=row) for row, label, m in read_measurements() if label == wanted)
        for wanted in ("benign", "malignant")
    )
    return [benign, malignant, malignant[:50, :50], np.tile(benign, (2, 3, 1))[:460, :620]]
