"""Files of a run: weights, and checkpoints from which it goes on; each appears only when whole."""

import errno
import logging
import os
import pickle
import struct
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

logger = logging.getLogger(__name__)

State = dict[str, Any]
Again = Literal["resume", "restart"]
"""What to do with the checkpoint of an interrupted run."""


class StateInvalid(Exception):
    """A file of weights cannot be used; the message says why."""


class RunInterrupted(Exception):
    """A checkpoint stands in the way; the message says how to go on."""


def write_state(state: State, path: Path) -> None:
    """Write tensors and numbers to `path`, through a temporary file that is then renamed.

    Raises:
        OSError: if it cannot be written, for example because the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as stream:
            torch.save(state, stream)
            os.fsync(stream.fileno())
        os.replace(partial, path)
    except RuntimeError as error:  # what torch makes of a write that failed
        raise OSError(errno.ENOSPC, "cannot be written, the disk may be full", str(path)) from error
    finally:
        partial.unlink(missing_ok=True)


def read_state(path: Path) -> State:
    """Read what `write_state` wrote; nothing but tensors, numbers, text and containers is ever unpickled.

    Raises:
        StateInvalid: if there is no such file, or it holds something else.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise StateInvalid(f"There is no file {path}.") from error
    except (RuntimeError, EOFError, struct.error, pickle.UnpicklingError, ValueError, KeyError) as error:
        raise StateInvalid(f"{path} is no weights file of ours, or it is damaged.") from error
    if not isinstance(state, dict):
        raise StateInvalid(f"{path} is no weights file of ours.")
    return state


def beside(out: Path, ending: str) -> Path:
    """Return the path of a file that belongs to `out`: its name without .pth, and another ending."""
    return out.with_name(out.name.removesuffix(".pth") + ending)


def checkpoint_of(out: Path) -> Path:
    """Return where the checkpoint of the run that writes `out` stands."""
    return beside(out, ".checkpoint")


def open_checkpoint(
    out: Path, plan: dict[str, str], again: Literal["resume", "restart"] | None
) -> State | None:
    """Return the state of the interrupted run that was to write `out`, or None to begin at the beginning.

    Raises:
        RunInterrupted: if there is one and `again` does not say what to do, or if it had another plan.
    """
    path = checkpoint_of(out)
    if again == "restart":
        path.unlink(missing_ok=True)
    if not path.exists():
        if again == "resume":
            logger.info("There is no checkpoint at %s, so training begins at the beginning.", path)
        return None
    if again is None:
        raise RunInterrupted(
            f"{path} is the checkpoint of an interrupted run. Say --resume to go on, --restart to begin anew."
        )
    try:
        state = read_state(path)
    except StateInvalid as error:
        raise RunInterrupted(f"{path} is damaged, so the run cannot go on from it. Say --restart.") from error
    before = state["plan"]  # without options that are newer than the checkpoint
    changed = sorted(name for name in plan if plan[name] != before.get(name, plan[name]))
    if changed:
        raise RunInterrupted(
            f"{path} was written with another {', '.join(changed)}. Use the same options, or --restart."
        )
    return state


def read_weights(network: nn.Module, path: Path) -> None:
    """Load a weights-only file, in whatever precision it was stored, into `network`.

    Raises:
        StateInvalid: if there is none, or it belongs to another network.
    """
    load(network, read_state(path), path)


def load(network: nn.Module, state: State, path: Path | None) -> None:
    """Load weights that were read from `path` (None: from a package) into `network`.

    Raises:
        StateInvalid: if they belong to another network.
    """
    try:
        network.load_state_dict({name: _widen(value) for name, value in state.items()})
    except (RuntimeError, AttributeError) as error:
        raise StateInvalid(
            f"{path} does not fit this network. For PlantNetV2 --weights takes what a warm start wrote "
            "(.warm.pth); for the other networks what an earlier run of the same network wrote, or its "
            "ImageNet weights as published."
        ) from error


def _widen(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() else value


def write_half(network: nn.Module, path: Path) -> None:
    """Write a network's weights in half precision: the small file that a later run can start from."""
    write_state({name: tensor.half().cpu() for name, tensor in network.state_dict().items()}, path)
