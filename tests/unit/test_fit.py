from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from torch import nn

from training import run
from training.checkpoint import RunInterrupted, checkpoint_of, read_state
from training.data import join
from training.folder import read_folder
from training.journal import Journal, Line
from training.learner import Learner, rate
from training.networks import Network, PlantNetV2, PooledPlantNetV2, build
from training.networks.network import LEAST_EDGE, build_classifier
from training.plan import Goal, Plan, Samples, Stage
from training.rendered import write_data_set
from training.run import Run

CPU = torch.device("cpu")
PLAN = Plan(batch_size=4, warm_start_epochs=2, images_per_epoch=8)
STAGE = Stage("warm start", 2, 1e-3, 32)


class StoppedRun(Run):
    """A run that is killed in its second epoch."""

    def _seed(self, stage, epoch):
        if epoch == 1:
            raise KeyboardInterrupt
        return super()._seed(stage, epoch)


class BetterRun(Run):
    """A run in which every epoch is better than the one before."""

    def _compete(self, network, stage, best, line):
        super()._compete(network, stage, best, line)
        self._keep(network)
        return best + 1


class CutRun(BetterRun):
    """One that is killed when the weights of a second stage are written and its checkpoint is not yet."""

    def _save(self, state, stage):
        if stage.name == "second" and state["epoch"] == 1:
            raise KeyboardInterrupt
        super()._save(state, stage)


class Small(PlantNetV2):
    """PlantNetV2 with maps a hundredth as many."""

    def __init__(self) -> None:
        features = nn.Sequential(nn.Conv2d(3, 4, kernel_size=16, stride=16), nn.ReLU())
        layers = {"gather": nn.Flatten(), "fc1": nn.Linear(4 * 14 * 14, 8), "drop": nn.Dropout(0.5)}
        Network.__init__(self, features, nn.Sequential(OrderedDict(layers, fc3=nn.Linear(8, 2))))


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    folder = write_data_set(tmp_path_factory.mktemp("data") / "rendered", limit=10)
    train, validation, _ = join([read_folder(folder, ("benign", "malignant"))])
    return Samples(train, validation)


def start(kind: type[Run], samples: Samples, out: Path, again=None, plan: Plan = PLAN, stage: Stage = STAGE):
    torch.manual_seed(0)
    network = PooledPlantNetV2()
    kind(samples, plan, Goal(out, plan.describe(), again), CPU).fit(network, stage)
    return network


def test_a_resumed_run_ends_with_the_weights_of_an_unbroken_one(samples, tmp_path):
    unbroken = start(Run, samples, tmp_path / "a.pth")
    with pytest.raises(KeyboardInterrupt):
        start(StoppedRun, samples, tmp_path / "b.pth")
    resumed = start(Run, samples, tmp_path / "b.pth", again="resume")
    for name, value in unbroken.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name
    last = [read_state(checkpoint_of(tmp_path / name))["optimiser"]["state"] for name in ("a.pth", "b.pth")]
    assert all(torch.equal(last[0][i]["exp_avg"], last[1][i]["exp_avg"]) for i in last[0])


def test_a_resumed_run_of_the_whole_network_takes_its_two_rates_along(samples, tmp_path):
    plan = Plan(batch_size=4, warm_start_epochs=1, epochs=2, images_per_epoch=8)
    stage = Stage("full network", 2, 1e-2, is_pooled=False)

    def fit(kind: type[Run], out: Path, again=None) -> Network:
        torch.manual_seed(0)
        return kind(samples, plan, Goal(out, plan.describe(), again), CPU).fit(Small(), stage)

    unbroken = fit(Run, tmp_path / "a.pth")
    with pytest.raises(KeyboardInterrupt):
        fit(StoppedRun, tmp_path / "b.pth")
    resumed = fit(Run, tmp_path / "b.pth", again="resume")
    assert all(torch.equal(resumed.state_dict()[name], v) for name, v in unbroken.state_dict().items())
    shares = [
        group["share"] for group in read_state(checkpoint_of(tmp_path / "b.pth"))["optimiser"]["param_groups"]
    ]
    assert shares == [1.0, 1 / 196]


def test_a_run_killed_as_a_stage_has_written_its_first_weights_does_not_mix_stages(samples, tmp_path):
    plan = Plan("resnet50", batch_size=4, images_per_epoch=8)
    stages = [Stage(name, 1, 1e-2, 32) for name in ("first", "second")]

    def fit(kind: type[Run], out: Path, again=None) -> Network:
        torch.manual_seed(0)
        network: Network = Network(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), build_classifier(4, 2))
        run = kind(samples, plan, Goal(out, plan.describe(), again), CPU)
        for index, stage in enumerate(stages):
            if not (index == 0 and run.stands_in(stages[1])):
                run.fit(network, stage._replace(is_begun=index > 0))
        return network

    unbroken = fit(BetterRun, tmp_path / "a.pth")
    with pytest.raises(KeyboardInterrupt):
        fit(CutRun, tmp_path / "b.pth")
    resumed = fit(BetterRun, tmp_path / "b.pth", again="resume")
    assert all(torch.equal(resumed.state_dict()[name], v) for name, v in unbroken.state_dict().items())


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


