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


class ProblemKind(NamedTuple):
    """How one kind of domain error looks over HTTP."""

    status: int
    slug: str
    title: str


BODY_TOO_LARGE = ProblemKind(413, "body-too-large", "The body is too large")


def problem_response(
    request: Request, kind: ProblemKind, detail: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Build the problem+json response of one error; `detail` must be our own words."""
    problem = Problem(
        type=f"/problems/{kind.slug}",
        title=kind.title,
        status=kind.status,
        detail=detail,
        request_id=request_id_of(request.scope),
    )
    return Response(problem.model_dump_json(), kind.status, dict(headers or {}), MEDIA_TYPE)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document the problems of a route, for FastAPI's `responses`."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


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
    kind = ProblemKind(422, "request-invalid", "The request does not fit the API")
    return problem_response(request, kind, "; ".join(remarks) + ". See /openapi.json.")


def _field_names(app: FastAPI) -> set[str]:
    """Return the names of all fields in the API; any other word in a place is the caller's own."""
    schemas = app.openapi().get("components", {}).get("schemas", {}).values()
    return {"body"}.union(*(schema.get("properties", ()) for schema in schemas))


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
    phrase = HTTPStatus(error.status_code).phrase
    kind = ProblemKind(error.status_code, phrase.lower().replace(" ", "-"), phrase)
    if error.status_code == BODY_TOO_LARGE.status:  # its phrase differs between versions of Python
        kind = BODY_TOO_LARGE
    detail = {
        404: "There is no such route. See /openapi.json for those there are.",
        405: "This route exists, but not for this method. The Allow header names those it has.",
    }.get(error.status_code, error.detail)
    return problem_response(request, kind, detail, error.headers)


async def _bug(request: Request, error: Exception) -> Response:
    frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    # Where, but not what: the words of an exception may hold what was submitted.
    logger.error(
        "unhandled %s in request %s at %s", type(error).__name__, request_id_of(request.scope), frames
    )
    kind = ProblemKind(500, "internal-error", "The service made a mistake")
    detail = "This is a fault of the service, not of the request. Quote the request_id when reporting it."
    return problem_response(request, kind, detail)
