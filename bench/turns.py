"""Taking turns, so that whatever else the machine does slows all contestants alike."""

from collections.abc import Callable, Mapping
from typing import NamedTuple


class Times(NamedTuple):
    """Seconds of one contestant's epochs."""

    first: float
    """The first one, in which images are read for the first time and memory is taken."""
    later: list[float]
    """Those after it."""


def take_turns(contestants: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, Times]:
    """Run each contestant once, then `rounds` times more; who goes first changes from round to round.

    Args:
        contestants: Each fits an epoch and returns its seconds.
        rounds: Epochs after the first.
    """
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    for round_ in range(1 + rounds):
        turn = round_ % len(names)
        for name in names[turn:] + names[:turn]:
            taken[name].append(contestants[name]())
    return {name: Times(times[0], times[1:]) for name, times in taken.items()}
