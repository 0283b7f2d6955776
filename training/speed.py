"""How long ways to compute the same take, side by side."""

import time
from collections.abc import Callable, Mapping

BATCHES = (1, 8)
ROUNDS = 7
IDLE = 2
"""Rounds before those that count: the first ones allocate and compile."""


def measure_speed(ways: Mapping[str, Callable[[int], object]]) -> dict[str, dict[str, float]]:
    """Return the fewest milliseconds per image of each way, by batch size.

    The ways take turns, so that whatever else this machine does slows all of them; the fewest count, because
    others only ever add.

    Args:
        ways: Each computes a batch of as many images as it is told.
    """
    taken = {name: {str(batch): [0.0] * 0 for batch in BATCHES} for name in ways}
    for round_ in range(IDLE + ROUNDS):
        for batch in BATCHES:
            for name, compute in ways.items():
                start = time.perf_counter()
                compute(batch)
                if round_ >= IDLE:
                    taken[name][str(batch)].append((time.perf_counter() - start) * 1000 / batch)
    return {name: {batch: min(times) for batch, times in batches.items()} for name, batches in taken.items()}
