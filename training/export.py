"""From trained weights to a model file: compressed, calibrated, measured; refused if compression costs."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import artifact
from artifact import Artifact, Deployed
from artifact.preprocess import mirror, normalise
from contract import (
    Calibration,
    ClassCard,
    Compression,
    DataCard,
    GateLimit,
    MetricCard,
    ModelCard,
    OperatingPoint,
    TrainingCard,
)
from training.catalogue import describe
from training.checkpoint import read_weights
from training.compression import RANK, compress
from training.data import Sample, Split, Tiles, draw_weights, join, read_pixels, rows_by_data_set
from training.evaluation import (
    auc_by_data_set,
    choose_operating_point,
    fit_temperature,
    measure_each,
    weigh_evenly,
)
from training.gate import choose_limits, fit_distance
from training.network import PlantNetV2
from training.record import Record
from training.rendered import read_measurements, render
from training.scoring import Scores, score

ALLOWED_DROP = 0.005
"""How much validation AUC, in any data set, compression may cost."""
REFERENCE_IMAGES = 2000
"""How many training images the compression and the gate are fitted on, at most."""
BATCH = 16


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

    Raises:
        CompressionRefused: if validation AUC falls by more than `ALLOWED_DROP` in any data set.
    """
    train, validation, test = join(splits)
    network = PlantNetV2(len(record.classes))
    read_weights(network, weights)
    reference = _refer(network, train)
    small = nn.Sequential(network.features, nn.Flatten(), compress(network, reference.hidden))
    full_auc, scores = _compare(network, small, validation)
    temperature = fit_temperature(scores)
    malignant = 1 - scores.probabilities(temperature)[:, 0]
    distance = fit_distance(reference.pooled, [sample.data_set for sample in reference.samples])
    module = Deployed(network.features, small[2], distance, temperature)
    draft = _write_card(
        record,
        name=name,
        temperature=temperature,
        point=choose_operating_point(scores.labels, malignant, weigh_evenly(scores.samples)),
        data=[_describe(part, scores, malignant) for part in splits],
        auc=(full_auc, auc_by_data_set(scores, malignant)),
    )
    return _finish(module, draft, validation, test, out)


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


def _compare(
    network: PlantNetV2, small: nn.Module, validation: Sequence[Sample]
) -> tuple[dict[str, float], Scores]:
    """Return the full network's validation AUC by data set, and the compressed network's logits."""
    device = torch.device("cpu")
    full, compressed = score(network, validation, device), score(small, validation, device)
    before, after = (auc_by_data_set(s, 1 - s.probabilities()[:, 0]) for s in (full, compressed))
    if any(after[name] < before[name] - ALLOWED_DROP for name in before):
        table = "; ".join(f"{name}: {before[name]:.4f} -> {after[name]:.4f}" for name in before)
        raise CompressionRefused(
            f"Validation AUC falls by more than {ALLOWED_DROP} at rank {RANK} ({table}). Nothing was written."
        )
    return before, compressed


def _describe(split: Split, scores: Scores, malignant: NDArray[np.float64]) -> DataCard:
    """Describe one data set, with the operating point that its validation images alone would choose."""
    name = split.train[0].data_set
    rows = rows_by_data_set(scores.samples)[name]
    return DataCard(
        name=name,
        **describe(name)._asdict(),
        train_images=len(split.train),
        train_patients=len({sample.patient for sample in split.train}),
        validation_images=len(split.validation),
        validation_patients=len({sample.patient for sample in split.validation}),
        malignant_share=float(np.mean([sample.label for sample in split.train])),
        operating_point=choose_operating_point(scores.labels[rows], malignant[rows]),
    )


def _finish(
    module: Deployed, draft: ModelCard, validation: Sequence[Sample], test: Sequence[Sample], out: Path
) -> Artifact:
    """Choose the gate's limits, measure the file on the test folders, and write it with those figures."""
    pictures = golden_pictures()
    trial_path = out.with_name(out.name + ".trial")
    try:
        trial = artifact.save(module, draft, pictures, trial_path)
        gate = choose_limits(_run(trial, validation)[1][:, 1])
        metrics = _measure(trial, test)
    finally:
        trial_path.unlink(missing_ok=True)
    card = draft.model_copy(update={"gate": gate, "metrics": metrics})
    return artifact.save(module, card, pictures, out)


def _run(model: Artifact, samples: Sequence[Sample]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the file's probabilities and gate statistics for each sample."""
    parts = [
        model.predict([read_pixels(sample.path).numpy() for sample in samples[start : start + BATCH]])
        for start in range(0, len(samples), BATCH)
    ]
    return np.concatenate([p.probabilities for p in parts]), np.concatenate([p.gate for p in parts])


def _measure(model: Artifact, test: Sequence[Sample]) -> list[MetricCard]:
    """Measure the file itself on each test folder."""
    names = [entry.name for entry in model.card.classes]
    malignant = 1 - _run(model, test)[0][:, 0].astype(np.float64)
    return measure_each(test, malignant, model.card.operating_point.threshold, names, "test")


def golden_pictures() -> list[NDArray[np.uint8]]:
    """Draw the golden inputs: two rendered pictures, whole, small and wide."""
    benign, malignant = (
        next(render(m, seed=row) for row, label, m in read_measurements() if label == wanted)
        for wanted in ("benign", "malignant")
    )
    return [benign, malignant, malignant[:50, :50], np.tile(benign, (2, 3, 1))[:460, :620]]


def _write_card(
    record: Record,
    *,
    name: str,
    temperature: float,
    point: OperatingPoint,
    data: list[DataCard],
    auc: tuple[Mapping[str, float], Mapping[str, float]],
) -> ModelCard:
    return ModelCard(
        name=name,
        version="0.1.0",
        architecture="PlantNetV2",
        modality="histopathology",
        created=datetime.now(UTC),
        licence="Apache-2.0 (weights); data as listed",
        classes=[ClassCard(name=label, malignant=index > 0) for index, label in enumerate(record.classes)],
        operating_point=point,
        calibration=Calibration(
            temperature=temperature,
            fitted_on="validation images of all data sets, each set and class with even weight",
        ),
        gate=_open_gate(),
        data=data,
        metrics=[],
        training=TrainingCard(
            epochs=record.epochs,
            batch_size=record.batch_size,
            learning_rate=record.learning_rate,
            seed=record.seed,
            note=f"{record.warm_start_epochs} epochs on small crops with global average pooling before the "
            "full network; classes drawn evenly; turns, mirror images, crops and stain jitter.",
        ),
        compression=Compression(
            method=f"first fully connected layer reduced to the {RANK} principal components of its outputs; "
            "weights held in half precision",
            rank=RANK,
            full_auc=dict(auc[0]),
            file_auc=dict(auc[1]),
        ),
        tolerance={"cpu": 2e-3, "cuda": 2e-2},
        intended_use="Education and research on stained breast tissue images. Not a medical device, not for "
        "diagnosis or for any decision about care.",
        limits=[
            "One picture only: no stage, no grade, no receptor status can be read from it.",
            "Not for mammograms, ultrasound, other organs, or stains other than haematoxylin and eosin.",
            "Figures hold for laboratories like those of the data sets; elsewhere they can be much worse.",
        ],
    )


def _open_gate() -> list[GateLimit]:
    """Return a gate without limits, for the file whose distances the limits are chosen from."""
    return [
        limit.model_copy(update={"low": None, "high": None})
        for limit in choose_limits(np.zeros(1, dtype=np.float32))
    ]
