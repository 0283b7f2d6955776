"""What a measurement was taken on, without which its figures mean nothing."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import torch
import torchvision


def describe(device: torch.device) -> str:
    """Return processor, cores, load, versions and date in one line."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    parts = [
        _processor(device),
        f"{os.cpu_count()} cores, torch computes on {torch.get_num_threads()}",
        f"load {load} in the last 1, 5, 15 min",
        f"Python {platform.python_version()}",
        f"torch {torch.__version__}, torchvision {torchvision.__version__}",
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    ]
    return "; ".join(parts)


def _processor(device: torch.device) -> str:
    """Return the name of what computes, and with which instructions."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    listing = Path("/proc/cpuinfo")  # elsewhere than on Linux the platform tells it
    lines = listing.read_text("utf-8").splitlines() if listing.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name} ({torch.backends.cpu.get_cpu_capability()})"
