"""Having prose written under rules: in time, and once more where the guard objects and nothing was shown."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

import anyio

from chat_service.engine import NoAnswer, Show
from chat_service.gate import StreamGuard
from chat_service.guard import Guard
from chat_service.knowledge import Kind, Words
from chat_service.prompt import Asked
from chat_service.prose import PROSE_FIELDS, Answer, read_answer
from chat_service.settings import MistralSettings
from chat_service.telling import Telling
from chat_service.upstream import Upstream

ATTEMPTS = 2
"""How often prose is asked for when the guard objects and nothing was shown yet."""

Leaving = Callable[[bytes], AbstractContextManager[None]]
"""Looks at a request once more while it is sent, and logs it."""


class Rules(NamedTuple):
    """What prose about one case may say."""

    words: Words
    numbers: set[float]
    facts: tuple[str, ...]
    kind: Kind
    survival: bool
    """Whether survival may be spoken of at all, without figures."""

    def judge(self, text: str) -> None:
        """Judge the whole of it.

        Raises:
            NoAnswer: if it must not be shown.
        """
        if self._guard().judge_text(text):
            raise NoAnswer("unsafe-answer")

    def open_guard(self) -> StreamGuard:
        """Judge it while it comes."""
        return StreamGuard(self._guard())

    def _guard(self) -> Guard:
        return Guard(
            self.words,
            known_numbers=self.numbers,
            survival_allowed=self.survival,
            facts=self.facts,
            kind=self.kind,
        )


class Writer:
    """Has Mistral write.

    Args:
        upstream: Where it is.
        settings: Bounds.
    """

    def __init__(self, upstream: Upstream, settings: MistralSettings) -> None:
        self._upstream = upstream
        self._settings = settings

    async def write(
        self, kind: type[Answer], asked: Asked, rules: Rules, leaving: Leaving, show: Show | None
    ) -> Answer:
        """Have prose written; what was shown of it is never taken back for another attempt.

        Raises:
            NoAnswer: if there is none that may be shown, within the deadline.
        """
        deadline = anyio.current_time() + self._settings.deadline_s
        for attempt in range(ATTEMPTS):
            telling = Telling(PROSE_FIELDS[kind], rules.open_guard(), show) if show else None
            content = asked.serialise(self._settings, attempt=attempt, stream=telling is not None)
            try:
                with leaving(content):
                    text = await self._upstream.complete(
                        content, deadline=deadline, hear=telling.hear if telling else None
                    )
                written = read_answer(kind, text, asked)
                rules.judge(written.prose)
                if telling:
                    await telling.finish(written.prose)
                return written
            except NoAnswer as error:
                shown = telling is not None and telling.has_shown
                if error.reason != "unsafe-answer" or shown or attempt + 1 == ATTEMPTS:
                    raise
        raise AssertionError("there is at least one attempt")
