"""The gate that an answer passes while it arrives: nothing comes out that the guard has not judged."""

from collections.abc import Iterable

from chat_service.characters import simplify
from chat_service.guard import LONGEST, Guard
from chat_service.passage import SENTENCE_END

CONTEXT = 5
"""How many sentences back something forbidden may begin."""


class Objectionable(Exception):
    """A text may not be shown; the codes say what kind of thing is in it, never which words."""

    def __init__(self, codes: Iterable[str]) -> None:
        super().__init__(", ".join(sorted(codes)))
        self.codes = frozenset(codes)


class StreamGuard:
    """Judges an answer while it arrives; sentences come out whole, each judged with those before it."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._waiting, self._length = "", 0
        self._before: list[str] = []
        self._refused: frozenset[str] = frozenset()

    def feed(self, text: str) -> str:
        """Take the next piece of an answer and return what may be shown now, unchanged; often nothing.

        Raises:
            Objectionable: for good, as soon as something is wrong; nothing of it was returned.
        """
        self._length += len(text)
        if self._length > LONGEST:
            self._refuse({"length"})
        self._waiting += text
        end = 0
        for border in SENTENCE_END.finditer(self._waiting):
            if border.end() < len(self._waiting):
                end = border.end()
        return self._release(end)

    def close(self) -> str:
        """Return the rest of the answer.

        Raises:
            Objectionable: if something is wrong with it.
        """
        if not self._before and not self._waiting.strip():
            self._refuse({"length"})
        return self._release(len(self._waiting))

    def _release(self, end: int) -> str:
        if self._refused:
            self._refuse(self._refused)
        ready, self._waiting = self._waiting[:end], self._waiting[end:]
        sentences = [part for part in SENTENCE_END.split(simplify(ready).strip()) if part]
        if sentences:
            whole = [*self._before, *sentences]
            if found := self._guard.judge(whole):
                self._refuse(found)
            self._before = whole[-CONTEXT:]
        return ready

    def _refuse(self, codes: Iterable[str]) -> None:
        self._refused = frozenset(codes)
        raise Objectionable(self._refused)
