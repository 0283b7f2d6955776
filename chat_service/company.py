"""Recognised words that stand in doubtful company: beside something unknown they may be part of a name."""

from collections.abc import Iterator

from chat_service.tokens import ENDS, Token
from chat_service.wordlist import WordList

PARTICLES = frozenset(
    [
        *(
            "de",
            "la",
            "le",
            "les",
            "du",
            "des",
            "d'",
            "el",
            "al",
            "del",
            "los",
            "las",
            "y",
            "e",
            "da",
            "di",
            "dos",
        ),
        *("von", "van", "der", "den", "dem", "zu", "zur", "zum", "ter", "bin", "ben"),
    ]
)
"""Words that also stand within names."""


def drop_in_doubt(tokens: list[Token], words: WordList) -> None:
    """Drop capitals beside unknown ones, single letters in a row, doubtful words, and lonely ones."""
    _drop_spelling(tokens)
    while any([_drop_capital_runs(tokens, words), _drop_ambiguous(tokens, words), _drop_particles(tokens)]):
        pass
    _drop_islands(tokens, words)


def _runs(tokens: list[Token]) -> Iterator[list[Token]]:
    """Yield the words between two marks."""
    run: list[Token] = []
    for token in [*tokens, Token("", mark=True)]:
        if not token.mark:
            run.append(token)
        elif run:
            yield run
            run = []


def _drop_capital_runs(tokens: list[Token], words: WordList) -> bool:
    """Let no capitalised word through beside one that is unknown: `Good Hope`, `New Mary`."""
    changed = False
    for run in _runs(tokens):
        for ordered in (run, run[::-1]):
            doubtful = False
            for token in ordered:
                if token.dropped:
                    doubtful |= token.capital
                    continue
                doubtful &= token.capital and (token.core not in words.function or token.ambiguous)
                if doubtful:
                    token.drop()
                    changed = True
    return changed


def _drop_spelling(tokens: list[Token]) -> None:
    """Drop single letters beside another single letter: names are spelled like this."""
    spoken = [token for token in tokens if not token.mark]
    single = [len(token.core) == 1 for token in spoken]
    for place, token in enumerate(spoken):
        if single[place] and any(single[max(0, place - 1) : place] + single[place + 1 : place + 2]):
            token.drop()


def _drop_ambiguous(tokens: list[Token], words: WordList) -> bool:
    """Drop words that are also names beside something unknown, or with nothing recognised beside them."""
    spoken = [
        Token("", mark=True),
        *(t for t in tokens if not t.mark or t.core in ENDS),
        Token("", mark=True),
    ]
    changed = False
    for place in range(1, len(spoken) - 1):
        token = spoken[place]
        if token.kept and token.ambiguous and not _is_safe(spoken, place, words):
            token.drop()
            changed = True
    return changed


def _is_safe(spoken: list[Token], place: int, words: WordList) -> bool:
    before, token, after = spoken[place - 1 : place + 2]
    if before.dropped or after.dropped or (before.mark and after.mark):
        return False
    helping, medical = token.core in words.function, token.core in words.medical
    if helping and after.mark:
        return False
    if before.mark and not medical:
        return helping and after.core in words.function and not after.ambiguous
    if _follows_degree(spoken, place, words):
        return True
    doubtful = before.ambiguous and not _follows_degree(spoken, place - 1, words)
    return not (doubtful or after.ambiguous)


def _follows_degree(spoken: list[Token], place: int, words: WordList) -> bool:
    return place > 0 and spoken[place - 1].kept and spoken[place - 1].core in words.degree


def _drop_particles(tokens: list[Token]) -> bool:
    """Drop the `de la` before a word that was dropped."""
    changed = False
    for run in _runs(tokens):
        for token, following in zip(run[-2::-1], run[:0:-1], strict=True):
            if token.kept and token.core in PARTICLES and following.dropped:
                token.drop()
                changed = True
    return changed


def _drop_islands(tokens: list[Token], words: WordList) -> None:
    """Drop a single word between two that were dropped, unless nobody is called so."""
    spoken = [token for token in tokens if not token.mark]
    gone = [token.dropped for token in spoken]
    for before, token, after in zip(gone, spoken[1:], gone[2:], strict=False):
        if before and after and token.core not in words.medical:
            token.drop()
