"""Several processes that fit one network together, started by torchrun; alone otherwise."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
from torch import distributed

PATIENCE = timedelta(hours=2)
"""How long a process waits for the others: the first one scores the validation images meanwhile."""


@contextmanager
def join_team(device: torch.device) -> Iterator[torch.device]:
    """Join the processes that torchrun started, if it did, and leave them at the end.

    Yields the device of this process: with CUDA a GPU of its own.
    """
    if "WORLD_SIZE" not in os.environ:
        yield device
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield device
    finally:
        distributed.destroy_process_group()


def is_team() -> bool:
    """Tell whether there are other processes."""
    return distributed.is_initialized() and distributed.get_world_size() > 1


def rank() -> int:
    """Return which of the processes this one is; 0 alone writes files."""
    return distributed.get_rank() if is_team() else 0


def size() -> int:
    """Return how many processes there are."""
    return distributed.get_world_size() if is_team() else 1


def share(value: float) -> float:
    """Return the first process's value to all."""
    if not is_team():
        return value
    values = [value]
    distributed.broadcast_object_list(values, src=0)
    return values[0]


def add(value: float) -> float:
    """Return the sum of all processes' values to all."""
    if not is_team():
        return value
    values = torch.tensor([value], dtype=torch.float64)
    if distributed.get_backend() == "nccl":
        values = values.cuda()
    distributed.all_reduce(values)
    return float(values[0])


def wait() -> None:
    """Wait until every process has come this far."""
    if is_team():
        distributed.barrier()
