"""What a refusal of the upstream means: for the caller a coarse reason, for the operator a code.

Bodies of errors differ from one deployment to the next, and a 422 repeats the prompt. The status is enough
for most; the body decides only between two kinds of 403 and two of 404. Nothing of it is kept, logged or
shown: what comes out of here is from closed lists.
"""

import json
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from chat_service.engine import Reason

Code = Literal[
    "bad-request",
    "key-refused",
    "guardrail",
    "not-allowed",
    "model-unknown",
    "route-unknown",
    "request-wrong",
    "rate-limited",
    "server-error",
    "redirected",
    "other",
]
"""`request-wrong` means that this service must be changed; `key-refused`, `not-allowed`, `model-unknown` and
`route-unknown` that its settings must be."""

MAX_NODES = 200
TELLING = {403, 404}
"""Statuses whose body tells more than they do."""
TOO_MANY = 429
GUARDRAIL_CODE = 3201


class Refusal(NamedTuple):
    """A refusal in words of our own."""

    code: Code
    reason: Reason
    upstream_failed: bool
    """Whether every other request would be refused too, which counts for the circuit breaker."""


PLAIN = {
    400: Refusal("bad-request", "refused", upstream_failed=False),
    401: Refusal("key-refused", "unauthorized", upstream_failed=True),
    422: Refusal("request-wrong", "refused", upstream_failed=False),
    TOO_MANY: Refusal("rate-limited", "rate-limited", upstream_failed=True),
}


def read_refusal(status: int, body: bytes) -> Refusal:
    """Tell what a status other than 200 means; `body` counts for 403 and 404 only."""
    if status in PLAIN:
        return PLAIN[status]
    if status in TELLING:
        return _by_body(status, body)
    if 300 <= status < 400:  # noqa: PLR2004 - as HTTP has it
        return Refusal("redirected", "upstream-error", upstream_failed=True)
    if 400 <= status < 500:  # noqa: PLR2004
        return Refusal("other", "refused", upstream_failed=False)
    return Refusal("server-error", "upstream-error", upstream_failed=True)


def _by_body(status: int, body: bytes) -> Refusal:
    parts = dict.fromkeys(_words(_parsed(body)))
    if status == 403:  # noqa: PLR2004
        if "guardrails" in parts or str(GUARDRAIL_CODE) in parts or any("guardrail" in p for p in parts):
            return Refusal("guardrail", "refused", upstream_failed=False)
        return Refusal("not-allowed", "refused", upstream_failed=True)
    code: Code = "model-unknown" if any("model" in part for part in parts) else "route-unknown"
    return Refusal(code, "refused", upstream_failed=True)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _words(value: Any) -> Iterator[str]:
    """Return keys, strings and numbers of a JSON value in lower case, up to a bound."""
    left = [value]
    for _ in range(MAX_NODES):
        if not left:
            return
        item = left.pop()
        if isinstance(item, dict):
            yield from (str(key).lower() for key in list(item)[:MAX_NODES])
            left += list(item.values())[:MAX_NODES]
        elif isinstance(item, list):
            left += item[:MAX_NODES]
        elif isinstance(item, str | int):
            yield str(item)[:1000].lower()
