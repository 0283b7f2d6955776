"""The uploaded file, read into memory only: no picture of a patient touches the disk."""

import anyio
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

FIELD = "file"
MAX_PARTS = 10
"""Parts that are still told apart; a form with more is refused unread."""

REMEDY = f"Send one image as the file field `{FIELD}` of a multipart/form-data body."


class UploadError(Exception):
    """The body is not what the route expects; the message says what to send."""


class UploadMalformed(UploadError):
    """The body is not well-formed multipart/form-data."""


class UploadInvalid(UploadError):
    """The form does not consist of exactly one file field `file`."""


class UploadTooSlow(UploadError):
    """The body did not arrive in time."""


class Part:
    """One field of a form: its Content-Disposition header and its bytes."""

    def __init__(self) -> None:
        self.disposition = b""
        self.data = bytearray()

    @property
    def name(self) -> str:
        """The name of the field, empty if it has none."""
        return parse_options_header(self.disposition)[1].get(b"name", b"").decode("utf-8", "replace")

    @property
    def is_file(self) -> bool:
        """Whether the field came with a file name, which is what makes it a file (RFC 7578, section 4.2)."""
        return b"filename" in parse_options_header(self.disposition)[1]


class Form:
    """Collects the parts of a multipart body while it arrives."""

    def __init__(self, boundary: bytes) -> None:
        self.parts: list[Part] = []
        self.complete = False
        self._header = bytearray()
        self._value = bytearray()
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._end_header,
                "on_part_data": lambda data, start, end: self.parts[-1].data.extend(data[start:end]),
                "on_end": self._end,
            },
        )

    def write(self, chunk: bytes) -> None:
        """Take the next bytes of the body.

        Raises:
            ValueError: if they are no multipart, or too many parts.
        """
        self._parser.write(chunk)

    def _begin_part(self) -> None:
        if len(self.parts) == MAX_PARTS:
            raise ValueError("too many parts")
        self.parts.append(Part())

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
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind.lower() != b"multipart/form-data":
        raise UploadInvalid(f"The body is not multipart/form-data. {REMEDY}")
    try:
        form = Form(options.get(b"boundary", b""))
        with anyio.fail_after(seconds):
            async for chunk in request.stream():
                form.write(chunk)
    except TimeoutError as error:
        raise UploadTooSlow("The upload took too long. Send it again, or send a smaller file.") from error
    except ClientDisconnect as error:
        raise UploadMalformed("The connection was closed before the body was complete.") from error
    except ValueError as error:
        raise UploadMalformed(f"The multipart body cannot be read. {REMEDY}") from error
    return _only_file(form)


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
