"""What the OpenAPI document says beyond what FastAPI derives from the routes: examples, all of them real."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi.openapi.models import Example

from chat_service.events import MEDIA_TYPE as EVENTS
from chat_service.events import delta_event, result_event
from chat_service.offline import KnowledgeBase
from chat_service.rehearsal import MEDIA_TYPE as DRY_RUN
from chat_service.rehearsal import DryRun, nothing
from contract import ChatMessage, ChatRequest, Clinical, ExplanationRequest
from contract.base import Payload
from contract.example import EXAMPLE
from web.problems import BODY_TOO_LARGE, INTERNAL, REQUEST_INVALID, ProblemKind, problem_responses
from web.signing import UNSIGNED, SignatureRefused

BAD_REQUEST = ProblemKind(400, "bad-request", "Bad Request", "There was an error parsing the body")
SIGNATURE_REFUSED = ProblemKind(
    403,
    "signature-refused",
    "The prediction is not trusted",
    UNSIGNED,
)
"""Not a 422, since the body fits the API, and not a 401, since it is not the caller who is in doubt."""

PROBLEMS: dict[type[Exception], ProblemKind] = {SignatureRefused: SIGNATURE_REFUSED}

REFUSED = problem_responses(
    BAD_REQUEST,
    SIGNATURE_REFUSED,
    BODY_TOO_LARGE._replace(example=BODY_TOO_LARGE.example.replace("20000000", "1000000")),
    REQUEST_INVALID,
    INTERNAL,
)
"""What may go wrong at both routes."""

STREAM = (
    'Server-sent events, for those who send `Accept: text/event-stream`. `delta` holds `{"text": ...}`, the '
    "next words of summary and explanation, or of the reply, each checked before it is sent. `reset` takes "
    "back all deltas before it: another engine begins anew. `result` comes last and once: the JSON answer, "
    "which replaces whatever the deltas showed. Lines that begin with a colon are comments against silence."
)

PLAIN = ExplanationRequest(prediction=EXAMPLE)
DETAILED = ExplanationRequest(
    prediction=EXAMPLE,
    audience="clinician",
    language="en",
    clinical=Clinical(tumour_size_mm=18, positive_nodes=1, distant_metastasis=False, grade=2, er="positive"),
    include_prognosis=False,
)
QUESTION = ChatRequest(
    prediction=EXAMPLE, messages=[ChatMessage(role="user", content="What should I ask my doctor?")]
)


def _sent(request: Payload) -> dict[str, Any]:
    return request.model_dump(mode="json", exclude_none=True)


EXPLAIN_BODIES = {
    "plain": Example(summary="A prediction, as /predict answered it", value=_sent(PLAIN)),
    "detailed": Example(summary="For a clinician, with findings", value=_sent(DETAILED)),
}
CHAT_BODIES = {"question": Example(summary="A question about a prediction", value=_sent(QUESTION))}


def explained(offline: KnowledgeBase) -> dict[int | str, dict[str, Any]]:
    """Describe the answers of `/explain`."""
    answer = offline.compose(PLAIN)
    # Fixed, so that the document is the same each time.
    fixed = answer.model_copy(
        update={
            "id": UUID("0d7c8f5e-93f4-4d43-8f0b-6a5d0d9a1c22"),
            "created": EXAMPLE.created + timedelta(seconds=1),
        }
    )
    return {
        200: _described("The whole explanation", fixed, f"{fixed.summary}\n\n{fixed.explanation}"),
        **REFUSED,
    }


def replied(offline: KnowledgeBase) -> dict[int | str, dict[str, Any]]:
    """Describe the answers of `/chat`."""
    reply = offline.converse(QUESTION)
    return {200: _described("The reply", reply, reply.reply), **REFUSED}


def _described(description: str, example: Payload, words: str) -> dict[str, Any]:
    first, *others = words.split("\n\n")
    shown = [first, *(f"\n\n{each}" for each in others)]
    events = b"".join([*(delta_event(each) for each in shown), result_event(example)])
    content = {
        "application/json": {"example": example.model_dump(mode="json")},
        EVENTS: {
            "schema": {"type": "string", "description": STREAM},
            "example": events.decode(),
        },
        DRY_RUN: {
            "schema": DryRun.model_json_schema(),
            "example": nothing("local-topic").model_dump(mode="json"),
        },
    }
    return {"description": description, "content": content}
