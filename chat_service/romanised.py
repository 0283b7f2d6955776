"""Hindi typed in Latin letters, brought to the words of Devanagari that sound alike.

Nobody spells romanised Hindi twice in the same way. Both scripts are reduced to one skeleton: consonants
without breath, vowels without length, and no `a`, which Devanagari does not write.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz.distance import OSA

SHORTEST = 3
"""Skeletons below this length fit too many words."""
CONSONANTS = dict(
    zip("कखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसहं", "kkggnccjjnttddnttddnpfbbmyrlvsssh" + "n", strict=True)
)
VOWELS = {
    **dict.fromkeys("अआा\u094d", ""),
    **dict.fromkeys("इईिी", "i"),
    **dict.fromkeys("उऊुू", "u"),
    **dict.fromkeys("एऐेैऍॅ", "e"),
    **dict.fromkeys("ओऔोौऑॉ", "o"),
    "ऋ": "ri",
    "ृ": "ri",
}
LETTERS = str.maketrans({**CONSONANTS, **VOWELS})
LONG = str.maketrans({**CONSONANTS, **VOWELS, "आ": "a", "ा": "a", "अ": "a"})
SOUNDS = (
    (re.compile(r"sh"), "s"),
    (re.compile(r"chh?"), "C"),
    (re.compile(r"ph"), "f"),
    (re.compile(r"([kgjtdb])h"), r"\1"),
    (re.compile(r"c(?=[eiy])"), "s"),
    (re.compile(r"ck|[cq]"), "k"),
    (re.compile(r"x"), "ks"),
    (re.compile(r"w"), "v"),
    (re.compile(r"z"), "j"),
    (re.compile(r"ee|ea|ii"), "i"),
    (re.compile(r"oo|uu"), "u"),
    (re.compile(r"ai|ay(?![aeiou])"), "e"),
    (re.compile(r"au|ou"), "o"),
)
SHARED = (
    (re.compile(r"m(?=[pb])"), "n"),
    (re.compile(r"(?<=i)y"), ""),
    (re.compile(r"(.)\1+"), r"\1"),
)
LATIN = re.compile(r"[a-z]+")
DEVANAGARI = re.compile(r"[\u0900-\u097f]+")


def sound(word: str) -> str:
    """Return the skeleton of a folded word of either script: `गोलियां` and `goliyan` are both `golin`."""
    if LATIN.fullmatch(word):
        for pattern, plain in SOUNDS:
            word = pattern.sub(plain, word)
        word = word.replace("a", "").lower()
    else:
        word = word.translate(LETTERS)
    for pattern, plain in SHARED:
        word = pattern.sub(plain, word)
    return word


@dataclass(frozen=True)
class Romanised:
    """The words of one language in Devanagari by their sound; empty for languages of other scripts."""

    words: dict[str, tuple[str, ...]]

    @classmethod
    def of(cls, words: Iterable[str]) -> "Romanised":
        """Collect words; of those that sound alike the earlier ones are preferred."""
        found: dict[str, list[str]] = {}
        for word in filter(DEVANAGARI.fullmatch, words):
            heard = sound(word)
            # A dotted letter is heard as `d` by some and as `r` by others.
            for key in {heard, heard.replace("d", "r")}:
                if len(key) >= SHORTEST and word not in found.setdefault(key, []):
                    found[key].append(word)
        return cls({key: tuple(written) for key, written in found.items()})

    def read(self, token: str) -> str:
        """Return the word in Devanagari that a token sounds like, or the token itself."""
        if not self.words or len(token) < SHORTEST or not LATIN.fullmatch(token):
            return token
        alike = self.words.get(sound(token), ())
        return min(alike, key=lambda word: OSA.distance(word.translate(LONG), token), default=token)
