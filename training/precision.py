"""In which arithmetic a device fits: mixed precision where it has instructions for it."""

from typing import Literal

import torch

Precision = Literal["auto", "float32"]


def choose_precision(device: torch.device, wanted: Precision) -> torch.dtype:
    """Return what convolutions and products are computed in; weights and their sums stay float32.

    float32 is twice as slow, and the same on every kind of machine up to rounding.
    """
    if wanted == "float32":
        return torch.float32
    if device.type == "cuda":
        return torch.float16
    return torch.bfloat16 if multiplies_bfloat16() else torch.float32


def multiplies_bfloat16() -> bool:
    """Tell whether this CPU has instructions for bfloat16; without them it is slower than float32.

    Source: pytorch issues 86270 and 118499.
    """
    has_kernels: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    able = torch.cpu.get_capabilities()
    return has_kernels and bool(able.get("avx512_bf16") or able.get("amx_bf16"))
