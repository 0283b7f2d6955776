"""The fitting commands of docs/train.md run as they stand, but for a shorter plan.

`test_train_documentation` reads the options of all of them; here networks are really fitted.
"""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torchvision

from training.__main__ import main
from training.rendered import write_data_set

SHORT = "--warm-start-epochs 1 --epochs 0 --images-per-epoch 4 --batch-size 2 --device cpu"
"""What makes a plan short; the last word on an option counts."""
TITLES = ("Networks", "Fitting", "Several GPUs or machines")
TORCHRUN = [sys.executable, "-m", "torch.distributed.run"]


@pytest.fixture(scope="module")
def commands(root: Path) -> list[str]:
    text = (root / "docs" / "train.md").read_text("utf-8")
    sections = [text.split(f"## {title}\n")[1].split("\n## ")[0] for title in TITLES]
    blocks = [block for section in sections for block in re.findall(r"```bash\n(.*?)```", section, re.S)]
    return "".join(blocks).splitlines()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with images of one's own."""
    monkeypatch.chdir(tmp_path)
    write_data_set(tmp_path / "mine", limit=10)
    yield tmp_path
    shutil.rmtree(tmp_path)  # PlantNetV2's weights take 420 MB each time


def test_every_command_of_these_sections_is_run_here(commands):
    starts = ("python -m training train", "torchrun --standalone", "torchrun --nnodes", "tensorboard")
    assert [command for command in commands if not command.startswith(starts)] == []
    assert len(commands) == 7


@pytest.mark.timeout(600)
def test_networks_are_fitted_and_curves_drawn(commands, place):
    torch.save(torchvision.models.resnet50().state_dict(), "resnet50-11ad3fa6.pth")
    for command in commands:
        if command.startswith("python -m training"):
            assert main(shlex.split(f"{command} {SHORT}")[3:]) == 0
    (board,) = [command for command in commands if command.startswith("tensorboard")]
    program = Path(sys.executable).with_name("tensorboard")
    done = subprocess.run(
        [program, *shlex.split(board)[1:], "--inspect"],
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    for curve in ("loss", "learning rate", "validation AUC/mine"):
        assert curve in done.stdout


def finish(process: subprocess.Popen[str]) -> str:
    said, errors = process.communicate(timeout=400)
    assert process.returncode == 0, errors[-3000:]
    return said


def start(arguments: str, place: Path) -> subprocess.Popen[str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [*TORCHRUN, *shlex.split(arguments), *shlex.split(SHORT)]
    return subprocess.Popen(
        command, cwd=place, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.timeout(600)
def test_two_machines_fit_one_network(commands, place):
    (command,) = [command for command in commands if command.startswith("torchrun --nnodes")]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    line = command.removeprefix("torchrun ").replace("first-machine", "127.0.0.1")
    line = line.replace("29500", str(port)).replace("--nproc-per-node 4", "--nproc-per-node 1")
    first = start(line, place)
    second = start(line.replace("--node-rank 0", "--node-rank 1"), place)
    assert "Weights: shared/mine.pth" in finish(first)
    assert "Weights:" not in finish(second)
    assert (place / "shared" / "mine.warm.pth").is_file()


@pytest.mark.timeout(600)
def test_two_processes_of_one_machine_fit_one_network(commands, place):
    (command,) = [command for command in commands if command.startswith("torchrun --standalone")]
    assert finish(start(command.removeprefix("torchrun "), place)).count("Weights:") == 1
