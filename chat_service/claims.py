"""What must not be said, whatever the language: ideas that must not meet."""

from typing import NamedTuple, cast, get_args

from chat_service.ideas import Idea

NEAR = 8
"""How far apart, in words, ideas may stand and still meet, unless a rule says otherwise."""


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
    diagnosis: diagnosed benign near 3 unless open condition cannot general not
    diagnosis: disease answer near 4
    diagnosis: verdict unless open condition cannot maybe like
    reassurance: calm unless open not cannot
    reassurance: omen
    reassurance: you fine be near 6 unless open condition cannot
    reassurance: everything fine be near 5 unless open condition cannot
    promise: promise unless open not cannot
    forecast: you recover near 7 unless open condition cannot
    forecast: yours chance near 4 unless open condition cannot
    alarm: alarm
    stage: stage degree near 4 unless open condition cannot
    stage: thing be degree near 5 unless open condition cannot maybe like general
    stage: disease spread near 5 unless open condition cannot general maybe
    stage: thing spread near 6 unless open condition cannot general maybe
    stage: stage rank near 3 unless cannot
    grade: grade degree near 3 unless open condition cannot
    grade: grade rank near 3 unless cannot
    receptor: receptor polarity near 3 unless open condition cannot general maybe
    cause: cause disease near 6 unless open cannot not maybe
    subtype: subtype
    medicine: medicine
    medicine: dose
    care: stop treatment near 7 unless not open before
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
GROUNDED = frozenset(
    {"medicine", "statistic", "duration", "citation", "receptor", "grade", "stage", "subtype"}
)
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
