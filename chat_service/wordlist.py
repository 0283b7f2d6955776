"""Which words count as recognised: everyday words from a file, and the words of our own knowledge texts."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from re import compile as pattern
from typing import Any

from chat_service.knowledge import Knowledge, KnowledgeInvalid

FOLDER = Path(__file__).parent / "knowledge"
WORD_SECTIONS = frozenset({"function", "degree", "ambiguous", "never", "everyday", "terms"})
PHRASE_SECTIONS = frozenset(
    {
        "introductions",
        "introductions-weak",
        "prepositions",
        "titles",
        "greetings",
        "closings",
        "afterwards",
        "asked",
    }
)
TOKEN = pattern(r"[^\s.,;:!?()\[\]{}\"«»“”„…।/]+")
PLACE = pattern(r"\{\w+\}")
PLANES = (range(0x3000), range(0xF000, 0x20000), range(0xE0000, 0xE0100))
"""Where Unicode keeps what is invisible."""
ALIKE: dict[int, str | None] = {
    **dict.fromkeys(point for plane in PLANES for point in plane if unicodedata.category(chr(point)) == "Cf"),
    **dict.fromkeys(map(ord, "\u2018\u2019\u02bc\u00b4`"), "'"),
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2212"), "-"),
}

COMPARED = frozenset({"words", "talk", "cues", "hints"})
"""Parts of the texts that nobody reads: what questions and prose are compared with."""

ROMAN = frozenset("IVX")
INITIALS = 2
ACCENTS = frozenset("\u0300\u0301\u0302\u0303\u0327\u093c")
"""Accents, and the dot of Hindi, that many leave out; German umlauts are written out instead."""
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
DOTS = str.maketrans({"\u0901": "\u0902"})
"""Hindi's two signs for a nasal vowel, of which many write only one."""

Phrase = tuple[str, ...]


@dataclass(frozen=True)
class WordList:
    """The words of one language; all without case but for `capitalised`."""

    words: frozenset[str]
    """What may be kept at all."""
    capitalised: frozenset[str]
    """What may stand with a capital within a sentence, written so: German nouns, `I`, `HER2`."""
    function: frozenset[str]
    """Articles, pronouns, prepositions and their like; most names end before one."""
    degree: frozenset[str]
    """Words such as `too`, after which `young` is no name."""
    ambiguous: frozenset[str]
    """Words that are also names or numbers."""
    medical: frozenset[str]
    """Words that nobody is called."""


def plain(text: str) -> str:
    """Bring compatible characters, apostrophes and hyphens into one form, and take out what is invisible."""
    if text.isascii() and "`" not in text:
        return text
    return unicodedata.normalize("NFKC", text.translate(ALIKE))


@lru_cache(maxsize=32)
def read_file(path: Path) -> dict[str, tuple[str, ...]]:
    """Read a file of everyday words: words, or phrases between commas, by section.

    Raises:
        KnowledgeInvalid: if it is missing, or holds a section that nothing reads.
    """
    try:
        lines = plain(path.read_text("utf-8")).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise KnowledgeInvalid(f"{path.parent.name}/{path.name} cannot be read") from error
    entries: dict[str, list[str]] = {}
    section = ""
    for line in (line.strip() for line in lines if not line.startswith("#")):
        if line.startswith("["):
            section = line.strip("[]")
        elif section in PHRASE_SECTIONS:
            entries.setdefault(section, []).extend(filter(None, map(str.strip, line.split(","))))
        elif section in WORD_SECTIONS:
            entries.setdefault(section, []).extend(line.split())
        elif line:
            raise KnowledgeInvalid(f"{path.parent.name}/{path.name}: [{section}] is no section")
    return {name: tuple(found) for name, found in entries.items()}


def read_words(knowledge: Knowledge, language: str) -> WordList:
    """Read the words of a language.

    Raises:
        KnowledgeInvalid: if the file of everyday words is missing or malformed.
    """
    found = read_file(FOLDER / language / "everyday.txt")

    def section(name: str) -> frozenset[str]:
        return _spelled(word.casefold() for word in found.get(name, ()))

    own = frozenset(_words_of(knowledge.languages[language].model_dump(), nouns=language == "de"))
    listed = frozenset(word for name in WORD_SECTIONS - {"never"} for word in found.get(name, ()))
    never = section("never")
    # Two capitals are also initials, or a state of the US.
    codes = frozenset(w.casefold() for w in listed | own if len(w) == INITIALS and w.isupper())
    return WordList(
        words=_spelled(word.casefold() for word in listed | own) - never,
        capitalised=_spelled(w for w in listed | own if w != w.casefold() and w.casefold() not in never),
        function=section("function"),
        degree=section("degree"),
        ambiguous=section("ambiguous") | (codes - section("function")),
        medical=section("terms"),
    )


def read_phrases() -> dict[str, frozenset[Phrase]]:
    """Read the phrases that come before or after a name, of all languages together.

    Who asks in one language may introduce themselves in another.
    """
    files = [read_file(path) for path in sorted(FOLDER.glob("*/everyday.txt"))]
    return {
        name: frozenset(tuple(p.casefold().split()) for found in files for p in found.get(name, ()))
        for name in PHRASE_SECTIONS
    }


def _spelled(words: Iterable[str]) -> frozenset[str]:
    """Return words as listed, and as they are typed where the keyboard or the haste has no accents."""
    listed = frozenset(words)
    bare = {_bare(word) for word in listed}
    return (
        listed | bare | {word.translate(UMLAUTS) for word in listed} | {word.translate(DOTS) for word in bare}
    )


def _bare(word: str) -> str:
    parts = "".join(part for part in unicodedata.normalize("NFD", word) if part not in ACCENTS)
    return unicodedata.normalize("NFC", parts)


def _words_of(value: Any, *, nouns: bool) -> Iterator[str]:
    """Yield the words of every text in a value; keys are ids, and what is only compared with is no text."""
    if isinstance(value, str):
        yield from _words_in(plain(PLACE.sub(" ", value)), nouns=nouns)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _words_of(item, nouns=nouns) if key not in COMPARED else ()
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _words_of(item, nouns=nouns)


def _words_in(text: str, *, nouns: bool) -> Iterable[str]:
    """Yield what is written small, codes such as HER2, and in German the nouns.

    In other languages a capital within our texts is the mark of a person or a place.
    """
    for match in TOKEN.finditer(text):
        word = match.group().strip("'-\u2013\u2014*_~")
        if len(word) == 1 or not any(character.isalpha() for character in word):
            continue
        small = word == word.casefold() and not any(character.isdigit() for character in word)
        inside = text[: match.start()].rstrip(' "„(')[-1:] not in {"", ".", "!", "?", ":", "\n"}
        code = word.isupper() and word.isascii() and not set(word) <= ROMAN
        if small or code or (nouns and inside and word.istitle()):
            yield word
