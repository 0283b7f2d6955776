"""Fit three epochs in as many processes as torchrun starts; the first one prints the losses.

Without dropout, so that a step differs by rounding alone however many processes share it.
"""

import json
import sys
from pathlib import Path

import torch
from torch import nn

from training import team
from training.data import Tiles, join
from training.folder import read_folder
from training.learner import Learner
from training.loading import Loading
from training.networks import PooledPlantNetV2
from training.plan import Plan, Stage
from training.team import join_team

with join_team(torch.device("cpu")) as device:
    train, _, _ = join([read_folder(Path(sys.argv[1]), ("benign", "malignant"))])
    torch.manual_seed(0)
    network = PooledPlantNetV2()
    for layer in network.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0
    stage = Stage("warm start", 3, 1e-3, 32)
    learner = Learner(network, stage, Plan(batch_size=8, warm_start_epochs=3, precision="float32"), device)
    loading = Loading(Tiles(train), 8, 32, 0, 1)
    losses = [learner.fit(loading.load(stage, epoch), epoch).loss for epoch in range(3)]
    if team.rank() == 0:
        sys.stdout.write(json.dumps({"processes": team.size(), "losses": losses}) + "\n")
