"""The words by which prose of a language model is judged, in one language."""

from functools import cached_property
from typing import Annotated, get_args

from pydantic import Field, field_validator

from chat_service.characters import fold
from chat_service.classifier import Classifier
from chat_service.ideas import Idea, Lexicon
from chat_service.knowledge.entry import Entry
from chat_service.scope import Plain


class Words(Entry):
    """Words and phrases of one language, and what they stand for; the rules are in `claims`."""

    letters: frozenset[Annotated[str, Field(max_length=1)]]
    spellings: dict[str, str]
    function_words: frozenset[str]
    foreign: frozenset[str]
    breaks: frozenset[str]
    linkers: frozenset[str]
    unfinished: frozenset[str]
    plain: frozenset[Annotated[str, Field(min_length=1, max_length=40)]]
    """Words that prose may be made of without a fact that says them, from `plain.txt`; `*` is any ending."""
    ordinary: frozenset[Annotated[str, Field(min_length=1, max_length=40)]]
    """Words beyond the plain ones that name nobody and nothing in particular, from `ordinary.txt`."""
    weights: bytes
    """What the classifier of sentences learned, from `classifier.bin`; `tools.fit_guard` writes it."""
    behind: Annotated[int, Field(ge=0, le=9)]
    """How many words behind a claim its negation may still stand."""
    numerals: dict[str, float]
    ideas: dict[Idea, list[Annotated[str, Field(min_length=1, max_length=80)]]]

    @field_validator("letters", mode="before")
    @classmethod
    def _apart(cls, letters: object) -> object:
        return set(letters) if isinstance(letters, str) else letters

    @field_validator("weights")
    @classmethod
    def _whole_weights(cls, weights: bytes) -> bytes:
        Classifier(weights)
        return weights

    @field_validator("ideas")
    @classmethod
    def _whole(cls, ideas: dict[Idea, list[str]]) -> dict[Idea, list[str]]:
        if missing := sorted(set(get_args(Idea)) - set(ideas)):
            raise ValueError(f"no words for {', '.join(missing)}")
        return ideas

    @cached_property
    def lexicon(self) -> Lexicon:
        """The ideas, ready to be found."""
        return Lexicon(self.ideas, self.fold)

    @cached_property
    def breaking(self) -> frozenset[str]:
        """Words that begin a clause of their own, as they are compared."""
        return frozenset(map(self.fold, self.breaks))

    @cached_property
    def linking(self) -> frozenset[str]:
        """Words that tie a clause to the one before, as they are compared."""
        return frozenset(map(self.fold, self.linkers))

    @cached_property
    def dangling(self) -> frozenset[str]:
        """Words that no sentence ends with, as they are compared."""
        return frozenset(map(self.fold, self.unfinished))

    @cached_property
    def vocabulary(self) -> Plain:
        """The words that need no fact, ready to be looked up."""
        return Plain((*self.plain, *self.function_words, *self.numerals), self.fold)

    @cached_property
    def wider(self) -> Plain:
        """The ordinary words, ready to be looked up."""
        return Plain(self.ordinary, self.fold)

    @cached_property
    def classifier(self) -> Classifier:
        """The classifier of sentences."""
        return Classifier(self.weights)

    @cached_property
    def counting(self) -> dict[str, float]:
        """Number words, as they are compared."""
        return {self.fold(word): value for word, value in self.numerals.items()}

    @cached_property
    def common(self) -> frozenset[str]:
        """The common words of the language, as they are compared."""
        return frozenset(part for word in self.function_words for part in self.fold(word).split("'"))

    @cached_property
    def alien(self) -> frozenset[str]:
        """Common words of other languages that this one does not have."""
        return frozenset(map(self.fold, self.foreign)) - self.common

    def fold(self, text: str) -> str:
        """Return a text as words are compared: without case, accents and second spellings."""
        return fold(text, self.spellings)
