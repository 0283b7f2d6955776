"""Several processes that fit one network together, as torchrun starts them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from training.rendered import write_data_set

SINGLE = [sys.executable]
PAIR = [
    sys.executable,
    "-m",
    "torch.distributed.run",
    "--standalone",
    "--nproc-per-node",
    "2",
]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data_set(tmp_path_factory.mktemp("data") / "rendered", limit=20)


def run(command: list[str], root: Path) -> str:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=root, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_two_processes_learn_what_one_does_with_the_same_batches(rendered, root):
    script = [str(root / "tests/system/torchrun_steps.py"), str(rendered)]
    alone = json.loads(run(SINGLE + script, root))
    together = json.loads(run(PAIR + script, root))
    assert (alone["processes"], together["processes"]) == (1, 2)
    assert together["losses"][0] == pytest.approx(alone["losses"][0], rel=1e-3)
    # Sums in another order differ in their last digits, and Adam's first steps magnify them.
    assert together["losses"] == pytest.approx(alone["losses"], rel=2e-2)
    assert alone["losses"][2] != pytest.approx(alone["losses"][0], rel=1e-3)


def test_the_train_command_runs_under_torchrun_and_writes_once(rendered, root, tmp_path):
    out = tmp_path / "weights.pth"
    options = ["--warm-start-epochs", "1", "--epochs", "0", "--images-per-epoch", "8", "--batch-size", "4"]
    command = ["-m", "training", "train", "--data", str(rendered), "--out", str(out), *options]
    stdout = run([*PAIR, *command], root)
    assert stdout.count("Weights: ") == 1
    assert out.exists()
    assert len(json.loads((tmp_path / "weights.history.json").read_text())) == 2
