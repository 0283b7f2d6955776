"""Which web pages of other origins may use the service from a browser."""

import re
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from web.access import KEY_HEADER
from web.problems import ProblemKind, problem_response
from web.request_id import HEADER, current_request_id

REFUSED = ProblemKind(400, "cors-refused", "This origin may not send such a request")
ADVICE = "The operator lists the origins that may. See the operating guide."
PICTURE_HEADERS = ("X-Image-SHA256", "X-Model-SHA256", "X-Image-Usable")
"""What an answer that is a picture says of it."""
READABLE = (HEADER, "Retry-After", "RateLimit", "RateLimit-Policy", "WWW-Authenticate", *PICTURE_HEADERS)
"""Headers of answers that a page may read."""
SENT = ("Authorization", KEY_HEADER, HEADER, "Content-Type")
"""Headers that a page may send."""
ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


class Cors(CORSMiddleware):
    """Starlette's middleware, without cookies, and with a problem where it refuses."""

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=("GET", "POST"),
            allow_headers=SENT,
            expose_headers=READABLE,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer the question that a browser asks before the request."""
        answer = super().preflight_response(request_headers)
        if answer.status_code == HTTPStatus.OK:
            return answer
        request = Request({"type": "http", "state": {"request_id": current_request_id.get()}})
        headers = {name: value for name, value in answer.headers.items() if not name.startswith("content-")}
        return problem_response(request, REFUSED, ADVICE, headers)


def check_origin(origin: str) -> str:
    """Return an origin as browsers write it, or `*`.

    Raises:
        ValueError: if it is neither.
    """
    if origin != "*" and not ORIGIN.fullmatch(origin):
        raise ValueError("must be origins such as https://pacs.example.org, without a path")
    return origin
