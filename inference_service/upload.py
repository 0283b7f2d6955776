"""The uploaded file, read into memory only: no picture of a patient touches the disk."""

import anyio
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

FIELD = "file"
MAX_PARTS = 10

REMEDY = f"Send one image as the file field `{FIELD}` of a multipart/form-data body."


class UploadError(Exception):
    """The body is not what the route expects; the message says what to send."""


class UploadMalformed(UploadError):
    """The body is not well-formed multipart/form-data."""


class UploadInvalid(UploadError):
    """The form does not consist of exactly one file field `file`."""


class UploadTooSlow(UploadError):
    """The body did not arrive in time."""


async def read_upload(request: Request, *, limit: int, seconds: float) -> bytes:
    """Return the bytes of the form's one file.

    Args:
        request: Its body is bounded by `limit` already.
        limit: Bytes that fit into memory.
        seconds: How long the body may take to arrive.

    Raises:
        UploadError: in one of its kinds.
    """
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        raise UploadInvalid(f"The body is not multipart/form-data. {REMEDY}")
    try:
        with anyio.fail_after(seconds):
            form = await _parser(request, limit).parse()
    except TimeoutError as error:
        raise UploadTooSlow("The upload took too long. Send it again, or send a smaller file.") from error
    except ClientDisconnect as error:
        raise UploadMalformed("The connection was closed before the body was complete.") from error
    except (MultiPartException, ValueError) as error:  # ValueError: unknown charsets
        raise UploadMalformed(f"The multipart body cannot be read. {REMEDY}") from error
    return await _only_file(form)


def _parser(request: Request, limit: int) -> MultiPartParser:
    parser = MultiPartParser(
        request.headers, request.stream(), max_files=MAX_PARTS, max_fields=MAX_PARTS, max_part_size=limit
    )
    parser.spool_max_size = limit  # never reached, so nothing is written to disk
    return parser


async def _only_file(form: FormData) -> bytes:
    try:
        parts = form.multi_items()
        if any(name != FIELD for name, _ in parts):
            raise UploadInvalid(f"The form has an unknown field. {REMEDY}")
        if not parts:
            raise UploadInvalid(f"The field `{FIELD}` is missing. {REMEDY}")
        if len(parts) > 1:
            raise UploadInvalid(f"The field `{FIELD}` stands there more than once. Send one image a request.")
        part = parts[0][1]
        if not isinstance(part, UploadFile):
            raise UploadInvalid(f"The field `{FIELD}` is text, not a file. {REMEDY}")
        return await part.read()
    finally:
        await form.close()
