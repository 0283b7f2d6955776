"""The bench of explanations that Mistral writes, in small and without its peer."""

import os
import re
import subprocess
import sys


def test_a_crowd_and_single_calls_end_in_two_tables(root):
    done = subprocess.run(
        [sys.executable, "-m", "bench.chat", "--crowd", "8", "--seconds", "0.3", "--rounds", "1"],
        cwd=root,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^\| 8 \| [\d.]+ \| -?[\d.]+ \| 8 of 8 \|", done.stdout, re.M)
    assert re.findall(r"^\| (\d+) \| this service \|", done.stdout, re.M) == ["1", "16"]
    assert "Written by the knowledge base instead: 0" in done.stdout
