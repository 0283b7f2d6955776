"""The HTTP face of the chat service: `POST /explain` and `POST /chat`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict, cast

import httpx
from fastapi import Body, FastAPI
from starlette.requests import Request

from chat_service.completion import open_client
from chat_service.engine import Explainer, Fallback
from chat_service.knowledge import Knowledge, load_knowledge
from chat_service.metrics import ChatMetrics
from chat_service.mistral import MistralExplainer
from chat_service.offline import KnowledgeBase
from chat_service.openapi import CHAT_BODIES, EXPLAIN_BODIES, PROBLEMS, explained, replied
from chat_service.settings import Settings
from contract import ChatReply, ChatRequest, Explanation, ExplanationRequest
from web.app import create_service
from web.metrics import create_registry
from web.signing import Seal

DESCRIPTION = (
    "Explains the reading of a breast tissue image: what it means, what to do next, whom to see, what can be "
    "said about the stage, and, where figures are wanted, what is known about untreated disease. "
    "For education and research only: not a diagnosis, not a medical device."
)


class State(TypedDict):
    """What lives as long as the service."""

    explainer: Explainer
    seal: Seal
    metrics: ChatMetrics


def create_app(settings: Settings, *, transport: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """Create the service; `transport` replaces the network towards Mistral.

    Raises:
        KnowledgeInvalid: if the knowledge base has a gap; the service never starts with one.
        KeysUnusable: if there is a file of API keys that cannot be used.
    """
    knowledge, registry = load_knowledge(), create_registry()
    metrics = ChatMetrics(registry)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[State]:
        async with open_client(settings.mistral, transport) as client:
            yield {
                "explainer": choose_explainer(settings, knowledge, client, metrics),
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
        problems=PROBLEMS,
        why_not_ready=lambda _: None,
    )
    add_routes(app, knowledge)
    return app


def choose_explainer(
    settings: Settings, knowledge: Knowledge, client: httpx.AsyncClient, metrics: ChatMetrics
) -> Explainer:
    """Put Mistral before the knowledge base where there is a key."""
    offline = KnowledgeBase(knowledge)
    if settings.mistral.api_key is None:
        return offline
    return Fallback(MistralExplainer(knowledge, client, settings.mistral, metrics), offline)


def add_routes(app: FastAPI, knowledge: Knowledge) -> None:
    """Add the two routes; bodies that do not fit are refused before they get here."""

    @app.post(
        "/explain", tags=["explanation"], summary="Explain a prediction", responses=explained(knowledge)
    )
    async def explain(
        body: Annotated[ExplanationRequest, Body(openapi_examples=EXPLAIN_BODIES)], request: Request
    ) -> Explanation:
        """Explain a prediction: always a whole explanation, within 20 seconds.

        A service with a signing key explains signed predictions only; others are a 403.
        """
        state = cast(State, request.state)
        state["seal"].verify(body.prediction)
        explanation = await state["explainer"].explain(body)
        state["metrics"].answered("explain", explanation.engine)
        return explanation

    @app.post("/chat", tags=["explanation"], summary="Answer a question", responses=replied(knowledge))
    async def chat(
        body: Annotated[ChatRequest, Body(openapi_examples=CHAT_BODIES)], request: Request
    ) -> ChatReply:
        """Answer a question about a prediction. What was asked is neither kept nor sent on.

        As with `/explain`, the prediction must be signed where there is a signing key.
        """
        state = cast(State, request.state)
        state["seal"].verify(body.prediction)
        reply = await state["explainer"].reply(body)
        state["metrics"].answered("chat", reply.engine)
        return reply
