"""Cross-validation: nobody is read by a network that knew them, and nothing that is done is done again."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from training.__main__ import main
from training.checkpoint import checkpoint_of
from training.classes import BINARY
from training.crossvalidation import FoldsInterrupted, Task, cross_validate
from training.data import DataProblem, Sample
from training.networks.network import Network, Pooled
from training.plan import Plan

CPU = torch.device("cpu")
PLAN = Plan(architecture="plantnetv2", epochs=1, seed=0)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    """Images of 20 patients; malignant ones are darker, and each patient has a shade of red."""
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    found = []
    for patient in range(20):
        label = patient % 2
        for number in range(4):
            shade = np.array([5 * patient, 120 - 60 * label, 80])
            pixels = rng.integers(0, 60, (32, 32, 3)) + shade
            path = folder / f"{patient}-{number}.png"
            Image.fromarray(pixels.astype(np.uint8)).save(path)
            found.append(Sample(path, label, f"p{patient}", "mine"))
    return found


class Judge:
    """Stands in for fitting: notes what it was given, and returns a network that goes by the green value."""

    def __init__(self, *, stop_at: int | None = None) -> None:
        self.seen: list[tuple[list[Sample], list[Sample]]] = []
        self.goals = []
        self._stop_at = stop_at

    def __call__(self, samples, _plan, goal, _device) -> Network:
        self.seen.append((list(samples.train), list(samples.validation)))
        self.goals.append(goal)
        assert goal.out.parent.is_dir()
        checkpoint_of(goal.out).write_bytes(b"as fitting would leave one")
        if self._stop_at == len(self.seen):
            raise KeyboardInterrupt
        line = nn.Linear(3, 2)
        with torch.no_grad():
            line.weight.copy_(torch.tensor([[0.0, 4.0, 0.0], [0.0, -4.0, 0.0]]))
            line.bias.zero_()
        return Network(nn.Identity(), nn.Sequential(Pooled(), line))


def make_task(folder: Path, judge: Judge, **changes) -> Task:
    return Task(PLAN, BINARY, CPU, folder, fit=judge)._replace(**changes)


def patients(samples) -> set[str]:
    return {sample.patient for sample in samples}


def test_every_image_is_read_once_by_a_network_that_never_met_its_patient(samples, tmp_path):
    judge = Judge()
    readings = cross_validate(make_task(tmp_path, judge), samples, 5)
    assert readings.samples == samples
    assert len(judge.seen) == 5
    for number, (train, validation) in enumerate(judge.seen, start=1):
        held = [s for s, fold in zip(samples, readings.folds, strict=True) if fold == number]
        assert held
        assert not patients(held) & (patients(train) | patients(validation))
        assert not patients(train) & patients(validation)
        assert len(train) + len(validation) + len(held) == len(samples)
    np.testing.assert_allclose(readings.probabilities.sum(axis=1), 1)
    assert np.mean((readings.malignancy > 0.5) == readings.labels) > 0.9


def test_each_image_keeps_the_threshold_of_its_fold(samples, tmp_path):
    readings = cross_validate(make_task(tmp_path, Judge()), samples, 5)
    for fold in range(1, 6):
        assert len(set(readings.cut.threshold[readings.folds == fold])) == 1
    assert np.all(readings.cut.low <= readings.cut.threshold)
    assert np.all(readings.cut.threshold <= readings.cut.high)


def test_a_random_split_puts_patients_on_both_sides(samples, tmp_path):
    judge = Judge()
    cross_validate(make_task(tmp_path, judge, by_patient=False), samples, 5)
    train, _ = judge.seen[0]
    assert len(patients(train)) == 20


def test_folds_that_are_done_are_not_fitted_again(samples, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        cross_validate(make_task(tmp_path, Judge(stop_at=3)), samples, 5)
    judge = Judge()
    again = cross_validate(make_task(tmp_path, judge), samples, 5)
    assert len(judge.seen) == 3
    assert [goal.again for goal in judge.goals] == ["resume", None, None]
    unbroken = cross_validate(make_task(tmp_path / "other", Judge()), samples, 5)
    np.testing.assert_array_equal(again.probabilities, unbroken.probabilities)
    idle = Judge()
    cross_validate(make_task(tmp_path, idle), samples, 5)
    assert idle.seen == []


def test_nothing_but_the_records_of_the_folds_is_left(samples, tmp_path):
    cross_validate(make_task(tmp_path, Judge()), samples, 2)
    assert {path.name for path in tmp_path.iterdir()} == {"patients-1.json", "patients-2.json"}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"plan": Plan(architecture="plantnetv2", epochs=2)}, id="another plan"),
        pytest.param({"always": [Sample(Path("x.png"), 0, "x", "more")]}, id="other images"),
    ],
)
def test_records_of_another_run_are_neither_used_nor_overwritten(samples, tmp_path, change):
    cross_validate(make_task(tmp_path, Judge()), samples, 2)
    with pytest.raises(FoldsInterrupted, match="--restart"):
        cross_validate(make_task(tmp_path, Judge(), **change), samples, 2)


def test_a_damaged_record_is_said_to_be_one(samples, tmp_path):
    cross_validate(make_task(tmp_path, Judge()), samples, 2)
    (tmp_path / "patients-1.json").write_text("half a reco")
    with pytest.raises(FoldsInterrupted, match="no record of a fold"):
        cross_validate(make_task(tmp_path, Judge()), samples, 2)


def test_images_that_are_always_fitted_on_leave_out_patients_that_are_held_out(samples, tmp_path):
    extra = [sample._replace(data_set="more", patient=f"p{row}") for row, sample in enumerate(samples[:25])]
    judge = Judge()
    readings = cross_validate(make_task(tmp_path, judge, always=extra), samples, 5)
    assert {sample.data_set for sample in readings.samples} == {"mine"}
    for number, (train, validation) in enumerate(judge.seen, start=1):
        more = [sample for sample in train if sample.data_set == "more"]
        held = [s for s, fold in zip(samples, readings.folds, strict=True) if fold == number]
        assert {"p20", "p24"} <= patients(more)
        assert not patients(more) & patients([*held, *validation])


def test_more_folds_than_patients_are_refused(samples, tmp_path):
    with pytest.raises(DataProblem, match="folds cannot be made"):
        cross_validate(make_task(tmp_path, Judge()), samples, 11)


@pytest.mark.parametrize(
    "options", [["--folds", "1"], ["--folds", "51"], ["--split", "test"], ["--epochs", "x"]]
)
def test_options_that_cannot_work_are_refused_at_once(options, tmp_path):
    with pytest.raises(SystemExit) as stopped:
        main(["cross-validate", "--data", str(tmp_path), *options])
    assert stopped.value.code == 2


def test_a_folder_without_images_is_named(tmp_path, capsys):
    assert main(["cross-validate", "--data", str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 1
    assert "There is no folder" in capsys.readouterr().err
