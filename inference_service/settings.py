"""What can be set, all by environment."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from web.settings import ServiceSettings
from web.signing import SigningSettings

MOST_THREADS = 8
"""By default: a decoder for each of them takes 40 MB."""


def count_cores() -> int:
    """Return how many cores this process may use."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(there, MOST_THREADS)


class Settings(ServiceSettings):
    """Settings of the inference service: `INFERENCE_HOST` and so on."""

    model_config = SettingsConfigDict(env_prefix="INFERENCE_")

    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """Port to listen on."""
    model: Path = Path("models/starter.pt")
    """The model file; another that takes its place is taken over without a stop."""
    model_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$"), BeforeValidator(str.lower)] | None = None
    """Digest that the model file must have, whatever FILE.sha256 beside it says."""
    watch_seconds: Annotated[float, Field(ge=0.05, le=3600)] = 2.0
    """From one look at the model file to the next; a new one is taken up at the second look."""
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d{1,2})?)$")] = "auto"
    """Where the model runs: `auto` (a GPU if there is one), `cpu`, `cuda`, `cuda:1`."""
    max_bytes: Annotated[int, Field(ge=1_000, le=1_000_000_000)] = 20_000_000
    """Largest request body in bytes: the image and a few hundred bytes of form around it."""
    max_pixels: Annotated[int, Field(ge=1, le=150_000_000)] = 50_000_000
    """Most pixels (width times height) of an image."""
    queue_seconds: Annotated[float, Field(gt=0, le=600)] = 0.75
    """How long a request may have to wait, at the pace of those before it; more are answered 503."""
    max_queue: Annotated[int, Field(ge=0, le=10_000)] = 256
    """Requests that may wait while others are worked on, however fast these are."""
    max_queue_bytes: Annotated[int, Field(ge=1_000, le=100_000_000_000)] = 200_000_000
    """Of the bodies of all requests together that wait or are worked on; a single one may be larger."""
    max_batch: Annotated[int, Field(ge=1, le=256)] | None = None
    """Images that are computed together at most; by default 2 on a CPU and 32 on a GPU."""
    threads: Annotated[int, Field(ge=1, le=64)] = Field(default_factory=count_cores)
    """Images that are worked on at the same time; by default one for each core, and 8 at most."""
    decode_seconds: Annotated[float, Field(gt=0, le=600)] = 20.0
    """How long decoding one image may take."""
    upload_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """How long an upload may take."""
    max_images: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Images in one upload to `/predict/batch`."""
    max_images_bytes: Annotated[int, Field(ge=1_000, le=100_000_000_000)] = 500_000_000
    """Largest body of `/predict/batch` in bytes; each of its files may have `max_bytes`."""
    audit_log: Path | None = None
    """File that every prediction is recorded in before it is answered; None records nothing."""
    audit_key: Annotated[SecretStr, Field(min_length=32)] | None = None
    """Seals the records, so that nobody without it can forge the log; at least 32 characters."""
    audit_max_bytes: Annotated[int, Field(ge=10_000, le=10_000_000_000)] = 100_000_000
    """Size at which the log is put aside and goes on in a new file."""
    signing: Annotated[SigningSettings, Field(default_factory=SigningSettings)]
    """The key that predictions are signed with, under a name that both services read."""
