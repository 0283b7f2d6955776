"""Characters of a text: which have no place in a language, and one spelling for those that have several."""

import re
import unicodedata
from collections.abc import Mapping, Set

PUNCTUATION = frozenset(
    "\n\t \u00ab\u00bb\u2039\u203a\u201a\u201c\u201d\u201e\u2026\u00b7\u00bf\u00a1\u0964\u00b0"
)
SIMPLER = str.maketrans(
    dict.fromkeys("\u2018\u2019\u02bc\u2032\u00b4", "'")
    | dict.fromkeys("\u2010\u2011\u2012\u2212", "-")
    | dict.fromkeys("\u2013\u2014\u2015", "\u2013")
    | {"\u00b5": "\u03bc"}
)
COMBINING = re.compile("[\u0300-\u036f\u093c]")
JOINERS = re.compile("(?<=\u094d)[\u200c\u200d]")
"""Devanagari may join or part a conjunct; anywhere else these two are invisible and have no place."""
NASALS = re.compile(
    "\u0919\u094d(?=[\u0915-\u0919])|\u091e\u094d(?=[\u091a-\u091e])|\u0923\u094d(?=[\u091f-\u0922])"
    "|\u0928\u094d(?=[\u0924-\u0927\u0938])|\u092e\u094d(?=[\u092a-\u092d])"
)
DISGUISES = re.compile(
    r"\b(?:\w[\s.\-_*]{1,2}){4,}\w\b"  # letters that stand apart
    r"|[^\W\d_]\d+[^\W\d_]"  # figures in the place of letters
)


def simplify(text: str) -> str:
    """Return a text with full-width, superscript and typographic signs replaced by plain ones."""
    return JOINERS.sub("", unicodedata.normalize("NFKC", text).translate(SIMPLER))


def has_odd_characters(plain: str, letters: Set[str]) -> bool:
    """Tell whether a simplified text holds look-alikes, controls, other scripts, or disguised words."""
    return not set(plain.casefold()) <= _allowed(letters) or DISGUISES.search(plain) is not None


def fold(plain: str, spellings: Mapping[str, str]) -> str:
    """Return a simplified text without case and accents, each letter in one spelling."""
    text = plain.casefold()
    for written, other in spellings.items():
        text = text.replace(written, other)
    if text.isascii():
        return text
    text = COMBINING.sub("", unicodedata.normalize("NFD", text)).replace("\u0901", "\u0902")
    return NASALS.sub("\u0902", text)


def _allowed(letters: Set[str]) -> Set[str]:
    return ASCII | PUNCTUATION | {"\u2013"} | letters


ASCII = frozenset(chr(code) for code in range(32, 127))
