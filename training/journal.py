"""What a run says of its epochs: lines for a person, a file for curves, and TensorBoard."""

import json
import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from torch.utils.tensorboard import SummaryWriter

from training.checkpoint import beside

logger = logging.getLogger(__name__)


class Line(NamedTuple):
    """One epoch. Epoch 0 is the network as the stage begins, before its first step."""

    stage: str
    epoch: int
    epochs: int
    loss: float | None = None
    learning_rate: float | None = None
    seconds: float | None = None
    auc: Mapping[str, float] = {}
    """Validation AUC of each data set."""
    mean: float = 0.0
    """Their mean, by which the epoch is chosen."""

    def say(self) -> str:
        """Return the line as a person reads it."""
        figures = ", ".join(f"{name} {value:.3f}" for name, value in self.auc.items())
        if self.loss is None:
            return f"{self.stage}, as it begins; validation AUC {self.mean:.4f} ({figures})"
        left = (self.epochs - self.epoch) * (self.seconds or 0) / 60
        rest = f", {left:.0f} min left" if left >= 1 else ""
        return (
            f"{self.stage}, epoch {self.epoch}/{self.epochs}, loss {self.loss:.3f}; validation AUC "
            f"{self.mean:.4f} ({figures}); {self.seconds:.0f} s{rest}"
        )


class Journal:
    """The lines of a run so far.

    Args:
        out: The run's weights file; `.history.json` and `.tensorboard/` stand beside it.
        history: The lines of an interrupted run that goes on.
    """

    def __init__(self, out: Path, history: list[dict[str, Any]]) -> None:
        self.history = history
        self._out = out
        self._board: SummaryWriter | None = None
        self._steps = 0

    def write(self, line: Line) -> None:
        """Say the line, and write it down in every place."""
        logger.info("%s", line.say())
        self.history = [*self.history, line._asdict() | {"auc": dict(line.auc), "time": time.time()}]
        self._out.parent.mkdir(parents=True, exist_ok=True)
        partial = beside(self._out, ".history.json.partial")
        partial.write_text(json.dumps(self.history, indent=1) + "\n", "utf-8")
        os.replace(partial, beside(self._out, ".history.json"))
        self._draw(line)

    def _draw(self, line: Line) -> None:
        """Add the epoch to TensorBoard's curves; the file is made with the first line."""
        if self._board is None:
            self._board = SummaryWriter(str(beside(self._out, ".tensorboard")))
        step = len(self.history)
        for name, value in line.auc.items():
            self._board.add_scalar(f"validation AUC/{name}", value, step)
        for name, number in (("loss", line.loss), ("learning rate", line.learning_rate)):
            if number is not None:
                self._board.add_scalar(name, number, step)
        self._board.flush()
