"""Every error as RFC 9457 problem+json, without submitted values, file names or stack traces in it."""

import logging
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from contract import Problem
from web.request_id import request_id_of

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


REASONS = {413: "Content Too Large", 422: "Unprocessable Content"}
"""Phrases that differ between versions of Python (RFC 9110, section 15)."""
HEADERS = {
    401: {"WWW-Authenticate": "Always `Bearer`."},
    429: {
        "Retry-After": "Seconds until the next request is answered.",
        "RateLimit": "Requests left (`r`), and seconds until all are free again (`t`).",
        "RateLimit-Policy": "Requests (`q`) in so many seconds (`w`).",
    },
    503: {"Retry-After": "Seconds after which to try again."},
}
"""What stands in the headers of problems, beyond the request id."""


class ProblemKind(NamedTuple):
    """How one kind of domain error looks over HTTP."""

    status: int
    slug: str
    title: str
    example: str = ""
    """What it may say, for the OpenAPI document."""


REQUEST_INVALID = ProblemKind(
    422,
    "request-invalid",
    "The request does not fit the API",
    "body.prediction: Field required. See /openapi.json.",
)
BODY_TOO_LARGE = ProblemKind(
    413,
    "body-too-large",
    "The body is too large",
    "The body is larger than the limit of 20000000 bytes. Send less.",
)


OUR_FAULT = "This is a fault of the service, not of the request. Quote the request_id when reporting it."
INTERNAL = ProblemKind(500, "internal-error", "The service made a mistake", OUR_FAULT)


def problem_of(request: Request, kind: ProblemKind, detail: str) -> Problem:
    """Build the problem of one error; `detail` must be our own words."""
    return Problem(
        type=f"/problems/{kind.slug}",
        title=kind.title,
        status=kind.status,
        detail=detail,
        request_id=request_id_of(request.scope),
    )


def problem_response(
    request: Request, kind: ProblemKind, detail: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Build the problem+json response of one error; `detail` must be our own words."""
    problem = problem_of(request, kind, detail)
    return Response(problem.model_dump_json(), kind.status, dict(headers or {}), MEDIA_TYPE)


def problem_about(
    request: Request, error: Exception, kinds: Mapping[type[Exception], ProblemKind]
) -> Problem:
    """Build the problem of an error that is told inside an answer; a bug is logged as anywhere else."""
    kind = next((kinds[cls] for cls in type(error).__mro__ if cls in kinds), None)
    if kind is not None:
        return problem_of(request, kind, str(error))
    if isinstance(error, HTTPException):
        return problem_of(request, _http_kind(error), error.detail)
    _log_bug(request, error)
    return problem_of(request, INTERNAL, OUR_FAULT)


def problem_responses(*kinds: ProblemKind) -> dict[int | str, dict[str, Any]]:
    """Document the problems of a route, an example for each, for FastAPI's `responses`."""
    answers: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        answers.setdefault(kind.status, _described(kind.status))
        answers[kind.status]["content"][MEDIA_TYPE]["examples"][kind.slug] = {
            "summary": kind.title,
            "value": example_of(kind).model_dump(mode="json"),
        }
    return answers


def example_of(kind: ProblemKind) -> Problem:
    """Return a problem of this kind as it may look."""
    return Problem(
        type=f"/problems/{kind.slug}",
        title=kind.title,
        status=kind.status,
        detail=kind.example,
        request_id="0f8e9b57-6a39-4d3f-8a0c-6f7d1a2b3c4d",
    )


def _described(status: int) -> dict[str, Any]:
    headers = {name: {"description": text, "schema": {"type": "string"}} for name, text in _headers(status)}
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}}
    return {
        "description": REASONS.get(status, HTTPStatus(status).phrase),
        "headers": headers,
        "content": content,
    }


def _headers(status: int) -> list[tuple[str, str]]:
    return list(HEADERS.get(status, {}).items())


def add_problem_handlers(app: FastAPI, kinds: Mapping[type[Exception], ProblemKind]) -> None:
    """Answer the named domain errors, HTTP errors, refused bodies and bugs as problems.

    The message of a domain error becomes the problem's detail, so it must hold no submitted value.
    """

    async def domain(request: Request, error: Exception) -> Response:
        kind = next(kinds[cls] for cls in type(error).__mro__ if cls in kinds)
        headers = {"Retry-After": "5"} if kind.status == HTTPStatus.SERVICE_UNAVAILABLE else None
        return problem_response(request, kind, str(error), headers)

    for cls in kinds:
        app.add_exception_handler(cls, domain)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)


async def _invalid(request: Request, error: Exception) -> Response:
    """Say which fields are wrong and why, never what stood in them."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - narrows the type for FastAPI's signature
    fields = _field_names(request.app)
    remarks = [f"{_place(item['loc'], fields)}: {_why(item)}" for item in error.errors()[:5]]
    return problem_response(request, REQUEST_INVALID, "; ".join(remarks) + ". See /openapi.json.")


def _field_names(app: FastAPI) -> set[str]:
    """Return the names of all fields in the API; any other word in a place is the caller's own."""
    document = app.openapi()
    schemas = document.get("components", {}).get("schemas", {}).values()
    operations = [each for item in document["paths"].values() for each in item.values()]
    parameters = {one["name"] for each in operations for one in each.get("parameters", ())}
    return {"body", "path", "query"}.union(parameters, *(schema.get("properties", ()) for schema in schemas))


def _place(loc: tuple[int | str, ...], fields: set[str]) -> str:
    """Name the place of a mistake; a key that the caller invented may be a patient's name and becomes `*`."""
    return ".".join(str(part) if isinstance(part, int) or part in fields else "*" for part in loc[:8])


def _why(item: Mapping[str, Any]) -> str:
    if item["type"] == "extra_forbidden":
        return "unknown field"
    if item["type"] == "json_invalid":
        return "is not valid JSON"
    return str(item["msg"])[:200]


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - narrows the type for FastAPI's signature
    detail = {
        404: "There is no such route. See /openapi.json for those there are.",
        405: "This route exists, but not for this method. The Allow header names those it has.",
    }.get(error.status_code, error.detail)
    return problem_response(request, _http_kind(error), detail, error.headers)


def _http_kind(error: HTTPException) -> ProblemKind:
    if error.status_code == BODY_TOO_LARGE.status:  # its phrase differs between versions of Python
        return BODY_TOO_LARGE
    phrase = HTTPStatus(error.status_code).phrase
    return ProblemKind(error.status_code, phrase.lower().replace(" ", "-"), phrase)


async def _bug(request: Request, error: Exception) -> Response:
    _log_bug(request, error)
    return problem_response(request, INTERNAL, OUR_FAULT)


def _log_bug(request: Request, error: Exception) -> None:
    frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    # Where, but not what: the words of an exception may hold what was submitted.
    logger.error(
        "unhandled %s in request %s at %s", type(error).__name__, request_id_of(request.scope), frames
    )
