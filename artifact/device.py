"""Where a model file computes: the device, and on CPUs the engine for arithmetic in 8-bit integers."""

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor

from artifact.errors import DeviceMissing

ENGINES = ("onednn", "x86", "fbgemm", "qnnpack")
"""Those that torch may have, the fastest first; ARM has the last one."""


def choose_device(name: str) -> torch.device:
    """Return the device of that name; `auto` takes a GPU when there is one.

    Raises:
        DeviceMissing: if torch knows no such device, or there is none here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise DeviceMissing(f"There is no device '{name}'. Use auto, cpu or cuda.") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise DeviceMissing("There is no GPU that torch can use here. Use auto or cpu.")
    return device


def is_gpu(name: str) -> bool:
    """Tell whether `choose_device` would return a GPU, or fail for want of one."""
    return name.startswith("cuda") or (name == "auto" and torch.cuda.is_available())


def find_engine(wanted: str | None = None, there: Sequence[str] | None = None) -> str | None:
    """Return the wanted engine for integers if it is there, else another, else None.

    Args:
        wanted: The engine that a model file was written with.
        there: Those that may be used; by default all that this torch has.
    """
    usable = torch.backends.quantized.supported_engines if there is None else there
    return next((name for name in (wanted, *ENGINES) if name in usable), None)


def use_engine(name: str) -> None:
    """Have torch pack and multiply integers with this engine, in this whole process from now on."""
    torch.backends.quantized.engine = name
    # torch says once, and from a compiled module straight to the console, that these types are going away.
    warnings.filterwarnings("ignore", message=r"torch\.quantize_per_tensor", category=UserWarning)
    torch.quantize_per_tensor(torch.zeros(1), 1.0, 0, torch.quint8)


def use_cores(count: int) -> None:
    """Have the thread that calls this compute on so many cores from now on; other threads keep theirs."""
    if torch.get_num_threads() != count:  # setting it throws away what oneDNN has prepared
        torch.set_num_threads(count)


def move(batch: Tensor, device: torch.device) -> Tensor:
    """Return a batch on a device; to a GPU it goes from pinned memory, while the CPU goes on."""
    if device.type == "cuda":
        batch = batch.pin_memory()
    return batch.to(device, non_blocking=device.type == "cuda")
