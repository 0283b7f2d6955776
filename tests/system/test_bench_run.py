"""The bench as `make bench` runs it, on eight images."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from bench.contestant import PLAIN, Contestant, ContestantFailed, Task
from bench.ours import list_precisions
from training.rendered import write_data_set

TINY = ["--images", "8", "--rounds", "1", "--batch-size", "4", "--quick", "--device", "cpu"]


@pytest.mark.timeout(600)
def test_fitting_in_both_ways_ends_in_a_table_with_the_machine_above_it(tmp_path, root):
    folder = write_data_set(tmp_path / "rendered", limit=6)
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--data", str(folder), *TINY],
        cwd=root,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"torch {torch.__version__}" in done.stdout
    rows = [line for line in done.stdout.splitlines() if line.startswith("| rendered")]
    assert len(rows) == 2 * len(list_precisions(torch.device("cpu")))
    for row in rows:
        ours, plain, ratio = (float(cell.split()[0]) for cell in row.split("|")[5:8])
        assert ratio == pytest.approx(ours / plain, rel=0.02, abs=0.01)


@pytest.mark.timeout(300)
def test_a_side_that_ends_before_its_time_ends_the_comparison():
    task = Task(PLAIN, str(Path("no") / "such folder"), 1, 8, 1, 4, "cpu")
    with Contestant(task) as side, pytest.raises(ContestantFailed):
        side.fit_epoch(0)