def test_a_stage_ends_when_validation_no_longer_gets_better(samples, tmp_path):
    idle = STAGE._replace(epochs=6, learning_rate=0.0)
    plan = Plan(batch_size=4, warm_start_epochs=6, images_per_epoch=4, patience=2)
    start(Run, samples, tmp_path / "a.pth", plan=plan, stage=idle)
    assert read_state(checkpoint_of(tmp_path / "a.pth"))["epoch"] == 3


def test_the_curve_of_a_run_is_kept_beside_its_weights(samples, tmp_path):
    start(Run, samples, tmp_path / "a.pth")
    history = (tmp_path / "a.history.json").read_text()
    assert history.count('"epoch"') == 2
    assert list((tmp_path / "a.tensorboard").glob("events.*"))


def test_the_first_epoch_depends_on_the_seed(samples, tmp_path):
    first = start(Run, samples, tmp_path / "a.pth")
    plan = Plan(batch_size=4, warm_start_epochs=2, images_per_epoch=8, seed=1)
    other = start(Run, samples, tmp_path / "b.pth", plan=plan)
    assert not torch.equal(first.features.conv1.weight, other.features.conv1.weight)


def test_a_head_only_stage_leaves_the_features_as_they_were(samples):
    network = PooledPlantNetV2()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    stage = STAGE._replace(is_head_only=True)
    learner = Learner(network, stage, PLAN, CPU)
    learner.fit(run.Loading(run.Tiles(samples.train), 4, 8, 0, 1).load(stage, 0), 0)
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert all(name.startswith("head.") for name in changed)


def fit_once(samples: Samples, stage: Stage) -> tuple[Network, Learner]:
    torch.manual_seed(0)
    network = PooledPlantNetV2()
    learner = Learner(network, stage, PLAN, CPU)
    learner.fit(run.Loading(run.Tiles(samples.train), 4, 80, 0, 1).load(stage, 0), 0)
    return network, learner


def test_the_average_lies_between_the_first_weights_and_the_last(samples):
    torch.manual_seed(0)
    first = PooledPlantNetV2().get_parameter("head.fc3.weight")
    network, learner = fit_once(samples, STAGE)
    last = network.get_parameter("head.fc3.weight")
    average = learner.averaged.get_parameter("head.fc3.weight")
    assert 0 < (average - last).norm() < (first - last).norm()


def test_a_share_of_the_weights_that_a_stage_began_with_is_kept(samples):
    torch.manual_seed(0)
    first = PooledPlantNetV2().get_parameter("head.fc3.weight")
    _, plain = fit_once(samples, STAGE)
    _, keeping = fit_once(samples, STAGE._replace(kept=0.25))
    fitted, kept = (each.averaged.get_parameter("head.fc3.weight") for each in (plain, keeping))
    assert torch.allclose(kept, 0.25 * first + 0.75 * fitted, atol=1e-6)


def test_the_learning_rate_rises_and_then_falls_to_nothing():
    rates = [rate(step / 100) for step in range(100)]
    assert max(rates) == pytest.approx(1, abs=0.01)
    assert rates[0] < 0.2
    assert rates[-1] < 0.01
    assert rates.index(max(rates)) == pytest.approx(10, abs=1)


def test_a_journal_makes_the_folder_that_it_writes_to(tmp_path):
    Journal(tmp_path / "new" / "a.pth", []).write(Line("warm start", 0, 1, auc={"any": 0.5}, mean=0.5))
    assert (tmp_path / "new" / "a.history.json").exists()


def test_a_journal_goes_on_where_an_interrupted_run_stopped(tmp_path):
    lines = [{"stage": "warm start", "epoch": 1}]
    assert Journal(tmp_path / "a.pth", lines).history == lines


def test_a_single_tiny_image_in_a_batch_does_not_stop_a_network_that_normalises(samples):
    network = build("efficientnet_lite0", 2)
    learner = Learner(network, STAGE, PLAN, CPU)
    loading = run.Loading(run.Tiles(samples.train, enlargement=2), 1, 2, 0, LEAST_EDGE)
    assert learner.fit(loading.load(STAGE, 0), 0).loss > 0
