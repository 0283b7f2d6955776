"""Where ideas meet in a passage, and whether something in the same clause makes that harmless."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

from chat_service.claims import Rule
from chat_service.ideas import Hit, Idea

LATE = frozenset({"not", "like", "cannot"})
"""Ideas that stand behind a claim in languages that put the verb last."""
FIRST = attrgetter("first")
NEIGHBOURS = 3
"""How many hits on each side are compared; a bound, so that long texts take no longer."""


class Meeting(NamedTuple):
    """A rule, and where its ideas meet."""

    rule: Rule
    hits: tuple[Hit, ...]

    @property
    def span(self) -> tuple[int, int]:
        """The numbers of the first and the last word."""
        return min(hit.first for hit in self.hits), max(hit.last for hit in self.hits)


class Ground:
    """The ideas of a passage, ready to be compared.

    Args:
        hits: The ideas.
        places: How far along each word stands; commas and full stops count as words.
        clauses: The number of the clause that each word belongs to.
        behind: How many words behind a claim a negation may still stand.
    """

    def __init__(
        self, hits: Sequence[Hit], places: Sequence[int], clauses: Sequence[int], behind: int
    ) -> None:
        self._places, self._clauses, self._behind = places, clauses, behind
        self._standing: dict[Idea, list[Hit]] = {}
        for hit in sorted(hits, key=attrgetter("first", "last")):
            self._standing.setdefault(hit.idea, []).append(hit)

    def meetings(self, rules: Sequence[Rule]) -> list[Meeting]:
        """Return where ideas meet that must not."""
        present = [rule for rule in rules if self._standing.keys() >= set(rule.ideas)]
        found = [
            Meeting(rule, hits)
            for rule in present
            for anchor in self._standing[rule.ideas[-1]]
            if (hits := self._meet(rule, anchor))
        ]
        return [meeting for meeting in found if not self._harmless(meeting)]

    def _meet(self, rule: Rule, anchor: Hit) -> tuple[Hit, ...]:
        """Return the nearest hits of the other ideas, or nothing where they stand too far apart."""
        near = [self._nearest(self._standing[idea], anchor) for idea in rule.ideas[:-1]]
        hits = (*filter(None, near), anchor)
        if len(hits) < len(rule.ideas):
            return ()
        first, last = min(hit.first for hit in hits), max(hit.last for hit in hits)
        return hits if len(hits) == 1 or self._places[last] - self._places[first] <= rule.near else ()

    def _nearest(self, hits: list[Hit], anchor: Hit) -> Hit | None:
        """Return the hit next to another that shares no word with it."""
        at = bisect_left(hits, anchor.first, key=FIRST)
        around = hits[max(0, at - NEIGHBOURS) : at + NEIGHBOURS]
        apart = [hit for hit in around if not _share(hit, anchor)]
        return min(apart, key=lambda hit: self._gap(hit, anchor), default=None)

    def _gap(self, hit: Hit, anchor: Hit) -> int:
        if hit.last < anchor.first:
            return self._places[anchor.first] - self._places[hit.last]
        return max(0, self._places[hit.first] - self._places[anchor.last])

    def _harmless(self, meeting: Meeting) -> bool:
        """Tell whether a softening idea stands in the clauses of a meeting; few may follow it."""
        first, last = meeting.span
        begin = bisect_left(self._clauses, self._clauses[first])
        end = bisect_right(self._clauses, self._clauses[last])
        for idea in meeting.rule.unless & self._standing.keys():
            hits = self._standing[idea]
            stop = min(end, last + 1 + (self._behind if idea in LATE else 0))
            for hit in hits[bisect_left(hits, begin, key=FIRST) :]:
                if hit.first >= stop:
                    break
                if not any(_within(hit, other) for other in meeting.hits):
                    return True
        return False


def _share(hit: Hit, other: Hit) -> bool:
    """Tell whether two hits share a word, other than in the gap of a phrase."""
    return hit.solid and other.solid and hit.first <= other.last and other.first <= hit.last


def _within(hit: Hit, other: Hit) -> bool:
    return other.solid and other.first <= hit.first and hit.last <= other.last
