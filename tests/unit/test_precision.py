import pytest
import torch

from training.data import Tiles, join
from training.folder import read_folder
from training.learner import Learner
from training.loading import Loading
from training.networks import PooledPlantNetV2
from training.plan import Plan, Stage
from training.precision import choose_precision, multiplies_bfloat16
from training.rendered import write_data_set

CPU, GPU = torch.device("cpu"), torch.device("cuda")


def test_float32_is_float32_everywhere():
    assert choose_precision(CPU, "float32") == choose_precision(GPU, "float32") == torch.float32


def test_a_device_computes_in_what_it_has_instructions_for():
    assert choose_precision(GPU, "auto") == torch.float16
    assert choose_precision(CPU, "auto") == (torch.bfloat16 if multiplies_bfloat16() else torch.float32)


def test_mixed_precision_learns_what_float32_does(tmp_path):
    folder = write_data_set(tmp_path / "rendered", limit=10)
    train, _, _ = join([read_folder(folder, ("benign", "malignant"))])
    stage = Stage("warm start", 2, 1e-4, 32)
    losses = {}
    for precision in ("auto", "float32"):
        torch.manual_seed(0)
        plan = Plan(batch_size=4, warm_start_epochs=2, precision=precision)
        learner = Learner(PooledPlantNetV2(), stage, plan, CPU)
        loading = Loading(Tiles(train), 4, 16, 0, 1)
        losses[precision] = [learner.fit(loading.load(stage, epoch), epoch).loss for epoch in range(2)]
    assert losses["auto"] == pytest.approx(losses["float32"], rel=0.05)
    assert losses["auto"][1] != losses["auto"][0]
