import io
import zipfile
from collections import OrderedDict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import artifact
from artifact import (
    ArtifactInvalid,
    ArtifactMissing,
    Deployed,
    DeviceMissing,
    DigestMismatch,
    DigestMissing,
    DomainDistance,
    Gate,
    GoldenMismatch,
    IntegersUnsupported,
    Outputs,
)
from artifact.digest import write_digest
from artifact.gate import STATISTICS
from contract import (
    Band,
    Calibration,
    ClassCard,
    Compression,
    GateLimit,
    ModelCard,
    OperatingPoint,
    TrainingCard,
)
from training.golden import golden_pictures
from training.integers import RECIPES, quantise


def make_module(bias: torch.Tensor | None = None, enlargement: int = 1) -> Deployed:
    torch.manual_seed(0)
    features = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(16))
    fc1, fc2 = nn.Linear(4 * 14 * 14, 8), nn.Linear(8, 2)
    head = nn.Sequential(OrderedDict(gather=nn.Flatten(), fc1=fc1, relu=nn.ReLU(), fc2=fc2))
    distance = DomainDistance(torch.zeros(1, 4), torch.zeros(1, 4, 2), torch.ones(1, 2), torch.ones(1))
    return Deployed(features, head, Gate(distance), 1.5, bias, enlargement)


def make_integers() -> nn.Module:
    """The features of `make_module` in 8-bit integers, calibrated on the golden pictures."""
    batch = make_module().prepare([torch.from_numpy(picture) for picture in golden_pictures()])
    return quantise(make_module().features, ((batch + 1) * 127.5).round().byte(), RECIPES[0])


@pytest.fixture
def card() -> ModelCard:
    return ModelCard(
        name="small",
        version="1",
        architecture="small",
        modality="histopathology",
        created=datetime.now(UTC),
        licence="CC0",
        classes=[ClassCard(name="benign", malignant=False), ClassCard(name="malignant", malignant=True)],
        operating_point=OperatingPoint(threshold=0.5, band=Band(low=0.4, high=0.6)),
        calibration=Calibration(temperature=1.5, fitted_on="nothing"),
        gate=[GateLimit(statistic=name, low=None, high=None, code=name, blocks=True) for name in STATISTICS],
        data=[],
        metrics=[],
        training=TrainingCard(epochs=0, batch_size=1, learning_rate=0, seed=0, note=""),
        compression=Compression(method="none", rank=0, engine="onednn", full_auc={}, file_auc={}),
        tolerance={"cpu": 1e-3, "cuda": 1e-2, "int8": 1e-2},
        intended_use="tests",
        limits=[],
    )


@pytest.fixture
def path(tmp_path: Path, card: ModelCard) -> Path:
    """A model file, saved."""
    artifact.save(make_module(), card, golden_pictures(), tmp_path / "small.pt")
    return tmp_path / "small.pt"


@pytest.fixture
def quantised(tmp_path: Path, card: ModelCard) -> Path:
    """A model file that holds the features in integers too."""
    artifact.save(make_module(), card, golden_pictures(), tmp_path / "both.pt", make_integers())
    return tmp_path / "both.pt"


def test_a_saved_file_loads_with_its_card_and_digest(path, card):
    model = artifact.load(path, "cpu")
    assert model.card == card
    assert len(model.sha256) == 64


def test_probabilities_sum_to_one_for_images_of_any_size(path):
    model = artifact.load(path, "cpu")
    images = [np.full((h, w, 3), 120, dtype=np.uint8) for h, w in ((1, 1), (50, 50), (300, 500))]
    outputs = model.predict(images)
    assert outputs.probabilities.shape == (3, 2)
    assert outputs.gate.shape == (3, len(STATISTICS))
    np.testing.assert_allclose(outputs.probabilities.sum(1), 1, atol=1e-5)


def test_the_file_computes_what_the_module_computed(path):
    pictures = golden_pictures()
    with torch.inference_mode():
        expected, _ = make_module().eval()([torch.from_numpy(picture) for picture in pictures])
    outputs = artifact.load(path, "cpu").predict(pictures)
    np.testing.assert_allclose(outputs.probabilities, expected.numpy(), atol=2e-3)


def test_a_batch_gives_what_single_images_give(path):
    model, pictures = artifact.load(path, "cpu"), golden_pictures()
    together = model.predict(pictures).probabilities
    alone = np.concatenate([model.predict([picture]).probabilities for picture in pictures])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_nothing_but_the_file_and_its_digest_is_left_behind(path):
    assert {entry.name for entry in path.parent.iterdir()} == {path.name, f"{path.name}.sha256"}


def test_a_saved_file_is_the_one_that_its_digest_says(path):
    assert (path.parent / f"{path.name}.sha256").read_text() == (
        f"{artifact.load(path, 'cpu', unverified=False).sha256}  {path.name}\n"
    )


