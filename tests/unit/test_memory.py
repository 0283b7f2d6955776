"""What is given back after loading, and that everything goes on working."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import torch
from inference_service.memory import forget_programs, give_back

def resident():
    lines = open("/proc/self/smaps_rollup").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Rss:"))

before = resident()
forget_programs()
give_back()
after = resident()
layer = torch.nn.Conv2d(3, 8, 3)
assert layer(torch.ones(1, 3, 8, 8)).isfinite().all()
print(before, after)
"""


def test_pages_of_libraries_go_back_and_torch_computes_as_before(root):
    if not Path("/proc/self/smaps_rollup").is_file():
        pytest.skip("there is no /proc/self/smaps_rollup here")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=root, capture_output=True, text=True, check=True
    )
    before, after = map(int, done.stdout.split())
    assert after < 0.9 * before
