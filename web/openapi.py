"""What the OpenAPI document says of every service beyond what FastAPI derives from its routes."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from contract import Problem
from web.access import KEY_HEADER, TOO_MANY, UNAUTHENTICATED, is_open
from web.problems import problem_responses

SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key of this service."},
    "key": {"type": "apiKey", "in": "header", "name": KEY_HEADER, "description": "The same key."},
}

OPERATION = "operation"
"""The tag of health and metrics."""


def complete_document(app: FastAPI, *, keys: bool, optional: bool, limited: bool) -> None:
    """Describe problems, and keys and limits on the routes where they hold.

    Args:
        app: The service.
        keys: Whether there are API keys.
        optional: Whether callers without one are answered all the same.
        limited: Whether a limit of requests a minute may be reached.
    """
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is not None:
            return app.openapi_schema
        document = generate()
        _restore_examples(document, app)
        document["tags"] = _tags(document)
        components = document.setdefault("components", {})
        components.setdefault("schemas", {}).setdefault("Problem", Problem.model_json_schema())
        if keys:
            components["securitySchemes"] = SCHEMES
        refused = [*[UNAUTHENTICATED] * keys, *[TOO_MANY] * limited]
        refusals = {str(status): answer for status, answer in problem_responses(*refused).items()}
        closed = [item for path, item in document["paths"].items() if not is_open(path)]
        for operation in [each for item in closed for each in item.values()]:
            operation["responses"] = dict(sorted((operation["responses"] | refusals).items()))
            if keys:
                operation["security"] = [{name: []} for name in SCHEMES] + [{}] * optional
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _tags(document: dict[str, Any]) -> list[dict[str, str]]:
    """Put what a service is for before what it is operated by, for readers of /docs."""
    used = [
        tag for item in document["paths"].values() for each in item.values() for tag in each.get("tags", ())
    ]
    return [{"name": tag} for tag in sorted(dict.fromkeys(used), key=lambda tag: tag == OPERATION)]


def _restore_examples(document: dict[str, Any], app: FastAPI) -> None:
    """Put the examples in again: FastAPI takes what is null out of them, which would make them false."""
    for route in [each for each in app.routes if isinstance(each, APIRoute) and each.include_in_schema]:
        for method in route.methods or ():
            described = document["paths"][route.path][method.lower()]["responses"]
            for status, answer in route.responses.items():
                for media_type, content in answer.get("content", {}).items():
                    kept = {key: content[key] for key in ("example", "examples") if key in content}
                    described[str(status)]["content"][media_type].update(kept)
