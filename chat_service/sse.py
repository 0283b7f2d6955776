"""Server-sent events as the upstream writes them: bytes in, the data of each event out."""

from collections.abc import Iterator

END = "[DONE]"
"""Data of the event after which nothing comes."""
BOM = b"\xef\xbb\xbf"


class EventReader:
    r"""Takes a stream in pieces cut anywhere; lines may end in \n, \r\n or \r, and a BOM may stand first."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._begun = False

    def feed(self, piece: bytes) -> Iterator[str]:
        """Return the data of every event that ends in this piece; bytes that are no UTF-8 are replaced."""
        self._rest += piece
        if not self._begun and len(self._rest) > len(BOM):
            self._rest, self._begun = self._rest.removeprefix(BOM), True
        # Without its partner a last \r may be half of a \r\n.
        held = b"\r" if self._rest.endswith(b"\r") else b""
        lines = self._rest[: len(self._rest) - len(held)].splitlines(keepends=True)
        self._rest = held if not lines or lines[-1][-1:] in b"\r\n" else lines.pop() + held
        for line in lines:
            yield from self._take(line.rstrip(b"\r\n"))

    def close(self) -> Iterator[str]:
        """Return the data of the last event: some servers send no blank line after it."""
        yield from self._take(self._rest.rstrip(b"\r\n"))
        yield from self._take(b"")

    def _take(self, line: bytes) -> Iterator[str]:
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        elif not line and self._data:
            yield b"\n".join(self._data).decode("utf-8", "replace")
            self._data.clear()
