"""The one shape of every error (RFC 9457)."""

from typing import Annotated

from pydantic import Field

from contract.base import Name, Payload, Text


class Problem(Payload):
    """An error in RFC 9457 form; it never repeats what was submitted."""

    type: Name
    """A URI reference naming the kind of problem, for example `/problems/image-unreadable`."""
    title: Name
    """The kind of problem in a few words."""
    status: Annotated[int, Field(ge=400, le=599)]
    """The HTTP status code."""
    detail: Text
    """What happened this time, and what to do about it."""
    request_id: Name
    """The id under which the logs speak of this request."""
