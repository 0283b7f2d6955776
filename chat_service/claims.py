"""What must not be said, whatever the language: ideas that must not meet."""

import re
from bisect import bisect_left, bisect_right
from operator import attrgetter
from typing import NamedTuple, cast, get_args

from chat_service.ideas import Hit, Idea

NEAR = 8
"""How far apart, in words, ideas may stand and still meet, unless a rule says otherwise."""


BEHIND, LATE = 5, frozenset({"not", "like", "cannot"})
"""How many words behind a claim these may stand, as in German and Hindi."""


FIRST = attrgetter("first")


class Rule(NamedTuple):
    """Ideas that must not meet; one of `unless` in the same clause makes them harmless."""

    code: str
    ideas: tuple[Idea, ...]
    near: int
    unless: frozenset[Idea]


def _rules(text: str) -> tuple[Rule, ...]:
    """Read rules, one a line: `code: idea idea [near N] [unless idea idea]`."""
    return tuple(_rule(line) for line in text.strip().splitlines() if line.strip())


def _rule(line: str) -> Rule:
    code, said = line.strip().split(": ")
    said, _, unless = said.partition(" unless ")
    said, _, near = said.partition(" near ")
    ideas, harmless = said.split(), unless.split()
    if unknown := {*ideas, *harmless} - set(get_args(Idea)):
        raise ValueError(f"{code}: nobody knows {sorted(unknown)}")
    needed = cast(tuple[Idea, ...], tuple(ideas))
    return Rule(code, needed, int(near or NEAR), cast(frozenset[Idea], frozenset(harmless)))


RULES = _rules("""
    diagnosis: you have disease near 10 unless open condition
    diagnosis: you have benign near 7 unless open condition like
    diagnosis: yours disease near 2 unless open condition
    diagnosis: thing be disease near 8 unless open condition maybe like general
    diagnosis: thing be benign near 7 unless open condition maybe like general
    diagnosis: thing shown disease near 8 unless open condition maybe like general cannot
    diagnosis: thing shown benign near 6 unless open condition maybe like general cannot
    diagnosis: established disease near 5 unless open condition maybe like general cannot
    diagnosis: established benign near 3 unless open condition maybe like general cannot
    diagnosis: cleared disease near 4 unless open condition cannot general
    diagnosis: excluded disease near 6 unless open condition cannot not general
    diagnosis: certain disease near 6 unless open condition cannot not general
    diagnosis: certain benign near 6 unless open condition cannot not general
    diagnosis: likely disease near 6 unless open condition cannot
    diagnosis: likely benign near 6 unless open condition cannot
    diagnosis: diagnosed disease near 6 unless open condition cannot general
    diagnosis: disease answer near 4
    diagnosis: verdict unless open condition cannot maybe like general
    reassurance: calm unless open not cannot
    reassurance: you fine be near 6 unless open condition cannot
    reassurance: everything fine be near 5 unless open condition cannot
    promise: promise unless open not cannot
    forecast: you recover near 7 unless open condition cannot
    forecast: yours chance near 4 unless open condition cannot
    alarm: alarm
    stage: stage degree near 4 unless open condition cannot
    stage: thing be degree near 5 unless open condition cannot maybe like general
    stage: disease spread near 5 unless open condition cannot general maybe
    stage: thing spread near 4 unless open condition cannot general maybe
    stage: stage rank near 3 unless cannot
    grade: grade degree near 3 unless open condition cannot
    grade: grade rank near 3 unless cannot
    receptor: receptor polarity near 3 unless open condition cannot general maybe
    medicine: medicine
    medicine: dose
    care: stop treatment near 7 unless not open
    care: urge stop treatment near 12
    care: needless treatment near 6 unless open together general
    care: wait unless not open
    care: instead treatment near 5 unless not
    statistic: fraction
    duration: span
    citation: citation
    leak: leak
    leak: doctor-claim
    markup: contact
""")
GROUNDED = frozenset({"medicine", "statistic", "duration", "citation", "receptor", "grade", "stage"})
"""What may be repeated in the words of the facts that were handed over."""
CONTRADICTIONS = {
    "benign": _rules("contradiction: reads disease near 6 unless open condition not cannot maybe general"),
    "malignant": _rules("contradiction: reads benign near 6 unless open condition not cannot maybe general"),
}
CONTRADICTIONS["indeterminate"] = CONTRADICTIONS["unusable"] = (
    *CONTRADICTIONS["benign"],
    *CONTRADICTIONS["malignant"],
)
"""What must not be said of the picture, by the kind of its reading."""


