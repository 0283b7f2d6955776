"""The engine whose prose Mistral writes; facts, figures, people and stage stay the knowledge base's."""

from typing import Annotated, Any, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chat_service.case import Case
from chat_service.completion import complete
from chat_service.composer import Composer, Fact
from chat_service.conversation import answer, recognise
from chat_service.engine import NoAnswer
from chat_service.guard import objections
from chat_service.knowledge import Knowledge
from chat_service.metrics import ChatMetrics
from chat_service.numbers import facts_of, stated_in
from chat_service.offline import case_to_discuss, case_to_explain
from chat_service.prompt import Prompt, explanation_body, load_prompt, reply_body
from chat_service.settings import MistralSettings
from contract import DISCLAIMER, ChatReply, ChatRequest, Engine, Explanation, ExplanationRequest


class _Answer(BaseModel):
    """What Mistral must answer; anything else is broken."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Prose(_Answer):
    """The prose of an explanation, and the facts whose own wording should follow it."""

    summary: Annotated[str, Field(min_length=1, max_length=1200)]
    explanation: Annotated[str, Field(min_length=1, max_length=5000)]
    facts: Annotated[list[str], Field(max_length=50)]


class LeadIn(_Answer):
    """A lead-in to an answer of the knowledge base."""

    reply: Annotated[str, Field(min_length=1, max_length=1200)]


class MistralExplainer:
    """Explains with prose from Mistral; raises `NoAnswer` when it is late, broken or unsafe."""

    def __init__(
        self, knowledge: Knowledge, client: httpx.AsyncClient, settings: MistralSettings, metrics: ChatMetrics
    ) -> None:
        self._knowledge = knowledge
        self._client = client
        self._settings = settings
        self._metrics = metrics
        self._explain, self._chat = load_prompt("explain"), load_prompt("chat")

    async def explain(self, request: ExplanationRequest) -> Explanation:
        """Explain a prediction."""
        case = case_to_explain(request, self._knowledge)
        composer = Composer(self._knowledge, case)
        whole, facts = composer.compose(request), composer.facts()
        body = explanation_body(self._settings.model, self._explain, case, _shareable(facts))
        prose = _parse(Prose, await self._ask(body))
        if not set(prose.facts) <= {fact.id for fact in facts}:
            raise NoAnswer("invalid-answer")
        self._guard([prose.summary, prose.explanation], case, facts_of(whole))
        chosen = {*prose.facts, *self._knowledge.plan.always, "subtype"}
        following = [fact.text for fact in facts if fact.id in chosen]
        return whole.model_copy(
            update={
                "summary": prose.summary,
                "explanation": "\n\n".join([prose.explanation, *following, composer.closing()]),
                "engine": self._engine(self._explain),
            }
        )

    async def reply(self, request: ChatRequest) -> ChatReply:
        """Answer the last question; Mistral is told its topic, never its words."""
        case = case_to_discuss(request, self._knowledge)
        topic = recognise(request.messages[-1].content, self._knowledge.languages[case.language].chat)
        if topic is None or topic.local:
            raise NoAnswer("local-topic")
        told = answer(topic, case, self._knowledge)
        sources = self._knowledge.cite(told.sources, case.language)
        body = reply_body(self._settings.model, self._chat, case, topic.id, told.text)
        lead_in = _parse(LeadIn, await self._ask(body))
        self._guard([lead_in.reply], case, stated_in(sources))
        reply = f"{lead_in.reply}\n\n{told.text}"
        return ChatReply(reply=reply, sources=sources, engine=self._engine(self._chat), disclaimer=DISCLAIMER)

    async def _ask(self, body: dict[str, Any]) -> str:
        with self._metrics.asking():
            return await complete(self._client, self._settings, body)

    def _guard(self, texts: list[str], case: Case, known: set[float]) -> None:
        words = self._knowledge.languages[case.language].words
        allowed = case.malignant and case.include_prognosis
        for text in texts:
            if objections(text, words, known_numbers=known, survival_allowed=allowed):
                raise NoAnswer("unsafe-answer")

    def _engine(self, prompt: Prompt) -> Engine:
        return Engine(
            name="mistral", model=self._settings.model, prompt_version=prompt.version, fallback_reason=None
        )


def _shareable(facts: list[Fact]) -> list[Fact]:
    """Leave out the paragraphs that repeat what was entered: it is nobody else's business."""
    return [fact for fact in facts if not fact.id.startswith(("findings", "receptors", "her2"))]


Answered = TypeVar("Answered", bound=_Answer)


def _parse(kind: type[Answered], text: str) -> Answered:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise NoAnswer("invalid-answer") from error