def test_a_file_is_not_even_opened_when_its_digest_is_wrong(path):
    path.write_bytes(b"no model at all")
    with pytest.raises(DigestMismatch, match="Copy or export it again"):
        artifact.load(path, "cpu")


def test_a_file_without_digest_is_loaded_only_where_it_may_be(path):
    (path.parent / f"{path.name}.sha256").unlink()
    sha256 = artifact.load(path, "cpu").sha256
    artifact.load(path, "cpu", sha256=sha256, unverified=False)
    with pytest.raises(DigestMissing):
        artifact.load(path, "cpu", unverified=False)


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(ArtifactMissing, match="no model file"):
        artifact.load(tmp_path / "none.pt")


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda _: b"not a model", id="text"),
        pytest.param(lambda data: data[: len(data) // 2], id="cut in half"),
        pytest.param(lambda data: data[:-10], id="cut at the end"),
    ],
)
def test_a_damaged_file_is_refused(path, damage):
    path.write_bytes(damage(path.read_bytes()))
    write_digest(path)
    with pytest.raises(ArtifactInvalid):
        artifact.load(path, "cpu")


def test_a_folder_in_the_file_s_place_is_refused(tmp_path):
    with pytest.raises(ArtifactInvalid, match="cannot be read"):
        artifact.load(tmp_path, "cpu")


def test_an_unknown_device_is_refused(path):
    with pytest.raises(DeviceMissing, match="auto, cpu or cuda"):
        artifact.load(path, "abacus")


def replace_entry(path: Path, name: str, content: bytes) -> None:
    """Write the archive and its digest anew with one entry replaced."""
    with zipfile.ZipFile(path) as archive:
        entries = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for entry, data in entries.items():
            archive.writestr(entry, content if entry.endswith(name) else data)
    write_digest(path)


def test_a_card_that_is_no_card_is_refused(path):
    replace_entry(path, "model_card.json", b'{"name": "only"}')
    with pytest.raises(ArtifactInvalid):
        artifact.load(path, "cpu")


def test_a_card_with_other_classes_than_the_outputs_is_refused(path, card):
    third = [*card.classes, ClassCard(name="third", malignant=False)]
    wrong = card.model_copy(update={"classes": third})
    replace_entry(path, "model_card.json", wrong.model_dump_json().encode())
    with pytest.raises(ArtifactInvalid, match="classes"):
        artifact.load(path, "cpu")


def test_golden_outputs_that_are_not_reproduced_stop_the_file(path):
    model, pictures = artifact.load(path, "cpu"), golden_pictures()
    probabilities, gate = model.predict(pictures)
    wrong = artifact.Golden(pictures, {"float": Outputs(1 - probabilities, gate)})
    replace_entry(path, "golden.npz", wrong.dump())
    with pytest.raises(GoldenMismatch):
        artifact.load(path, "cpu")


def test_pickled_golden_inputs_are_never_unpickled(path):
    stream = io.BytesIO()
    np.savez(stream, float_probabilities=np.array([{"a": 1}], dtype=object), float_gate=np.zeros(1))
    replace_entry(path, "golden.npz", stream.getvalue())
    with pytest.raises(ArtifactInvalid, match="golden"):
        artifact.load(path, "cpu")


def test_golden_inputs_that_were_taken_out_stop_the_file(path):
    probabilities, gate = artifact.load(path, "cpu").predict(golden_pictures()[:1])
    nothing = artifact.Golden([], {"float": Outputs(probabilities[:0], gate[:0])})
    replace_entry(path, "golden.npz", nothing.dump())
    with pytest.raises(ArtifactInvalid, match="golden"):
        artifact.load(path, "cpu")


def test_a_torchscript_file_of_another_kind_is_refused(tmp_path, card):
    extra = {"model_card.json": card.model_dump_json(), "golden.npz": ""}
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), tmp_path / "other.pt", _extra_files=extra)
    with pytest.raises(ArtifactInvalid, match="another version"):
        artifact.load(tmp_path / "other.pt", "cpu")


def test_a_cpu_computes_the_convolutions_in_integers_and_says_nearly_what_floats_say(quantised):
    model = artifact.load(quantised, "cpu")
    integers = model.predict(golden_pictures())
    assert model.arithmetic == "int8"
    model.use_floats()
    floats = model.predict(golden_pictures())
    assert model.arithmetic == "float"
    np.testing.assert_allclose(integers.probabilities, floats.probabilities, atol=0.01)
    assert not np.array_equal(integers.probabilities, floats.probabilities)


def test_the_floats_are_not_unpacked_beside_the_integers(quantised):
    model = artifact.load(quantised, "cpu")
    held = {
        name: tensor.dtype for name, tensor in model._contents.module.named_parameters() if "features" in name
    }
    assert set(held.values()) == {torch.float16}


