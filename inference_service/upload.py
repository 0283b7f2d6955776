"""The uploaded file or files, read into memory only: no picture of a patient touches the disk."""

import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator

import anyio
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

FIELD = "file"
MAX_PARTS = 10
"""Parts that are still told apart; a form with more is refused unread."""

REMEDY = f"Send one image as the file field `{FIELD}` of a multipart/form-data body."
UNREADABLE = f"The multipart body cannot be read. {REMEDY}"


class UploadError(Exception):
    """The body is not what the route expects; the message says what to send."""


class UploadMalformed(UploadError):
    """The body is not well-formed multipart/form-data."""


class UploadInvalid(UploadError):
    """The form does not consist of exactly one file field `file`."""


class UploadTooSlow(UploadError):
    """The body did not arrive in time."""


class UploadTooLarge(UploadError):
    """One file of several is larger than a file may be."""


class UploadTooMany(UploadError):
    """There are more files than one upload may hold."""


class Part:
    """One field of a form: its Content-Disposition header and its bytes, up to `most` of them."""

    def __init__(self, most: int) -> None:
        self.disposition = b""
        self.data = bytearray()
        self.too_large = False
        self._most = most

    def extend(self, data: bytes) -> None:
        """Take more bytes; those of a part that is too large are not kept."""
        self.too_large = self.too_large or len(self.data) + len(data) > self._most
        if self.too_large:
            self.data.clear()
        else:
            self.data.extend(data)

    @property
    def name(self) -> str:
        """The name of the field, empty if it has none."""
        return parse_options_header(self.disposition)[1].get(b"name", b"").decode("utf-8", "replace")

    @property
    def is_file(self) -> bool:
        """Whether the field came with a file name, which is what makes it a file (RFC 7578, section 4.2)."""
        return b"filename" in parse_options_header(self.disposition)[1]


class Form:
    """Collects the parts of a multipart body while it arrives.

    Args:
        boundary: What stands between them.
        max_parts: Parts that are told apart; more are refused.
        max_bytes: Bytes that are kept of each.
    """

    def __init__(self, boundary: bytes, *, max_parts: int, max_bytes: int) -> None:
        self.parts: list[Part] = []
        self.complete = False
        self._max_parts = max_parts
        self._max_bytes = max_bytes
        self._begun = self._ended = 0
        self._header = bytearray()
        self._value = bytearray()
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._end_header,
                "on_part_data": lambda data, start, end: self.parts[-1].extend(data[start:end]),
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )

    def write(self, chunk: bytes) -> None:
        """Take the next bytes of the body.

        Raises:
            ValueError: if they are no multipart, or too many parts.
        """
        self._parser.write(chunk)

    def take(self) -> list[Part]:
        """Return the parts that have come to their end, and forget them."""
        whole, self.parts = self.parts[: self._ended], self.parts[self._ended :]
        self._ended = 0
        return whole

    def _begin_part(self) -> None:
        if self._begun == self._max_parts:
            raise ValueError("too many parts")
        self._begun += 1
        self.parts.append(Part(self._max_bytes))

    def _end_part(self) -> None:
        self._ended += 1

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self.parts[-1].disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _end(self) -> None:
        self.complete = True


async def read_upload(request: Request, *, seconds: float) -> bytes:
    """Return the bytes of the form's one file, whose size the body limit bounds.

    Raises:
        UploadError: in one of its kinds; it also comes when the body takes more than `seconds`.
    """
    form = _open_form(request, MAX_PARTS, sys.maxsize)
    chunks, deadline = request.stream(), time.monotonic() + seconds
    while (chunk := await _next(chunks, deadline)) is not None:
        _write(form, chunk)
    return _only_file(form)


async def read_uploads(
    request: Request, *, seconds: float, most: int, max_bytes: int
) -> AsyncGenerator[bytes | UploadError, None]:
    """Yield the bytes of each file of the form once it is whole, or what is wrong with this one.

    Args:
        request: Whose body it is.
        seconds: How long each file may take to arrive.
        most: Files that there may be.
        max_bytes: Bytes that a file may have.

    Raises:
        UploadError: in one of its kinds, where the rest of the form cannot be read.
    """
    form = _open_form(request, most + MAX_PARTS, max_bytes)
    chunks, count, left = request.stream(), 0, seconds
    while (begun := time.monotonic()) and (chunk := await _next(chunks, begun + left)) is not None:
        left -= time.monotonic() - begun  # only the waiting counts, not what is done with the files
        _write(form, chunk)
        for part in form.take():
            if count == most:
                raise UploadTooMany(f"At most {most} images are answered at once. Send the rest apart.")
            count, left = count + 1, seconds
            yield _file_in(part, max_bytes)
    if not form.complete:
        raise UploadMalformed(f"The multipart body ends before its last boundary. {REMEDY}")
    if not count:
        raise UploadInvalid(f"The field `{FIELD}` is missing. {REMEDY}")


def _open_form(request: Request, max_parts: int, max_bytes: int) -> Form:
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind.lower() != b"multipart/form-data":
        raise UploadInvalid(f"The body is not multipart/form-data. {REMEDY}")
    try:
        return Form(options.get(b"boundary", b""), max_parts=max_parts, max_bytes=max_bytes)
    except ValueError as error:
        raise UploadMalformed(UNREADABLE) from error


async def _next(chunks: AsyncIterator[bytes], deadline: float) -> bytes | None:
    """Return the next bytes of a body, or None at its end."""
    try:
        with anyio.fail_after(deadline - time.monotonic()):
            return await anext(chunks, None)
    except TimeoutError as error:
        raise UploadTooSlow("The upload took too long. Send it again, or send a smaller file.") from error
    except ClientDisconnect as error:
        raise UploadMalformed("The connection was closed before the body was complete.") from error


def _write(form: Form, chunk: bytes) -> None:
    try:
        form.write(chunk)
    except ValueError as error:
        raise UploadMalformed(UNREADABLE) from error


def _file_in(part: Part, max_bytes: int) -> bytes | UploadError:
    """Return the bytes of a part of a form that may have many, or what is wrong with it."""
    if part.name != FIELD:
        return UploadInvalid(f"The field has no name or an unknown one. Send each image as `{FIELD}`.")
    if not part.is_file:
        return UploadInvalid(f"The field `{FIELD}` is text, not a file. Send each image as a file.")
    if part.too_large:
        return UploadTooLarge(f"The file is larger than the limit of {max_bytes} bytes. Send a smaller one.")
    return bytes(part.data)


def _only_file(form: Form) -> bytes:
    if not form.complete:
        raise UploadMalformed(f"The multipart body ends before its last boundary. {REMEDY}")
    if any(part.name != FIELD for part in form.parts):
        raise UploadInvalid(f"The form has a field without a name or with an unknown one. {REMEDY}")
    if not form.parts:
        raise UploadInvalid(f"The field `{FIELD}` is missing. {REMEDY}")
    if len(form.parts) > 1:
        raise UploadInvalid(f"The field `{FIELD}` stands there more than once. Send one image a request.")
    if not form.parts[0].is_file:
        raise UploadInvalid(f"The field `{FIELD}` is text, not a file. {REMEDY}")
    return bytes(form.parts[0].data)
