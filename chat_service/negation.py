"""Whether words of a sentence are negated."""

from dataclasses import dataclass

from chat_service.cues import PAUSES, Cue, tokens_of
from chat_service.knowledge import TalkWords


@dataclass(frozen=True)
class Negation:
    """How one language negates."""

    before: frozenset[str]
    after: frozenset[str]
    turns: frozenset[str]
    """Words such as "but", beyond which a negation is not felt."""

    @classmethod
    def of(cls, talk: TalkWords) -> "Negation":
        """Read the words of a language."""
        sets = (talk.negations.before, talk.negations.after, talk.turns)
        return cls(*(frozenset(token for word in words for token in tokens_of(word)) for words in sets))

    def holds(self, tokens: list[str], start: int, end: int, cue: Cue, reach: int) -> bool:
        """Tell whether a cue that was found from one word to another is negated.

        Args:
            tokens: The sentence.
            start: The first word of the cue.
            end: The word after its last.
            cue: What was found; a negation that is a word of its own belongs to it, as in "I cannot breathe".
            reach: How many words further a negation is felt.
        """
        inside = [token for token in tokens[start:end] if not cue.holds(token)]
        before = self._near(tokens[max(0, start - reach) : start][::-1])
        after = self._near(tokens[end : end + reach])
        return bool(self.before.intersection([*before, *inside]) or self.after.intersection(after))

    def _near(self, tokens: list[str]) -> list[str]:
        ends = (n for n, token in enumerate(tokens) if token in PAUSES or token in self.turns)
        return tokens[: next(ends, len(tokens))]