def test_a_machine_without_an_engine_for_integers_computes_in_floats_and_says_so(quantised, caplog):
    model = artifact.load(quantised, "cpu", engines=[])
    assert model.arithmetic == "float"
    assert "no engine for 8-bit integers" in caplog.text
    assert model.predict(golden_pictures()).probabilities.shape == (4, 2)


@pytest.mark.parametrize("engine", torch.backends.quantized.supported_engines)
def test_every_engine_reproduces_what_another_computed(quantised, engine, caplog):
    assert artifact.load(quantised, "cpu", engines=[engine]).arithmetic == "int8"
    assert caplog.text == ""


def test_integers_that_come_out_differently_here_make_way_for_floats(quantised, caplog):
    model, pictures = artifact.load(quantised, "cpu"), golden_pictures()
    probabilities, gate = model.predict(pictures)
    model.use_floats()
    outputs = {"float": model.predict(pictures), "int8": Outputs(1 - probabilities, gate)}
    replace_entry(quantised, "golden.npz", artifact.Golden(pictures, outputs).dump())
    assert artifact.load(quantised, "cpu").arithmetic == "float"
    assert "does not compute the golden outputs" in caplog.text


@pytest.mark.parametrize("content", [b"PK\x03\x04", b"no archive"], ids=["half an archive", "text"])
def test_integers_that_cannot_be_opened_make_way_for_floats_that_prove_themselves(quantised, content, caplog):
    replace_entry(quantised, "features_int8.pt", content)
    assert artifact.load(quantised, "cpu").arithmetic == "float"
    assert "does not compute" in caplog.text


def test_integers_without_golden_outputs_are_refused(quantised):
    model, pictures = artifact.load(quantised, "cpu", engines=[]), golden_pictures()
    only = artifact.Golden(pictures, {"float": model.predict(pictures)})
    replace_entry(quantised, "golden.npz", only.dump())
    with pytest.raises(ArtifactInvalid, match="do not belong together"):
        artifact.load(quantised, "cpu")


def test_features_that_torchscript_cannot_express_are_not_saved(tmp_path, card):
    class Vague(nn.Module):
        def forward(self, batch):
            return sorted(batch, key=lambda row: row.sum())

    with pytest.raises(IntegersUnsupported):
        artifact.save(make_module(), card, golden_pictures(), tmp_path / "m.pt", Vague())
    assert list(tmp_path.iterdir()) == []


def test_a_bias_moves_probabilities_from_one_class_to_another(path, tmp_path, card):
    biased = artifact.save(make_module(torch.tensor([0.0, 1.0])), card, golden_pictures(), tmp_path / "b.pt")
    plain = artifact.load(path, "cpu").predict(golden_pictures()).probabilities
    moved = biased.predict(golden_pictures()).probabilities
    np.testing.assert_allclose(
        np.log(moved[:, 1] / moved[:, 0]) - np.log(plain[:, 1] / plain[:, 0]), 1, atol=1e-3
    )


def test_a_file_keeps_how_far_its_network_wants_small_patches_enlarged(tmp_path, card):
    model = artifact.save(make_module(enlargement=4), card, golden_pictures(), tmp_path / "m.pt")
    patch = torch.from_numpy(golden_pictures()[2])
    assert torch.equal(model.prepare([patch]), make_module(enlargement=4).prepare([patch]))
    assert not torch.equal(model.prepare([patch]), make_module().prepare([patch]))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_said_not_to_be_there(path):
    with pytest.raises(DeviceMissing, match="no GPU"):
        artifact.load(path, "cuda")


def test_features_like_none_in_training_lie_far_from_every_data_set():
    rows = torch.randn(200, 6)
    mean, axes = rows.mean(0, keepdim=True), torch.eye(6)[None, :, :3]
    distance = DomainDistance(mean, axes, torch.ones(1, 3), torch.ones(1))
    near, far = distance(rows).mean(), distance(rows + 10).mean()
    assert near == pytest.approx(1, abs=0.2)
    assert far > 5


def test_the_distance_is_to_the_nearest_data_set():
    means = torch.tensor([[0.0, 0.0], [10.0, 10.0]])
    distance = DomainDistance(means, torch.zeros(2, 2, 1), torch.ones(2, 1), torch.ones(2))
    torch.testing.assert_close(distance(means), torch.zeros(2))


@pytest.mark.parametrize("arithmetic", ["int8", "float"])
def test_class_activation_gradients_flow_through_the_loaded_parts(quantised, arithmetic):
    model = artifact.load(quantised, "cpu", engines=None if arithmetic == "int8" else [])
    assert model.arithmetic == arithmetic
    batch = model.prepare([torch.from_numpy(golden_pictures()[0])])
    maps = model.features(batch).detach().requires_grad_()
    model.head(maps)[0, 1].backward()
    assert maps.grad is not None
    assert maps.grad.abs().sum() > 0
