"""A conversation: what the last message asks for in the light of those before it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from chat_service.danger import undenied
from chat_service.knowledge import Knowledge
from chat_service.questions import read_questions
from chat_service.recogniser import Recogniser, Tokens
from chat_service.wordlist import FOLDER, read_file
from contract import ChatMessage

URGENT = ("crisis", "emergency")
RANKS = (*URGENT, "careful", "usual", "polite")
MOST_TOPICS = 3
"""So many questions of one message are answered."""
REMEMBERED = 10
"""So many earlier questions are looked at for what a follow-up goes back to."""
EARLIER = 400
"""Of an earlier message so many characters are read at its beginning and at its end."""
BRIEF = 12
"""A follow-up such as "tell me more" has no more words than this."""
WATCHED = 3
"""So many messages after a danger the way to help is named again."""
UNFIT = ("survival", "untreated", "recurrence", "figures")
"""What is not told beside an emergency."""


Foreign = tuple[Recogniser, list[Tokens]]
"""Another language than that of the conversation, and a message as it reads it."""


@dataclass(frozen=True)
class Turn:
    """What one message asks for."""

    topics: tuple[str, ...] = ()
    figures: bool | None = None
    """True if figures were asked for, False if they were refused."""


@dataclass(frozen=True)
class Understood:
    """What is to be answered."""

    topics: tuple[str, ...]
    figures: bool
    warned: bool
    """Whether a message shortly before pointed to danger."""


class Listener:
    """Understands conversations in every language of the knowledge base."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._topics = knowledge.topics
        self._recognisers = {
            name: Recogniser.of(texts.chat, knowledge.topics, _everyday(name), read_questions(name))
            for name, texts in knowledge.languages.items()
        }

    def understand(self, messages: Sequence[ChatMessage], language: str) -> Understood:
        """Tell what the last message asks for; the earlier ones of the user are its context."""
        questions = [message.content for message in messages if message.role == "user"]
        figures, turns = True, list[Turn]()
        known: tuple[str, ...] = ()
        for number, question in enumerate(questions, 1 - len(questions)):
            recent = number > -REMEMBERED
            turn = self._read(question if number == 0 else _cut(question), language, known, whole=recent)
            turns.append(turn)
            figures = figures if turn.figures is None else turn.figures
            known = turn.topics if self._answerable(turn.topics) else known
        before = [topic for turn in turns[-1 - WATCHED : -1] for topic in turn.topics]
        return Understood(
            topics=self._choose(turns[-1].topics),
            figures=figures,
            warned=any(map(self._is_urgent, before)),
        )

    def _read(self, message: str, language: str, known: tuple[str, ...], *, whole: bool) -> Turn:
        recogniser = self._recognisers[language]
        splits = self._split(message)
        split = recogniser.repair(splits[language])
        foreign = self._foreign(splits, language, split)
        wish = _wish(recogniser, split)
        if wish is None and foreign:
            wish = _wish(*foreign)
        if not whole:
            return Turn(figures=wish)
        found = self._found(splits, language, split, foreign)
        if any(self._topics[topic].rank == "crisis" for topic in found):
            # Who wrote of dying is shown no figures of it until asking for them.
            return Turn(tuple(found), figures=False)
        if wish is False:
            found = [topic for topic in found if topic != "figures"] or ["no-figures"]
        elif found == ["figures"] and known:
            found = list(known)
        elif not self._answerable(found) or found == ["meaning"]:
            found = self._followed(recogniser, split, known) or found or recogniser.find(split)
            found = found or recogniser.guess(split)
        return Turn(tuple(found), figures=wish)

    def _found(
        self, splits: dict[str, list[Tokens]], language: str, split: list[Tokens], foreign: Foreign | None
    ) -> list[str]:
        """Look in the language of the conversation; for danger, and if nothing is found, in all others."""
        recogniser = self._recognisers[language]
        others = [(own, splits[name]) for name, own in self._recognisers.items() if name != language]
        seen = [own.dangers(sentences) for own, sentences in [(recogniser, split), *others]]
        found = [*undenied(seen), *recogniser.find(split, hints=False)]
        if not found and foreign:
            reader, text = foreign
            found = reader.find(text, hints=False) or reader.guess(text)
        return list(dict.fromkeys(found))

    def _foreign(self, splits: dict[str, list[Tokens]], language: str, split: list[Tokens]) -> Foreign | None:
        """Return the other language that a message is written in, if it is.

        "man" is a word of German too: only who writes in another language is read in that one.
        """
        others = [(own, splits[name]) for name, own in self._recognisers.items() if name != language]
        if not others:
            return None
        reader, text = max(others, key=lambda other: other[0].known_words(other[1]))
        own = self._recognisers[language].known_words(split)
        return (reader, text) if reader.known_words(text) > own else None

    def _split(self, message: str) -> dict[str, list[Tokens]]:
        """Split a message as each language does, figures of speech of any of them said in plain words."""
        splits = {name: own.split(message) for name, own in self._recognisers.items()}
        for name, own in self._recognisers.items():
            plain = own.plain(splits[name])
            if plain is not None:
                splits = {name: own.split(plain) for name, own in self._recognisers.items()}
        return splits

    def _is_urgent(self, topic: str) -> bool:
        return self._topics[topic].rank in URGENT

    def _followed(self, recogniser: Recogniser, split: list[Tokens], known: tuple[str, ...]) -> list[str]:
        """Return what a follow-up leads to from the topics before it; nothing if it is none."""
        talk = recogniser.texts.talk
        if sum(map(len, split)) > BRIEF:
            return []
        why, more = recogniser.places(talk.why, split), recogniser.places(talk.more, split)
        if not (why or more):
            return []
        if not known:
            return ["meaning"]
        topic = self._topics[known[0]]
        if self._is_urgent(known[0]):
            return [known[0]]
        return [(topic.why if why else None) or topic.more or "questions"]

    def _answerable(self, topics: Iterable[str]) -> bool:
        return any(self._topics[topic].rank != "polite" for topic in topics)

    def _choose(self, topics: tuple[str, ...]) -> tuple[str, ...]:
        """Put the most urgent first and leave out what does not fit beside it."""
        ranks = {topic: RANKS.index(self._topics[topic].rank) for topic in topics}
        ordered = sorted(topics, key=lambda topic: ranks[topic])
        if not ordered:
            return ()
        first = self._topics[ordered[0]].rank
        if first == "crisis":
            return tuple(ordered[:1])
        if first != "polite":
            ordered = [topic for topic in ordered if self._topics[topic].rank != "polite"]
        unfit = UNFIT if first == "emergency" else UNFIT[-1:] if len(ordered) > 1 else ()
        return tuple([topic for topic in ordered if topic not in unfit][:MOST_TOPICS])


def _everyday(language: str) -> Iterator[str]:
    """Yield the words of everyday life, which are never taken for mistyped ones."""
    return chain.from_iterable(read_file(FOLDER / language / "everyday.txt").values())


def _wish(recogniser: Recogniser, split: list[Tokens]) -> bool | None:
    """Tell whether figures are wanted; the last word on it counts, and "no statistics" is no request."""
    talk = recogniser.texts.talk
    off, on = recogniser.places(talk.figures_off, split), recogniser.places(talk.figures_on, split)
    on = [place for place in on if not any(_overlap(place, other) for other in off)]
    if not (off or on):
        return None
    return max(on, default=(-1, 0, 0)) > max(off, default=(-1, 0, 0))


def _overlap(first: tuple[int, int, int], second: tuple[int, int, int]) -> bool:
    return first[0] == second[0] and first[1] < second[2] and second[1] < first[2]


def _cut(text: str) -> str:
    """Keep the beginning and the end of an earlier message."""
    return text if len(text) <= 2 * EARLIER else f"{text[:EARLIER]}\n{text[-EARLIER:]}"
