"""The README's way from one's own images to a running service, on a few rendered ones."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from training.rendered import write_data_set

TRAIN = ".venv/bin/python -m training train --data dataset_sorted --out breast_cancer_cnn.pth"
EXPORT = ".venv/bin/python -m training export --weights breast_cancer_cnn.pth --out mine.pt"
RUN = "INFERENCE_MODEL=mine.pt make run"
TINY = "--warm-start-epochs 8 --epochs 0 --batch-size 4 --patience 0"
"""What makes the training short enough for a test."""


@pytest.fixture
def folder(tmp_path: Path, root: Path) -> Iterator[Path]:
    """A folder like the project's, with images of one's own in it."""
    folder = tmp_path / "project"
    folder.mkdir()
    for path in root.iterdir():
        if path.name not in {"tools", ".venv", "dataset_sorted"} and path.suffix not in {".pth", ".pt"}:
            (folder / path.name).symlink_to(path)
    # The tools take the folder they lie in for the project's.
    shutil.copytree(root / "tools", folder / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".venv").mkdir()
    for path in Path(sys.prefix).iterdir():
        (folder / ".venv" / path.name).symlink_to(path)
    # Up to date, so that nothing is installed from here.
    (folder / ".venv" / ".installed").unlink(missing_ok=True)
    (folder / ".venv" / ".installed").touch()
    write_data_set(folder / "dataset_sorted", limit=15)
    yield folder
    shutil.rmtree(folder)  # a checkpoint takes more than a gigabyte


def run(command: str, folder: Path) -> str:
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env={**os.environ, "MISTRAL_API_KEY": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.timeout(600)
def test_one_s_own_images_become_a_model_that_the_services_run(folder, begin):
    report = run(f"{TRAIN} {TINY}", folder).lower()
    for figure in ("accuracy", "precision", "recall", "f1", "malignant"):
        assert figure in report
    run(EXPORT, folder)
    assert (folder / "mine.pt").stat().st_size <= 10_000_000
    if not (folder / "models" / "sample.png").is_file():
        pytest.skip("trained and exported, but make run wants models/sample.png")
    services = begin(folder=folder, before=("sh", "-c", RUN))
    services.wait_for("Ctrl-C stops everything.")
    assert "mine" in services.output
    services.press_ctrl_c()
    services.end()
    assert services.open_ports() == []
