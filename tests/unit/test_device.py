"""Where a model computes: what can be told without a GPU."""

import threading

import numpy as np
import pytest
import torch

from artifact import is_gpu, use_cores
from artifact.device import move


@pytest.mark.parametrize(("name", "expected"), [("cpu", False), ("cuda", True), ("cuda:1", True)])
def test_a_gpu_is_told_from_a_cpu_by_its_name(name, expected):
    assert is_gpu(name) is expected


def test_auto_is_a_gpu_where_there_is_one():
    assert is_gpu("auto") is torch.cuda.is_available()


def test_a_thread_computes_on_as_many_cores_as_it_says_and_others_on_theirs():
    before = torch.get_num_threads()
    told = []

    def compute(cores):
        use_cores(cores)
        use_cores(cores)
        torch.ones(1000, 1000) @ torch.ones(1000)
        told.append((cores, torch.get_num_threads()))

    for cores in (1, 2):
        thread = threading.Thread(target=compute, args=[cores])
        thread.start()
        thread.join()
    use_cores(before)
    assert told == [(1, 1), (2, 2)]
    assert torch.get_num_threads() == before


def test_a_batch_arrives_on_the_device_as_it_was():
    batch = torch.arange(12.0).reshape(1, 3, 2, 2)
    assert np.array_equal(move(batch, torch.device("cpu")).numpy(), batch.numpy())
    assert move(batch, torch.device("meta")).shape == batch.shape


class Recording:
    """A batch that notes what is done to bring it to a device."""

    def __init__(self):
        self.done = []

    def pin_memory(self):
        self.done.append("pinned")
        return self

    def to(self, device, *, non_blocking):
        self.done.append((device.type, non_blocking))
        return self


def test_to_a_gpu_a_batch_goes_from_pinned_memory_without_waiting():
    to_gpu, to_cpu = Recording(), Recording()
    move(to_gpu, torch.device("cuda"))
    move(to_cpu, torch.device("cpu"))
    assert to_gpu.done == ["pinned", ("cuda", True)]
    assert to_cpu.done == [("cpu", False)]
