"""Two bare engines: the model file that ships, and ONNX Runtime with the whole network in float32.

Both compute probabilities from the same prepared inputs; nothing is decoded or resized here. The weights of
the whole network take 420 MB and do not ship. How fast they multiply does not depend on their values: the
network for ONNX Runtime has random ones.
"""

import logging
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import artifact
from training.networks import PlantNetV2

Inputs = NDArray[np.float32]
Engine = Callable[[Inputs], object]
"""Computes prepared inputs (N, 3, 224, 224)."""
EDGE = 224


class Whole(nn.Module):
    """PlantNetV2 as specified, with softmax."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        network = PlantNetV2(classes).eval()
        self.features, self.head = network.features, network.head

    def forward(self, batch: Tensor) -> Tensor:
        """Return probabilities (N, classes) of prepared inputs (N, 3, 224, 224)."""
        return torch.softmax(self.head(self.features(batch)), 1)


def write_onnx(path: Path, classes: int = 2) -> None:
    """Write the whole network for ONNX Runtime, for batches of any size."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporter speaks of its own future
        torch.onnx.export(
            Whole(classes).eval(),
            (torch.zeros(2, 3, EDGE, EDGE),),
            str(path),
            input_names=["images"],
            output_names=["probabilities"],
            dynamic_shapes={"batch": {0: torch.export.Dim("images_at_once")}},
            dynamo=True,
            verbose=False,
        )


def open_onnx(path: Path, threads: int) -> Engine:
    """Open a network with ONNX Runtime, optimised as it does by default, on so many threads."""
    import onnxruntime  # noqa: PLC0415 - a peer, there for the bench only

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(None, {"images": inputs})[0]


def open_ours(path: Path, threads: int) -> Engine:
    """Open a model file as the service does, on so many threads."""
    logging.getLogger("artifact").setLevel(logging.ERROR)
    model = artifact.load(path, "cpu")
    artifact.use_cores(threads)

    def compute(inputs: Inputs) -> object:
        with torch.inference_mode():
            batch = torch.from_numpy(inputs).contiguous(memory_format=torch.channels_last)
            return model.judge(batch, model.features(batch))

    return compute
