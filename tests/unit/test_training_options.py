"""The command line of the training room: what is refused, in words, before any work is done."""

import shutil
from pathlib import Path

import pytest
import torch

from training.__main__ import main
from training.networks.plantnet import PooledPlantNetV2
from training.rendered import write_data_set


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data_set(tmp_path_factory.mktemp("data") / "mine", limit=10)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(["--epochs", "-1"], id="negative epochs"),
        pytest.param(["--batch-size", "0"], id="empty batches"),
        pytest.param(["--lr", "-0.1"], id="negative rate"),
        pytest.param(["--lr", "nan"], id="rate that is no number"),
        pytest.param(["--seed", "9999999999"], id="endless seed"),
        pytest.param(["--patient-pattern", "("], id="broken pattern"),
        pytest.param(["--patient-pattern", "[0-9]+"], id="pattern without a group"),
        pytest.param(["--resume", "--restart"], id="both ways at once"),
    ],
)
def test_options_that_cannot_work_are_refused_at_once(options, data, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["train", "--data", str(data), *options])
    assert stopped.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def refused(capsys, *arguments: str) -> str:
    """Run a command that must fail; return its one line."""
    assert main(list(arguments)) == 1
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.startswith("error: ")
    return line


def test_a_folder_without_images_is_named(tmp_path, capsys):
    line = refused(capsys, "train", "--data", str(tmp_path / "none"), "--out", str(tmp_path / "w.pth"))
    assert "holds no images" in line


def test_no_epochs_at_all_leave_nothing_to_do(data, tmp_path, capsys):
    line = refused(capsys, "train", "--data", str(data), "--out", str(tmp_path / "w.pth"), "--epochs", "0")
    assert "--warm-start-epochs" in line


def test_a_folder_is_no_weights_file(data, tmp_path, capsys):
    assert "is a folder" in refused(capsys, "train", "--data", str(data), "--out", str(tmp_path))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_said_not_to_be_there(data, tmp_path, capsys):
    line = refused(capsys, "train", "--data", str(data), "--out", str(tmp_path / "w.pth"), "--device", "cuda")
    assert "no GPU" in line


def test_an_unreadable_image_is_named_before_training(data, tmp_path, capsys):
    folder = tmp_path / "mine"
    shutil.copytree(data, folder)
    (folder / "test_dataset" / "benign" / "rendered_999.png").write_bytes(b"no image")
    assert main(["train", "--data", str(folder), "--out", str(tmp_path / "w.pth")]) == 1
    assert "rendered_999.png" in capsys.readouterr().err


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not weights", id="text"),
        pytest.param(None, id="missing"),
    ],
)
def test_weights_that_are_none_cannot_be_started_from(data, tmp_path, capsys, content):
    start = tmp_path / "start.warm.pth"
    if content is not None:
        start.write_bytes(content)
    line = refused(
        capsys, "train", "--data", str(data), "--out", str(tmp_path / "w.pth"), "--weights", str(start)
    )
    assert "start.warm.pth" in line


def test_weights_of_another_network_cannot_be_started_from(data, tmp_path, capsys):
    start = tmp_path / "three.warm.pth"
    torch.save(PooledPlantNetV2(classes=3).state_dict(), start)
    line = refused(
        capsys, "train", "--data", str(data), "--out", str(tmp_path / "w.pth"), "--weights", str(start)
    )
    assert "does not fit this network" in line


def test_a_damaged_checkpoint_is_not_gone_on_from(data, tmp_path, capsys):
    (tmp_path / "w.checkpoint").write_bytes(b"half a checkpo")
    line = refused(capsys, "train", "--data", str(data), "--out", str(tmp_path / "w.pth"), "--resume")
    assert "--restart" in line


def test_export_without_a_training_says_what_is_missing(tmp_path, capsys):
    weights = str(tmp_path / "w.pth")
    assert "w.json" in refused(capsys, "export", "--weights", weights, "--out", str(tmp_path / "m.pt"))


def test_nothing_can_be_kept_of_weights_that_a_run_does_not_begin_with(data, tmp_path, capsys):
    line = refused(capsys, "train", "--data", str(data), "--out", str(tmp_path / "w.pth"), "--keep", "0.2")
    assert "--weights" in line
