"""Rubrics in the shape of HealthBench: conversations, and criteria with points that are graded by code.

A criterion is met or not. Met criteria of positive points add them, met ones of negative points subtract; the
score of a conversation is what was achieved of all positive points, never below 0, and the score of many is
their mean. (Arora et al., HealthBench, arXiv 2505.08775; the items are our own.)
"""

import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

FOLDER = Path(__file__).parent
LANGUAGES = ("en", "fr", "de", "es", "hi")
Language = Literal["en", "fr", "de", "es", "hi"]
Pattern = str
"""A regular expression; it is looked for in the answer without regard to case."""


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Criterion(Model):
    """What a good answer does, or with negative points what it must not do."""

    criterion: Annotated[str, Field(min_length=10)]
    points: Annotated[int, Field(ge=-10, le=10)]
    words: dict[Language, Pattern] = {}
    """Met if the answer holds the pattern of its language; without one the criterion is not asked there."""
    check: str | None = None
    """The name of a check in `checks.py`."""
    of: Any = None
    """What the check is told."""

    @model_validator(mode="after")
    def _has_one_way(self) -> Self:
        if bool(self.words) == bool(self.check) or not self.points:
            raise ValueError("words or a check, and points")
        return self


class Theme(Model):
    """Questions that a good answer treats alike."""

    id: str
    theme: str
    readings: list[str] = ["malignant"]
    audiences: list[Literal["patient", "clinician"]] = ["patient"]
    ask: dict[Language, str] = {}
    """A question, by language."""
    before: dict[Language, list[str]] = {}
    """Turns before it: the user's and the assistant's in turn."""
    explain: dict[str, Any] | None = None
    """Instead of a question: further fields of a request for an explanation."""
    languages: list[Language] = list(LANGUAGES)
    """Those of an explanation."""
    cited: bool = True
    criteria: list[Criterion]


class Example(Model):
    """One conversation or explanation, and what it is graded by."""

    id: str
    theme: str
    language: Language
    route: Literal["explain", "chat"]
    body: dict[str, Any]
    criteria: list[Criterion]


class Base(Model):
    """What every answer is graded by, readings, and words by language."""

    readings: dict[str, dict[str, Any]]
    always: list[Criterion]
    chat: list[Criterion]
    explain: list[Criterion]
    cited: list[Criterion]


@cache
def load_base() -> Base:
    return Base.model_validate(_read(FOLDER / "base.yaml"))


@cache
def load_words() -> dict[str, dict[str, str]]:
    """Return the patterns of checks: by name, then by language."""
    return {
        name: {language: unicodedata.normalize("NFC", pattern) for language, pattern in by_language.items()}
        for name, by_language in _read(FOLDER / "words.yaml").items()
    }


def load_themes() -> list[Theme]:
    files = sorted(path for path in FOLDER.glob("items-*.yaml"))
    return [Theme.model_validate(each) for path in files for each in _read(path)]


def load_examples(languages: list[str]) -> list[Example]:
    """Return every example in the languages that are there."""
    return [
        example for theme in load_themes() for example in examples_of(theme) if example.language in languages
    ]


def examples_of(theme: Theme) -> Iterator[Example]:
    base = load_base()
    asked = list(theme.ask) if theme.explain is None else theme.languages
    for language, reading, audience in product(asked, theme.readings, theme.audiences):
        body: dict[str, Any] = {"reading": reading, "audience": audience, "language": language}
        common = [*base.always, *(base.cited if theme.cited else [])]
        if theme.explain is None:
            turns = [*theme.before.get(language, []), theme.ask[language]]
            roles = ("user", "assistant")
            body["messages"] = [
                {"role": roles[number % 2], "content": text} for number, text in enumerate(turns)
            ]
            common += base.chat
        else:
            body |= theme.explain
            common += base.explain
        own = [each for each in theme.criteria if not each.words or language in each.words]
        yield Example(
            id=f"{theme.id}/{reading}/{audience}/{language}",
            theme=theme.theme,
            language=language,
            route="chat" if theme.explain is None else "explain",
            body=body,
            criteria=[*common, *own],
        )


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))
