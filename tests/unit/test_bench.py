"""The bench measures what it says; how fast anything is, no test asks."""

from pathlib import Path

import pytest
import torch
from torch import nn

from bench.__main__ import main
from bench.plain import PlainLoop
from bench.training import Row, show
from bench.turns import take_turns
from training.rendered import write_data_set

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data_set(tmp_path_factory.mktemp("data") / "rendered", limit=6)


def test_fitting_both_ways_ends_in_a_table_with_the_machine_above_it(folder, capsys):
    options = ["--data", str(folder), "--images", "8", "--rounds", "1", "--batch-size", "4", "--quick"]
    assert main([*options, "--device", "cpu"]) == 0
    printed = capsys.readouterr().out
    assert f"torch {torch.__version__}" in printed
    rows = [line for line in printed.splitlines() if line.startswith("| rendered")]
    assert len(rows) == 2
    for row in rows:
        ours, plain, ratio = (float(cell.split()[0]) for cell in row.split("|")[4:7])
        assert ratio == pytest.approx(ours / plain, abs=0.02 + 0.02 * ratio)


def test_contestants_take_turns_and_each_goes_first_in_its_round():
    order: list[str] = []
    times = take_turns({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=2)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert len(times["a"].later) == 2
    assert times["b"].first >= 0


def test_the_table_shows_both_speeds_and_how_much_faster_ours_is():
    table = show([Row("mine", "a network", "later epochs", 30.0, 20.0, 2)])
    assert table.splitlines()[-1] == "| mine | a network | later epochs | 30.00 | 20.00 (2) | 1.50 |"


def test_the_plain_loop_learns(folder):
    torch.manual_seed(0)
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2))
    root = folder / "train_dataset"
    loop = PlainLoop(network, root, range(8), edge=224, batch_size=8, device=CPU)
    losses = [loop.fit_epoch(0) for _ in range(5)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]
