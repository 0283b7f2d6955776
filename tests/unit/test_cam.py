"""Evidence maps: exact for a linear model, changed by random weights, and where the evidence is."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn

import artifact
from artifact import Deployed, DomainDistance, Gate
from artifact.cam import explain, fold, log_odds
from artifact.preprocess import mirror
from tests.stand_ins import GATE, make_card
from training.drawing import read_measurements, render
from training.golden import golden_pictures
from training.integers import RECIPES, quantise

SHIPPED = ("starter.pt", "efficientnet_lite0.pt")

CARD = make_card(
    gate=GATE,
    calibration={"temperature": 2, "fitted_on": "nothing"},
    compression={"method": "none", "rank": 0, "engine": "onednn", "full_auc": {}, "file_auc": {}},
    tolerance={"cpu": 1e-3, "int8": 0.05},
)


def module(enlargement=1):
    """A network whose head is linear, so that contributions add up to its log odds."""
    torch.manual_seed(0)
    features = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(16))
    linear = nn.Linear(6 * 14 * 14, 2, bias=False)
    head = nn.Sequential(OrderedDict(gather=nn.Flatten(), fc=linear))
    distance = DomainDistance(torch.zeros(1, 6), torch.zeros(1, 6, 2), torch.ones(1, 2), torch.ones(1))
    return Deployed(features, head, Gate(distance), 2.0, enlargement=enlargement)


def integers():
    batch = module().prepare([torch.from_numpy(picture) for picture in golden_pictures()])
    return quantise(module().features, ((batch + 1) * 127.5).round().byte(), RECIPES[0])


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "small.pt"
    return artifact.save(module(), CARD, golden_pictures(), path)


@pytest.fixture(scope="module")
def small_in_integers(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "both.pt"
    model = artifact.save(module(), CARD, golden_pictures(), path, integers())
    assert model.arithmetic == "int8"
    return model


@pytest.fixture(
    scope="module", params=[(name, kind) for name in SHIPPED for kind in ("int8", "float")], ids="-".join
)
def shipped(request, root):
    name, arithmetic = request.param
    path = root / "models" / name
    if not path.is_file():
        pytest.skip(f"models/{name} is not there")
    loaded = artifact.load(path, "cpu", [] if arithmetic == "float" else None)
    if loaded.arithmetic != arithmetic:
        pytest.skip(f"models/{name} computes in {loaded.arithmetic} here")
    return loaded


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def odds_of(explained):
    benign, malignant = explained.outputs.probabilities[0].astype(float)
    return np.log(malignant / benign)


def test_what_a_linear_head_sees_adds_up_to_its_log_odds(small):
    explained = explain(small, noise(224, 224))
    # 224x224 interpolated values stand for 14x14 places, 16x16 of them for each.
    assert explained.evidence.sum() / 256 == pytest.approx(odds_of(explained), rel=0.02)


def test_integers_give_nearly_the_evidence_of_floats(small, small_in_integers):
    one, other = (explain(model, noise(224, 224)) for model in (small, small_in_integers))
    assert np.corrcoef(one.evidence.ravel(), other.evidence.ravel())[0, 1] > 0.98
    assert odds_of(one) == pytest.approx(odds_of(other), abs=0.1)


def test_the_outputs_are_those_of_a_prediction(small_in_integers):
    explained, predicted = (
        explain(small_in_integers, noise(80, 90)).outputs,
        small_in_integers.predict([noise(80, 90)]),
    )
    np.testing.assert_allclose(explained.probabilities, predicted.probabilities, atol=1e-6)
    np.testing.assert_allclose(explained.gate, predicted.gate, rtol=1e-5)


@pytest.mark.parametrize(
    ("size", "edge"),
    [((1, 1), 32), ((50, 50), 56), ((75, 75), 112), ((112, 300), 112), ((113, 113), 224), ((460, 700), 224)],
)
def test_pictures_of_any_size_get_a_map_over_the_tile_they_enter_in(small, size, edge):
    assert explain(small, noise(*size)).evidence.shape == (edge, edge)


@pytest.mark.parametrize("edge", [32, 38, 45, 56, 75, 112, 224])
def test_folding_undoes_mirroring(edge):
    tile = torch.rand(3, edge, edge)
    assert torch.allclose(fold(mirror(tile)[1], edge), tile[1], atol=1e-6)


def test_what_lies_in_one_corner_of_a_small_patch_is_shown_in_that_corner(small):
    def shifted(corner):
        patch = np.full((56, 56, 3), 128, np.uint8)
        patch[corner] = noise(20, 20)
        changed = explain(small, patch).evidence - explain(small, np.full_like(patch, 128)).evidence
        return np.unravel_index(np.abs(changed).argmax(), changed.shape)

    low, high = slice(0, 20), slice(36, 56)
    assert all(place < 28 for place in shifted((low, low)))
    assert all(place >= 28 for place in shifted((high, high)))
    row, column = shifted((low, high))
    assert row < 28 <= column


def test_a_map_is_the_same_each_time(shipped):
    picture = render(read_measurements()[0][2], seed=1)
    first = explain(shipped, picture).evidence
    assert all(np.array_equal(first, explain(shipped, picture).evidence) for _ in range(2))


def test_computing_a_map_leaves_predictions_as_they_were(shipped):
    picture = render(read_measurements()[0][2], seed=1)
    before = shipped.predict([picture])
    explain(shipped, picture)
    after = shipped.predict([picture])
    np.testing.assert_array_equal(before.probabilities, after.probabilities)


def ranks_agree(one, other):
    """Return the correlation of the ranks of two maps (Spearman)."""
    ranks = [evidence.ravel().argsort().argsort() for evidence in (one, other)]
    return np.corrcoef(*ranks)[0, 1]


@pytest.mark.parametrize("parts", [("head",), ("head", "features")], ids="-".join)
@pytest.mark.parametrize("name", SHIPPED)
def test_a_map_is_another_one_when_weights_are_randomised(name, parts, root):
    # From the output down, as Adebayo et al. 2018, "Sanity Checks for Saliency Maps", arXiv 1810.03292. One
    # random network may see nuclei where the trained one does, another the reverse; on average they differ.
    path = root / "models" / name
    if not path.is_file():
        pytest.skip(f"models/{name} is not there")
    pictures = [render(measurements, seed=1) for _, _, measurements in read_measurements()[:20:10]]
    model = artifact.load(path, "cpu")
    trained = [explain(model, picture).evidence for picture in pictures]
    weights = [each for part in parts for each in getattr(model._contents.module, part).parameters()]
    spreads = [each.std().nan_to_num(0.1) for each in weights]
    agreements = []
    for seed in range(6):
        torch.manual_seed(seed)
        for each, spread in zip(weights, spreads, strict=True):
            each.data.normal_().mul_(spread)
        drawn = [explain(model, picture).evidence for picture in pictures]
        agreements += [ranks_agree(one, other) for one, other in zip(trained, drawn, strict=True)]
    assert max(agreements) < 0.95
    assert abs(np.mean(agreements)) < 0.35, agreements


def extremes(name, key, count=3):
    """Draw samples of a class whose nuclei are the most typical of it in size and outline."""
    rows = [(key(values), row, values) for row, kind, values in read_measurements() if kind == name]
    return [
        render(values, seed=row)[:, :112] for _, row, values in sorted(rows, key=lambda each: each[0])[:count]
    ]


def test_evidence_for_malignancy_lies_where_malignant_nuclei_are_drawn(shipped):
    def size(values):
        return values["mean radius"] * (1 + values["mean concavity"])

    small, large = extremes("benign", size), extremes("malignant", lambda values: -size(values))
    for benign, malignant in zip(small, large, strict=True):
        for order in ([malignant, benign], [benign, malignant]):
            evidence = explain(shipped, np.concatenate(order, axis=1)).evidence
            left, right = evidence[:, :112].mean(), evidence[:, 112:].mean()
            assert (left > right) == (order[0] is malignant)


def test_log_odds_are_of_all_malignant_classes_against_all_others():
    classes = [{"name": name, "malignant": name != "benign"} for name in ("benign", "ductal", "lobular")]
    calibration = {"temperature": 2, "bias": [0.5, 0, -0.5], "fitted_on": "nothing"}
    card = make_card(classes=classes, calibration=calibration)
    logits = torch.tensor([[1.0, 2.0, -1.0]])
    probabilities = torch.softmax(logits / 2 + torch.tensor([0.5, 0, -0.5]), 1)[0]
    expected = torch.log((probabilities[1] + probabilities[2]) / probabilities[0])
    assert log_odds(logits, card).item() == pytest.approx(expected.item(), abs=1e-6)


def test_evidence_that_is_no_number_is_never_drawn(small, tmp_path):
    broken = artifact.save(module(), CARD, golden_pictures(), tmp_path / "m.pt")
    for weights in broken._contents.module.head.parameters():
        weights.data.fill_(float("nan"))
    with pytest.raises(FloatingPointError):
        explain(broken, noise(60, 60))
