"""What an answer may rest on: the facts that were handed to the model that wrote it."""

from collections.abc import Iterable, Sequence, Set
from functools import cached_property

from chat_service.characters import simplify
from chat_service.figures import Figure, counted, numbers_of_passage
from chat_service.ideas import TOKEN
from chat_service.knowledge import Words
from chat_service.numbers import numbers_in
from chat_service.passage import SENTENCE_END, Passage
from chat_service.scope import STEM, is_grounded


class Grounds:
    """Facts in one language, read only as far as an answer makes it necessary.

    Args:
        words: The language.
        numbers: Numbers of the structured facts.
        texts: Texts of the facts.
    """

    def __init__(self, words: Words, numbers: Set[float], texts: Iterable[str]) -> None:
        self._words = words
        self._texts = [simplify(text) for text in texts]
        self.numbers = set(numbers).union(*map(numbers_in, self._texts))
        self.sentences = {part.strip() for text in self._texts for part in SENTENCE_END.split(text)}

    def lack(self, figures: set[Figure]) -> set[Figure]:
        """Return the percentages, durations and shares that stand in no fact."""
        return figures - self._counted if figures else set()

    def hold(self, said: str) -> bool:
        """Tell whether words stand in the facts, one after the other, or a long word in another ending."""
        long = len(said) > STEM and " " not in said
        return f" {said[:STEM]}" in self._said if long else f" {said} " in self._said

    @cached_property
    def has_codes(self) -> bool:
        """Whether a word of the TNM kind stands in the facts."""
        return self._passage.codes

    def cover(self, strange: Sequence[str]) -> bool:
        """Tell whether one fact holds all the words of a sentence that are not plain ones."""
        return is_grounded(strange, self._stems)

    @cached_property
    def _stems(self) -> list[frozenset[str]]:
        said = (TOKEN.findall(self._words.fold(text)) for text in self._texts)
        return [frozenset(word[:STEM] for word in words) for words in said]

    @cached_property
    def _passage(self) -> Passage:
        return Passage(self._texts, self._words)

    @cached_property
    def _counted(self) -> set[Figure]:
        return counted(self._passage, numbers_of_passage(self._passage, self._words.counting))

    @cached_property
    def _said(self) -> str:
        return f" {' '.join(self._passage.words)} "
