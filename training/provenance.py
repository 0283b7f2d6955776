"""`DATA.json` in a data folder: whose the images are, and under which licence, as `prepare` wrote it."""

import logging
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, ValidationError

from contract.base import Name, Payload, Text
from training.data import SPLITS

logger = logging.getLogger(__name__)

PROVENANCE = "DATA.json"
MAX_BYTES = 1_000_000


class Provenance(Payload):
    """What of `DATA.json` is read again; the rest of it is for people."""

    model_config = ConfigDict(extra="ignore")

    source: Text
    licence: Name
    citation: Text
    note: Text = ""
    rendered: bool = False
    malignant: Annotated[tuple[Name, ...], Field(max_length=64)] = ()
    """Which of the class folders are malignant."""


def read_provenance(folder: Path) -> Provenance | None:
    """Return what `DATA.json` in a data folder says; None if there is none that can be believed to be one."""
    file = folder / PROVENANCE
    try:
        with file.open("rb") as data:
            return Provenance.model_validate_json(data.read(MAX_BYTES))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        logger.warning("%s is not as `prepare` writes it; it is left aside.", file)
        return None


def find_data_folder(image: Path) -> Path | None:
    """Return the folder whose `train_dataset` or `test_dataset` an image lies in."""
    return next((place.parent for place in image.parents if place.name in SPLITS), None)
