"""The HTTP face of the chat service: `POST /explain` and `POST /chat`."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict, TypeVar, cast

import httpx
from fastapi import Body, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from chat_service.breaker import Breaker
from chat_service.egress import Egress
from chat_service.egress_log import logging_egress
from chat_service.engine import Explainer, Fallback, Show
from chat_service.events import EventResponse, answer_json, wants_events
from chat_service.knowledge_api import KNOWLEDGE_PROBLEMS, add_knowledge_routes
from chat_service.metrics import ChatMetrics, MistralMetrics, Route
from chat_service.mistral import MistralExplainer
from chat_service.offline import KnowledgeBase, open_knowledge_base
from chat_service.openapi import CHAT_BODIES, EXPLAIN_BODIES, PROBLEMS, explained, replied
from chat_service.prompt import load_prompt
from chat_service.rehearsal import MEDIA_TYPE as DRY_RUN
from chat_service.rehearsal import Asks, Rehearsal
from chat_service.settings import Settings
from chat_service.upstream import Upstream, open_client
from contract import ChatReply, ChatRequest, Explanation, ExplanationRequest
from web.app import create_service
from web.metrics import create_registry
from web.signing import Seal

DESCRIPTION = (
    "Explains the reading of a breast tissue image: what it means, what to do next, whom to see, what can be "
    "said about the stage, and, where figures are wanted, what is known about untreated disease. "
    "For education and research only: not a diagnosis, not a medical device."
)

Answer = TypeVar("Answer", Explanation, ChatReply)


class State(TypedDict):
    """What lives as long as the service."""

    explainer: Explainer
    rehearsal: Rehearsal
    seal: Seal
    metrics: ChatMetrics


def create_app(settings: Settings, *, transport: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """Create the service; `transport` replaces the network towards Mistral.

    Raises:
        KnowledgeInvalid: if the knowledge base has a gap; the service never starts with one.
        KeysUnusable: if there is a file of API keys that cannot be used.
    """
    offline, registry = open_knowledge_base(), create_registry()
    if settings.mistral.api_key is not None:
        offline.prepare_to_guard()
    knowledge = offline.knowledge
    metrics = ChatMetrics(registry)
    breaker = Breaker(settings.breaker_failures, settings.breaker_cooldown_s)
    of_mistral = MistralMetrics(registry, settings.mistral.prices, lambda: breaker.state)
    prompts = [load_prompt(name).text for name in ("explain", "chat")]
    egress = Egress(offline, settings.mistral.model, prompts)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[State]:
        log = logging_egress(settings.egress_log, settings.egress_log_max_bytes)
        async with open_client(settings.mistral, transport) as client:
            upstream = Upstream(client, settings.mistral, breaker, of_mistral)
            mistral = MistralExplainer(offline, upstream, settings.mistral, egress)
            with log:
                yield {
                    "explainer": choose_explainer(settings, offline, mistral),
                    "rehearsal": Rehearsal(mistral, egress, settings.mistral),
                    "seal": Seal.of(settings.signing),
                    "metrics": metrics,
                }

    app = create_service(
        title="Chat service",
        description=DESCRIPTION,
        settings=settings,
        registry=registry,
        body_limit=settings.body_limit,
        lifespan=lifespan,
        problems=PROBLEMS | KNOWLEDGE_PROBLEMS,
        why_not_ready=lambda _: None,
        remarks=lambda: list(filter(None, [of_mistral.deprecation.remark])),
    )
    add_routes(app, offline, settings.heartbeat_s)
    add_knowledge_routes(app, knowledge)
    return app


def choose_explainer(settings: Settings, offline: KnowledgeBase, mistral: MistralExplainer) -> Explainer:
    """Put Mistral before the knowledge base where there is a key."""
    if settings.mistral.api_key is None:
        return offline
    return Fallback(mistral, offline)


def add_routes(app: FastAPI, offline: KnowledgeBase, heartbeat_s: float) -> None:
    """Add the two routes; bodies that do not fit are refused before they get here."""

    async def respond(
        request: Request, route: Route, work: Callable[[Show | None], Awaitable[Answer]]
    ) -> Response:
        metrics = cast(State, request.state)["metrics"]

        async def counted(show: Show | None = None) -> Answer:
            answer = await work(show)
            metrics.answered(route, answer.engine)
            return answer

        if wants_events(request.headers):
            return EventResponse(counted, heartbeat_s)
        return await answer_json(request, counted)

    @app.post(
        "/explain",
        tags=["explanation"],
        summary="Explain a prediction",
        response_model=Explanation,
        responses=explained(offline),
    )
    async def explain(
        body: Annotated[ExplanationRequest, Body(openapi_examples=EXPLAIN_BODIES)],
        request: Request,
        dry_run: Asks = False,
    ) -> Response:
        """Explain a prediction: always a whole explanation, within 20 seconds.

        With `Accept: text/event-stream` its words come while they are written. A service with a signing key
        explains signed predictions only; others are a 403.
        """
        state = cast(State, request.state)
        state["seal"].verify(body.prediction)
        if dry_run:
            return _rehearse(request, body)
        return await respond(request, "explain", lambda show: state["explainer"].explain(body, show))

    @app.post(
        "/chat",
        tags=["explanation"],
        summary="Answer a question",
        response_model=ChatReply,
        responses=replied(offline),
    )
    async def chat(
        body: Annotated[ChatRequest, Body(openapi_examples=CHAT_BODIES)],
        request: Request,
        dry_run: Asks = False,
    ) -> Response:
        """Answer a question about a prediction. Of its words only common ones are sent on, and none is kept.

        As with `/explain`, the answer is streamed to those who ask for it, and the prediction must be signed
        where there is a signing key.
        """
        state = cast(State, request.state)
        state["seal"].verify(body.prediction)
        if dry_run:
            return _rehearse(request, body)
        return await respond(request, "chat", lambda show: state["explainer"].reply(body, show))


def _rehearse(request: Request, body: ExplanationRequest | ChatRequest) -> Response:
    """Show what would leave, in the form in which the answer would be asked for."""
    shown = cast(State, request.state)["rehearsal"].show(body, stream=wants_events(request.headers))
    return Response(shown.model_dump_json(), media_type=DRY_RUN)
