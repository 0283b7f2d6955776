"""Ways to compress are tried on a tiny network and rendered pictures."""

import logging
from collections import OrderedDict
from datetime import UTC, datetime

import pytest
import torch
from torch import nn
from torch.ao.quantization import HistogramObserver

from artifact import Deployed, Gate
from artifact.preprocess import mirror, normalise
from contract import Band, Calibration, Compression, ModelCard, OperatingPoint, TrainingCard
from training.classes import BINARY
from training.compression import compress, fold
from training.data import Sample, Tiles
from training.gate import fit_distance
from training.integers import RECIPES, Recipe
from training.limits import open_limits
from training.networks import Network
from training.reference import refer
from training.rendered import write_data_set
from training.scoring import score
from training.trial import Bench, CompressionRefused, ask, choose, open_trial
from training.variants import measure_variants

COARSE = Recipe("2-bit weights", HistogramObserver, weights=1)


@pytest.fixture(scope="module")
def samples(tmp_path_factory) -> list[Sample]:
    folder = write_data_set(tmp_path_factory.mktemp("rendered") / "rendered", limit=20)
    return [
        Sample(path, label, path.stem, "rendered")
        for label, name in enumerate(BINARY.names)
        for path in sorted((folder / "train_dataset" / name).iterdir())
    ]


@pytest.fixture
def network(samples, tiles) -> Network:
    """Of PlantNetV2's form; its first layer takes the mean of each map, its last one is fitted."""
    torch.manual_seed(0)
    convolution, normalisation = nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
    features = nn.Sequential(convolution, normalisation, nn.ReLU(), nn.MaxPool2d(16)).eval()
    fc1, fc2 = nn.Linear(8 * 14 * 14, 8), nn.Linear(8, 2)
    head = nn.Sequential(OrderedDict(gather=nn.Flatten(), fc1=fc1, relu1=nn.ReLU(), fc2=fc2))
    network = Network(features, head).eval().requires_grad_(False)
    fc1.bias.zero_()
    fc1.weight.copy_(torch.eye(8).repeat_interleave(196, dim=1) / 196)
    hidden = head[:3](features(normalise(tiles.float())))
    columns = torch.cat([hidden, torch.ones(len(samples), 1)], 1)
    truth = 4 * torch.eye(2)[[sample.label for sample in samples]]
    found = torch.linalg.lstsq(columns, truth).solution
    fc2.weight.copy_(found[:8].T)
    fc2.bias.copy_(found[8])
    return network


@pytest.fixture
def bench(network, samples, tmp_path) -> Bench:
    reference = refer(network, samples)
    distance = fit_distance(reference.pooled, ["rendered"] * len(samples))
    module = Deployed(fold(network.features), compress(network.head, reference.hidden), Gate(distance), 1.0)
    card = ModelCard(
        name="tiny",
        version="1",
        architecture="tiny",
        modality="histopathology",
        created=datetime.now(UTC),
        licence="CC0",
        classes=[{"name": name, "malignant": malignant} for name, malignant in zip(*BINARY, strict=True)],
        operating_point=OperatingPoint(threshold=0.5, band=Band(low=0.5, high=0.5)),
        calibration=Calibration(temperature=1, fitted_on="nothing"),
        gate=open_limits(),
        data=[],
        metrics=[],
        training=TrainingCard(epochs=0, batch_size=1, learning_rate=0, seed=0, note=""),
        compression=Compression(method="none", rank=0, full_auc={}, file_auc={}),
        tolerance={"cpu": 2e-3, "int8": 1e-2},
        intended_use="tests",
        limits=[],
    )
    full = score(network, samples, torch.device("cpu"))
    return Bench(module, network, card, BINARY, full, tmp_path / "tiny.pt")


@pytest.fixture
def tiles(samples) -> torch.Tensor:
    read = Tiles(samples)
    return torch.stack([mirror(read[row][0]) for row in range(len(samples))])


def test_the_first_recipe_that_decides_as_the_network_does_is_chosen(bench, tiles, caplog):
    with caplog.at_level(logging.INFO):
        chosen = choose(bench, tiles, [COARSE, *RECIPES])
    assert chosen.recipe in RECIPES
    assert set(chosen.verdicts) == {"int8", "float"}
    assert "trying 2-bit weights" in caplog.text
    assert "too great a loss" in caplog.text


def test_where_every_recipe_loses_too_much_floats_are_chosen_and_it_is_said(bench, tiles, caplog):
    chosen = choose(bench, tiles, [COARSE])
    assert chosen.integers is None
    assert chosen.engine is None
    assert set(chosen.verdicts) == {"float"}
    assert "so the file holds floats only" in caplog.text


def test_features_that_cannot_be_quantised_leave_floats(bench, tiles, caplog):
    class Branching(nn.Module):
        def forward(self, batch):
            return batch if batch.sum() > 0 else -batch

    stubborn = Network(nn.Sequential(Branching(), bench.network.features), bench.network.head)
    assert choose(bench._replace(network=stubborn), tiles).integers is None
    assert "cannot be quantised" in caplog.text


def test_floats_that_lose_too_much_are_refused_with_the_table(bench, tiles):
    for parameter in bench.module.head.parameters():
        parameter.data.zero_()
    with pytest.raises(CompressionRefused, match=r"rendered +AUC .* -> 0\.5000(?s:.*)Nothing was written"):
        choose(bench, tiles)
    assert list(bench.place.parent.iterdir()) == []


def test_the_full_network_stays_as_it_was(bench, tiles, samples):
    choose(bench, tiles)
    again = score(bench.network, samples, torch.device("cpu"))
    assert (again.outputs == bench.full.outputs).all()


def test_each_way_to_compute_is_measured_beside_the_full_network(bench, tiles):
    chosen = choose(bench, tiles)
    model = open_trial(bench, chosen.integers, chosen.engine)
    full, integers, floats = measure_variants(bench, chosen, model)
    assert [full.name, integers.name, floats.name] == ["full", "int8", "float"]
    assert full.agreement == {"rendered": 1.0}
    assert integers.size == floats.size == model.size
    assert all(time > 0 for each in (full, integers, floats) for time in each.milliseconds.values())


def test_a_trial_answers_for_each_sample_in_order(bench, samples):
    model = open_trial(bench)
    outputs = ask(model, samples)
    assert outputs.probabilities.shape == (len(samples), 2)
    reverse = ask(model, samples[::-1]).probabilities[::-1]
    assert abs(outputs.probabilities - reverse).max() < 1e-4
