"""The bench measures what it says; how fast anything is, no test asks."""

import torch
from torch import nn

from bench.contest import Setting, choose
from bench.ours import list_precisions
from bench.plain import PlainLoop
from bench.training import Row, show
from bench.turns import take_turns
from training.rendered import write_data_set

CPU = torch.device("cpu")


def test_contestants_take_turns_and_each_goes_first_in_its_round():
    order: list[str] = []

    def fit(name: str) -> float:
        order.append(name)
        return float(len(order))

    times = take_turns({"a": lambda: fit("a"), "b": lambda: fit("b")}, rounds=2)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert times == {"a": (1.0, [4.0, 5.0]), "b": (2.0, [3.0, 6.0])}


def test_the_table_shows_both_speeds_and_how_much_faster_ours_is():
    table = show([Row("mine", "a network", "later", "float32", 30.0, 20.0, 2)])
    assert table.splitlines()[-1] == "| mine | a network | later | float32 | 30 | 20 (2) | 1.50 |"


def test_ours_is_measured_in_float32_too_where_it_comes_in_another_precision():
    assert "float32" in list_precisions(CPU)
    assert list_precisions(torch.device("cuda")) == {"float16": "auto", "float32": "float32"}


def test_both_sides_fit_on_the_same_images_each_time(tmp_path):
    folder = write_data_set(tmp_path / "rendered", limit=6)
    assert choose(folder, 8) == choose(folder, 8)
    assert len(set(choose(folder, 8).rows)) == 8
    assert len(choose(folder, 1000).rows) == 10


def test_the_plain_loop_learns(tmp_path):
    torch.manual_seed(0)
    folder = write_data_set(tmp_path / "rendered", limit=6)
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2))
    loop = PlainLoop(network, choose(folder, 8), 224, Setting(8, 1, 8, CPU))
    losses = [loop.fit_epoch(0) for _ in range(5)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]
