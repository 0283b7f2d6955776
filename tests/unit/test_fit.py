from pathlib import Path

import pytest
import torch
from training.networks.plantnet import PooledPlantNetV2

from training.checkpoint import RunInterrupted, checkpoint_of
from training.data import join
from training.fit import Run, rate
from training.folder import read_folder
from training.plan import Goal, Plan, Samples, Stage
from training.rendered import write_data_set

PLAN = Plan(batch_size=4, warm_start_epochs=2, images_per_epoch=8)
STAGE = Stage("warm start", 2, 1e-3, 32)


class StoppedRun(Run):
    """A run that is stopped in its second epoch."""

    def _epoch(self, network, optimiser, stage, epoch):
        if epoch == 1:
            raise KeyboardInterrupt
        return super()._epoch(network, optimiser, stage, epoch)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    folder = write_data_set(tmp_path_factory.mktemp("data") / "rendered", limit=10)
    train, validation, _ = join([read_folder(folder, ("benign", "malignant"))])
    return Samples(train, validation)


def start(kind: type[Run], samples: Samples, out: Path, again=None, plan: Plan = PLAN) -> PooledPlantNetV2:
    torch.manual_seed(0)
    network = PooledPlantNetV2()
    run = kind(samples, plan, Goal(out, plan.describe(), again), torch.device("cpu"))
    run.epochs_of(network, STAGE)
    return network


def test_a_resumed_run_ends_with_the_weights_of_an_unbroken_one(samples, tmp_path):
    unbroken = start(Run, samples, tmp_path / "a.pth")
    with pytest.raises(KeyboardInterrupt):
        start(StoppedRun, samples, tmp_path / "b.pth")
    resumed = start(Run, samples, tmp_path / "b.pth", again="resume")
    for name, value in unbroken.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, msg=name)


def test_a_checkpoint_is_neither_overwritten_nor_followed_without_being_told(samples, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        start(StoppedRun, samples, tmp_path / "a.pth")
    with pytest.raises(RunInterrupted, match="--resume"):
        start(Run, samples, tmp_path / "a.pth")


def test_a_checkpoint_of_another_plan_is_not_followed(samples, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        start(StoppedRun, samples, tmp_path / "a.pth")
    other = Plan(batch_size=2, warm_start_epochs=2, images_per_epoch=8)
    with pytest.raises(RunInterrupted, match="batch_size"):
        start(Run, samples, tmp_path / "a.pth", again="resume", plan=other)


def test_restart_throws_the_checkpoint_away(samples, tmp_path):
    out = tmp_path / "a.pth"
    checkpoint_of(out).write_bytes(b"not even a checkpoint")
    start(Run, samples, out, again="restart")
    assert checkpoint_of(out).stat().st_size > 1000


def test_the_learning_rate_rises_and_then_falls_to_nothing():
    rates = [rate(step / 100) for step in range(100)]
    assert max(rates) == pytest.approx(1, abs=0.01)
    assert rates[0] < 0.2
    assert rates[-1] < 0.01
    assert rates.index(max(rates)) == pytest.approx(10, abs=1)
