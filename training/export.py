"""From trained weights to a model file: compressed, calibrated, measured; refused if compression costs."""

from collections.abc import Sequence
from pathlib import Path

import torch

import artifact
from artifact import Artifact, Deployed, Gate, Outputs
from artifact.gate import STATISTICS
from contract import Compression, DataCard, MetricCard, ModelCard
from training.card import describe_calibration, describe_data, draft_card
from training.checkpoint import read_weights
from training.classes import Classes
from training.compression import RANK, compress, describe, fold
from training.data import Sample, Split, join, rows_by_data_set
from training.evaluation import AIM, Aim, choose_operating_point, fit_scaling, measure_each
from training.gate import fit_distance, fit_foreignness, scale_distance, set_foreignness
from training.golden import golden_pictures
from training.limits import draw_limits, find_modality, is_unusable
from training.looks import look_again
from training.networks import build
from training.record import Record
from training.reference import refer
from training.scoring import score
from training.trial import Bench, Chosen, ask, choose, open_trial, take_logarithms
from training.variants import list_auc, measure_variants


def export(
    weights: Path, record: Record, splits: Sequence[Split], out: Path, name: str, aim: Aim = AIM
) -> Artifact:
    """Write the model file `out` for trained weights and return it as loaded from there.

    Calibration, operating points and the gate are fitted on what the compressed file itself computes for the
    validation images, and its figures are measured on the test images with it.

    Raises:
        CompressionRefused: if validation images are decided otherwise than by the full network.
    """
    train, validation, test = join(splits)
    classes = record.all_classes
    network = build(record.architecture, len(classes.names))
    read_weights(network, weights)
    reference = refer(network, train)
    distance = fit_distance(reference.pooled, [sample.data_set for sample in reference.samples])
    gate = Gate(distance, fit_foreignness(reference.looks))
    head = compress(network.head, reference.hidden)
    module = Deployed(fold(network.features), head, gate, 1.0, enlargement=network.enlargement)
    full = score(network, validation, torch.device("cpu"))
    bench = Bench(
        module, network, draft_card(record, name, find_modality(reference.tiles)), classes, full, out, aim
    )
    chosen = choose(bench, reference.tiles)
    module.temperature.fill_(chosen.scaling.temperature)
    module.bias = torch.tensor(chosen.scaling.bias)
    _settle(gate, chosen.outputs, validation, network.enlargement)
    model = open_trial(bench, chosen.integers, chosen.engine)
    card = _fill(bench, chosen, splits)
    compression = Compression(
        method=describe(RANK if reference.hidden is not None else 0, chosen.recipe and chosen.recipe.name),
        rank=RANK if reference.hidden is not None else 0,
        engine=chosen.engine,
        full_auc=list_auc(chosen, "full"),
        file_auc=list_auc(chosen, model.arithmetic),
        variants=measure_variants(bench, chosen, model),
    )
    metrics = _measure(card, test, ask(model, test), classes)
    card = card.model_copy(update={"compression": compression, "metrics": metrics})
    return artifact.save(module, card, golden_pictures(), out, chosen.integers)


def _settle(gate: Gate, outputs: Outputs, validation: Sequence[Sample], enlargement: int) -> None:
    """Scale what the gate says so that validation images of each data set lie within its limits."""
    data_sets = [sample.data_set for sample in validation]
    columns = dict(zip(STATISTICS, outputs.gate.T, strict=True))
    scale_distance(gate.distance, columns["domain_distance"], data_sets)
    views, theirs = look_again(validation, enlargement)
    set_foreignness(gate.foreignness, columns["foreignness"], views, [*data_sets, *theirs])


def _fill(bench: Bench, chosen: Chosen, splits: Sequence[Split]) -> ModelCard:
    """Fill in what was fitted on the validation images: of all data sets together, and of each alone."""
    rows = rows_by_data_set(bench.full.samples)
    fitted_on = bench.card.calibration.fitted_on
    return bench.card.model_copy(
        update={
            "calibration": describe_calibration(chosen.scaling, bench.classes, fitted_on),
            "operating_point": chosen.judgement.point,
            "gate": draw_limits(
                chosen.outputs.gate,
                [sample.data_set for sample in bench.full.samples],
                bench.card.modality,
            ),
            "data": [
                _describe_alone(bench, chosen, split, rows[split.train[0].data_set]) for split in splits
            ],
        }
    )


def _describe_alone(bench: Bench, chosen: Chosen, split: Split, rows: list[int]) -> DataCard:
    """Describe a data set, with what its own validation images would have chosen."""
    labels = bench.full.labels[rows]
    truth, malignancy = bench.classes.is_malignant(labels), chosen.judgement.malignancy[rows]
    scaling = fit_scaling(take_logarithms(chosen.outputs)[rows], labels)
    return describe_data(
        split,
        bench.classes,
        choose_operating_point(truth, malignancy, aim=bench.aim),
        describe_calibration(scaling, bench.classes, "validation images of this data set alone"),
    )


def _measure(card: ModelCard, test: Sequence[Sample], outputs: Outputs, classes: Classes) -> list[MetricCard]:
    """Measure the file on each test folder, and count what it would leave undecided or refuse."""
    point, malignant = card.operating_point, classes.malignancy(outputs.probabilities)
    unusable = is_unusable(card.gate, outputs.gate)
    between = (malignant >= point.band.low) & (malignant < point.band.high)
    return [
        figures.model_copy(
            update={"indeterminate": int(between[rows].sum()), "unusable": int(unusable[rows].sum())}
        )
        for figures, rows in zip(
            measure_each(test, malignant, point.threshold, classes, "test"),
            rows_by_data_set(test).values(),
            strict=True,
        )
    ]
