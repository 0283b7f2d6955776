"""Words of danger in a message, as several languages see them."""

from typing import NamedTuple


class Danger(NamedTuple):
    """Words of danger: in which sentence, from which word to which."""

    topic: str
    sentence: int
    start: int
    end: int
    negated: bool

    def overlaps(self, other: "Danger") -> bool:
        """Tell whether two stand on the same words."""
        return self.sentence == other.sentence and self.start < other.end and other.start < self.end


def undenied(seen: list[list[Danger]]) -> list[str]:
    """Return the dangers that no other language knows as negated: "fever" may be a word of two of them."""
    stated = [[danger for danger in dangers if not danger.negated] for dangers in seen]
    denied = [
        danger
        for dangers, own in zip(seen, stated, strict=True)
        for danger in dangers
        if danger.negated and not _among(danger, own)
    ]
    return [danger.topic for own in stated for danger in own if not _among(danger, denied)]


def _among(danger: Danger, others: list[Danger]) -> bool:
    return any(danger.topic == other.topic and danger.overlaps(other) for other in others)