class Meeting(NamedTuple):
    """Where the ideas of a rule meet."""

    rule: Rule
    hits: tuple[Hit, ...]

    @property
    def span(self) -> tuple[int, int]:
        """The numbers of the first and the last word."""
        return min(hit.first for hit in self.hits), max(hit.last for hit in self.hits)


def meetings(
    rules: tuple[Rule, ...], hits: list[Hit], places: list[int], clauses: list[int]
) -> list[Meeting]:
    """Return where ideas meet that must not.

    Args:
        rules: The rules.
        hits: The ideas of a text.
        places: How far along each word stands; more than one further after a comma or a full stop.
        clauses: The number of the clause that each word belongs to.
    """
    standing: dict[Idea, list[Hit]] = {}
    for hit in sorted(hits, key=attrgetter("first", "last")):
        standing.setdefault(hit.idea, []).append(hit)
    present = [rule for rule in rules if all(idea in standing for idea in rule.ideas)]
    found = []
    for rule in present:
        for anchor in standing[rule.ideas[-1]]:
            meeting = _meet(rule, anchor, standing, places)
            if meeting and not _harmless(rule, meeting, standing, clauses):
                found.append(Meeting(rule, meeting))
    return found


def _meet(
    rule: Rule, anchor: Hit, standing: dict[Idea, list[Hit]], places: list[int]
) -> tuple[Hit, ...] | None:
    """Return the nearest hits of the other ideas, or None where they stand too far apart."""
    near = [_nearest(standing[idea], anchor, places) for idea in rule.ideas[:-1]]
    meeting = (*filter(None, near), anchor)
    if len(meeting) < len(rule.ideas):
        return None
    first, last = min(hit.first for hit in meeting), max(hit.last for hit in meeting)
    return meeting if places[last] - places[first] <= rule.near or len(meeting) == 1 else None


def _nearest(hits: list[Hit], anchor: Hit, places: list[int]) -> Hit | None:
    """Return the hit next to another that shares no word with it; only neighbours are compared, for speed."""
    at = bisect_left(hits, anchor.first, key=FIRST)
    apart = [hit for hit in hits[max(0, at - 4) : at + 4] if not _share(hit, anchor)]
    return min(apart, key=lambda hit: _gap(hit, anchor, places), default=None)


def _share(hit: Hit, other: Hit) -> bool:
    """Tell whether two hits share a word, other than in the gap of a phrase."""
    return hit.solid and other.solid and hit.first <= other.last and other.first <= hit.last


def _gap(hit: Hit, anchor: Hit, places: list[int]) -> int:
    if hit.last < anchor.first:
        return places[anchor.first] - places[hit.last]
    return max(0, places[hit.first] - places[anchor.last])


def _harmless(
    rule: Rule, meeting: tuple[Hit, ...], standing: dict[Idea, list[Hit]], clauses: list[int]
) -> bool:
    """Tell whether a softening idea stands in the clauses of a meeting; few may follow it."""
    first, last = min(hit.first for hit in meeting), max(hit.last for hit in meeting)
    begin, end = bisect_left(clauses, clauses[first]), bisect_right(clauses, clauses[last])
    for idea in rule.unless & standing.keys():
        hits = standing[idea]
        stop = min(end, last + 1 + (BEHIND if idea in LATE else 0))
        for hit in hits[bisect_left(hits, begin, key=FIRST) :]:
            if hit.first >= stop:
                break
            if not any(_within(hit, other) for other in meeting):
                return True
    return False


def _within(hit: Hit, other: Hit) -> bool:
    return other.solid and other.first <= hit.first and hit.last <= other.last


TNM = re.compile(r"[cpyr]{0,3}(?:t(?:[0-4][a-d]?(?:mi)?|is|x))?(?:n[0-3x][a-c]?(?:mi)?)?(?:m[01x])?")


def is_tnm(word: str) -> bool:
    """Tell whether a word is of the TNM kind, such as t2, pt1cn0 or m0."""
    return any(sign.isdigit() or sign == "x" for sign in word) and _codes(word)


def _codes(word: str) -> bool:
    return len(word) > 1 and TNM.fullmatch(word) is not None
