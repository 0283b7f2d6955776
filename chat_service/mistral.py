"""The engine whose prose Mistral writes; facts, figures, people and stage stay the knowledge base's."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, TypeVar

from pydantic import ValidationError

from chat_service.case import Case
from chat_service.composer import Composer, Fact
from chat_service.conversation import Told
from chat_service.egress import Egress
from chat_service.engine import NoAnswer, Show
from chat_service.numbers import facts_of, stated_in
from chat_service.offline import KnowledgeBase, case_to_discuss, case_to_explain
from chat_service.prompt import Asked, Prompt, ask_for_explanation, ask_for_reply, load_prompt
from chat_service.prose import LeadIn, Prose
from chat_service.settings import MistralSettings
from chat_service.telling import BETWEEN
from chat_service.upstream import Upstream
from chat_service.writer import Rules, Writer
from contract import ChatReply, ChatRequest, Engine, Explanation, ExplanationRequest

SURVIVAL = {"survival", "untreated", "figures", "recurrence"}
"""Topics at which survival may be spoken of, without figures."""
MOST_FACTS = 2
"""Facts that follow the lead-in to a question that was not recognised."""
LAST_TURNS = 3
"""Turns in which a name may have been asked for. Only the last is sent, as far as it is recognised."""


class _ToExplain(NamedTuple):
    """What is known before Mistral is asked for an explanation."""

    case: Case
    composer: Composer
    facts: list[Fact]
    asked: Asked


class _ToReply(NamedTuple):
    """What is known before Mistral is asked for a lead-in."""

    case: Case
    told: Told
    facts: list[Fact]
    """What may follow the lead-in in our own wording, where the question was not recognised."""
    asked: Asked


class MistralExplainer:
    """Explains with prose from Mistral; raises `NoAnswer` when it is late, broken or unsafe."""

    def __init__(
        self, offline: KnowledgeBase, upstream: Upstream, settings: MistralSettings, egress: Egress
    ) -> None:
        self._knowledge = offline.knowledge
        self._writer = Writer(upstream, settings)
        self._conversation = offline.conversation
        self._egress = egress
        self._vocabularies = offline.vocabularies
        self._settings = settings
        self._explain, self._chat = load_prompt("explain"), load_prompt("chat")

    async def explain(self, request: ExplanationRequest, show: Show | None = None) -> Explanation:
        """Explain a prediction."""
        case, composer, facts, asked = self._prepare_explanation(request)
        whole = composer.compose(request)
        leaving = partial(self._egress.leaving, "explain", request)
        survival = case.malignant and case.include_prognosis
        rules = self._rules(case, asked, facts_of(whole), survival=survival)
        prose = await self._writer.write(Prose, asked, rules, leaving, show)
        chosen = {*prose.facts, *self._knowledge.plan.always, "subtype"}
        following = [*(fact.text for fact in facts if fact.id in chosen), composer.closing()]
        await _show_all(following, show)
        texts = {"summary": prose.summary, "explanation": BETWEEN.join([prose.explanation, *following])}
        return _checked(Explanation, {**dict(whole), **texts, "engine": self._engine(self._explain)})

    async def reply(self, request: ChatRequest, show: Show | None = None) -> ChatReply:
        """Answer the last question; Mistral is told its topic, and of its words those we recognise."""
        case, told, facts, asked = self._prepare_reply(request)
        leaving = partial(self._egress.leaving, "chat", request)
        survival = case.malignant and not SURVIVAL.isdisjoint(told.topics)
        rules = self._rules(case, asked, stated_in(told.citations), survival=survival)
        lead_in = await self._writer.write(LeadIn, asked, rules, leaving, show)
        chosen = [fact for fact in facts if fact.id in lead_in.facts][:MOST_FACTS]
        following = [*(fact.text for fact in chosen), told.text]
        await _show_all(following, show)
        cited = [key for fact in chosen for key in fact.sources]
        sources = {each.id: each for each in [*self._knowledge.cite(cited, case.language), *told.citations]}
        return _checked(
            ChatReply,
            {
                "reply": BETWEEN.join([lead_in.reply, *following]),
                "sources": list(sources.values()),
                "engine": self._engine(self._chat),
                "disclaimer": self._knowledge.languages[case.language].notices.disclaimer,
            },
        )

    def prepare(self, request: ExplanationRequest | ChatRequest, *, stream: bool) -> bytes:
        """Return the body that would be sent for a request.

        Raises:
            NoAnswer: if it is answered here.
        """
        if isinstance(request, ChatRequest):
            asked = self._prepare_reply(request).asked
        else:
            asked = self._prepare_explanation(request).asked
        return asked.serialise(self._settings, stream=stream)

    def _prepare_explanation(self, request: ExplanationRequest) -> _ToExplain:
        case = case_to_explain(request, self._knowledge)
        composer = Composer(self._knowledge, case)
        facts = composer.facts()
        return _ToExplain(case, composer, facts, ask_for_explanation(self._explain, case, _shareable(facts)))

    def _prepare_reply(self, request: ChatRequest) -> _ToReply:
        """Prepare a question; one that we do not recognise, but words of it, is asked beside all facts."""
        case = case_to_discuss(request, self._knowledge)
        told = self._conversation.discuss(request.messages, case)
        turns = [message.content for message in request.messages[-LAST_TURNS:]]
        words = self._vocabularies[case.language].keep_turns(turns)[-1]
        if told.local or not (told.topics or any(map(str.isalpha, words))):
            raise NoAnswer("local-topic")
        facts = [] if told.topics else _shareable(Composer(self._knowledge, case).facts())
        topic = told.topics[0] if told.topics else None
        given = [Fact("answer", told.text, []), *facts]
        return _ToReply(case, told, facts, ask_for_reply(self._chat, case, topic, words, given))

    def _rules(self, case: Case, asked: Asked, known: set[float], *, survival: bool) -> Rules:
        words = self._knowledge.languages[case.language].words
        return Rules(words, known, tuple(asked.facts.values()), case.kind, survival)

    def _engine(self, prompt: Prompt) -> Engine:
        return Engine(
            name="mistral", model=self._settings.model, prompt_version=prompt.version, fallback_reason=None
        )


def _shareable(facts: list[Fact]) -> list[Fact]:
    """Leave out the paragraphs that repeat what was entered: it is nobody else's business."""
    return [fact for fact in facts if not fact.id.startswith(("findings", "receptors", "her2"))]


async def _show_all(paragraphs: list[str], show: Show | None) -> None:
    if show:
        for paragraph in paragraphs:
            await show.text(f"{BETWEEN}{paragraph}")


Whole = TypeVar("Whole", Explanation, ChatReply)


def _checked(kind: Callable[..., Whole], fields: dict[str, object]) -> Whole:
    """Put an answer together; one that outgrew the contract is none."""
    try:
        return kind(**fields)
    except ValidationError as error:
        raise NoAnswer("invalid-answer") from error
