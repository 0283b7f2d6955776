"""Files of a run: weights, and checkpoints from which it goes on; each appears only when whole."""

import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

State = dict[str, Any]


def write_state(state: State, path: Path) -> None:
    """Write tensors and numbers to `path`, through a temporary file that is then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        torch.save(state, partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def read_state(path: Path) -> State:
    """Read what `write_state` wrote; nothing but tensors, numbers, text and containers is ever unpickled."""
    state: State = torch.load(path, map_location="cpu", weights_only=True)
    return state


def read_weights(network: nn.Module, path: Path) -> None:
    """Load a weights-only file, in whatever precision it was stored, into `network`."""
    state: dict[str, Tensor] = read_state(path)
    network.load_state_dict({name: tensor.float() for name, tensor in state.items()})


def write_half(network: nn.Module, path: Path) -> None:
    """Write a network's weights in half precision: the small file that a later run can start from."""
    write_state({name: tensor.half().cpu() for name, tensor in network.state_dict().items()}, path)
