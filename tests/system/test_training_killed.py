"""A training that is killed goes on, and ends where an unbroken one does.

`kill -9` gives a process no chance to tidy up, as a power cut or a full memory does not.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from training.rendered import write_data_set

PLANS = {
    "plantnetv2": ["--warm-start-epochs", "3", "--epochs", "0"],
    "efficientnet_lite0": ["--head-epochs", "1", "--warm-start-epochs", "1", "--epochs", "2"],
}
SMALL = ["--images-per-epoch", "16", "--batch-size", "4", "--device", "cpu"]
LINE = re.compile(r"^(.+), epoch (\d+)/\d+, loss ", re.M)
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("killed")
    yield folder
    shutil.rmtree(folder)  # PlantNetV2's weights take 420 MB each time


@pytest.fixture(scope="module")
def start(place: Path, root: Path) -> Iterator[Start]:
    """Start a training as a process of its own."""
    data = write_data_set(place / "rendered", limit=20)
    processes: list[subprocess.Popen[str]] = []

    def begin(out: Path, architecture: str, *more: str) -> subprocess.Popen[str]:
        options = ["--data", str(data), "--out", str(out), "--architecture", architecture]
        processes.append(
            subprocess.Popen(
                [sys.executable, "-m", "training", "train", *options, *SMALL, *PLANS[architecture], *more],
                cwd=root,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.fixture(scope="module")
def unbroken(place: Path, start: Start) -> Callable[[str], Path]:
    """Where a training that nobody killed has left its weights; each network is trained once."""

    def train(architecture: str) -> Path:
        out = place / f"{architecture}.pth"
        if not out.exists():
            finish(start(out, architecture))
        return out

    return train


def finish(process: subprocess.Popen[str]) -> str:
    _, said = process.communicate(timeout=400)
    assert process.returncode == 0, said
    return said


def kill_after(process: subprocess.Popen[str], words: str) -> str:
    """Kill a process as soon as it has said these words, and return all that it said."""
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if words in line:
            process.kill()
    process.wait()
    assert words in said, said
    return said


def epochs(said: str) -> list[tuple[str, str]]:
    return LINE.findall(said)


def outcome(out: Path) -> tuple[dict[str, Any], list[Any]]:
    """Return the record of a run, and the figures of its epochs, without times."""
    record = json.loads(out.with_suffix(".json").read_text())
    history = json.loads(out.with_suffix(".history.json").read_text())
    del record["created"]
    return record, [[line[key] for key in ("stage", "epoch", "loss", "mean")] for line in history]


def assert_same_end(out: Path, other: Path) -> None:
    ours, theirs = (torch.load(path, weights_only=True, mmap=True) for path in (out, other))
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []
    assert outcome(out) == outcome(other)
    assert not out.with_suffix(".checkpoint").exists()


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("architecture", "words"),
    [
        ("plantnetv2", "warm start, epoch 2/3"),
        ("efficientnet_lite0", "warm start, epoch 1/1"),
        ("efficientnet_lite0", "full network, epoch 1/2"),
    ],
)
def test_a_killed_training_repeats_one_epoch_at_most_and_ends_with_equal_weights(
    architecture, words, start, unbroken, place
):
    out = place / f"killed-{architecture}.pth"
    before = epochs(kill_after(start(out, architecture), words))
    after = epochs(finish(start(out, architecture, "--resume")))
    assert len(set(before) & set(after)) <= 1
    whole = outcome(unbroken(architecture))[1]
    fitted = [(stage, str(epoch)) for stage, epoch, loss, _ in whole if loss is not None]
    assert sorted({*before, *after}, key=fitted.index) == fitted
    assert_same_end(out, unbroken(architecture))
    out.unlink()


@pytest.mark.timeout(900)
def test_a_training_killed_while_it_writes_a_checkpoint_goes_on_from_the_one_before(start, unbroken, place):
    out = place / "cut.pth"
    checkpoint, partial = out.with_suffix(".checkpoint"), out.with_suffix(".checkpoint.partial")
    process = start(out, "plantnetv2")
    wait_for(checkpoint, process)
    # A pipe in the place of the next checkpoint holds the writer until somebody reads.
    block(partial)
    with partial.open("rb") as stream:
        half = stream.read(10_000)
        process.kill()
        before = epochs(process.communicate()[1])
    partial.unlink()
    partial.write_bytes(half)
    after = epochs(finish(start(out, "plantnetv2", "--resume")))
    assert after[0] == before[-1] != ("warm start", "1")
    assert after[-1] == ("warm start", "3")
    assert_same_end(out, unbroken("plantnetv2"))
    assert not partial.exists()


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    while not path.exists():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)


def block(path: Path) -> None:
    """Put a pipe there, again if the writer of the file before has just tidied up."""
    for _ in range(5):
        if not path.exists():
            os.mkfifo(path)
        time.sleep(0.1)
    assert path.is_fifo()
