"""The engine that needs nothing but the knowledge base."""

from functools import cache, cached_property

from chat_service.case import Case, read_case
from chat_service.composer import OFFLINE, Composer
from chat_service.conversation import Conversation
from chat_service.engine import Show
from chat_service.identifiers import Own, read_own
from chat_service.knowledge import Knowledge, load_knowledge
from chat_service.vocabulary import Vocabulary
from chat_service.wordlist import read_words
from contract import ChatReply, ChatRequest, Explanation, ExplanationRequest


def case_to_explain(request: ExplanationRequest, knowledge: Knowledge) -> Case:
    """Read what is to be explained."""
    return read_case(
        request.prediction,
        knowledge,
        audience=request.audience,
        language=request.language,
        clinical=request.clinical,
        include_prognosis=request.include_prognosis,
    )


def case_to_discuss(request: ChatRequest, knowledge: Knowledge) -> Case:
    """Read what is asked about; who asks for figures wants them."""
    return read_case(
        request.prediction,
        knowledge,
        audience=request.audience,
        language=request.language,
        include_prognosis=True,
    )


class KnowledgeBase:
    """Explains from the knowledge base: offline, deterministic, and never without an answer."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.conversation = Conversation(knowledge)

    @cached_property
    def vocabularies(self) -> dict[str, Vocabulary]:
        """The words of each language that may leave the house in a question."""
        return {name: Vocabulary.of(self.knowledge, name) for name in self.knowledge.languages}

    @cached_property
    def own(self) -> dict[str, Own]:
        """What of our texts in each language may leave; read once, as it takes a second or two."""
        common = read_own([self.knowledge.model_dump(exclude={"languages"})])
        return {
            name: common | read_own([texts.model_dump()], read_words(self.knowledge, name).words)
            for name, texts in self.knowledge.languages.items()
        }

    def prepare_to_guard(self) -> None:
        """Read now what prose of a model is judged by: it takes seconds, and the first one would wait."""
        _ = self.own
        for texts in self.knowledge.languages.values():
            _ = texts.words.lexicon, texts.words.vocabulary

    async def explain(self, request: ExplanationRequest, show: Show | None = None) -> Explanation:
        """Explain a prediction."""
        explanation = self.compose(request)
        await _show_paragraphs(f"{explanation.summary}\n\n{explanation.explanation}", show)
        return explanation

    async def reply(self, request: ChatRequest, show: Show | None = None) -> ChatReply:
        """Answer the last question."""
        reply = self.converse(request)
        await _show_paragraphs(reply.reply, show)
        return reply

    def compose(self, request: ExplanationRequest) -> Explanation:
        """Explain a prediction, for callers that do not wait."""
        return Composer(self.knowledge, case_to_explain(request, self.knowledge)).compose(request)

    def converse(self, request: ChatRequest) -> ChatReply:
        """Answer the last question, for callers that do not wait."""
        case = case_to_discuss(request, self.knowledge)
        told = self.conversation.discuss(request.messages, case)
        return ChatReply(
            reply=told.text,
            sources=told.citations,
            engine=OFFLINE,
            disclaimer=self.knowledge.languages[case.language].notices.disclaimer,
        )


@cache
def open_knowledge_base() -> KnowledgeBase:
    """Return the engine with the facts that come with the service; a process builds it once.

    Raises:
        KnowledgeInvalid: if they have a gap.
    """
    return KnowledgeBase(load_knowledge())


async def _show_paragraphs(text: str, show: Show | None) -> None:
    if show:
        for number, paragraph in enumerate(text.split("\n\n")):
            await show.text(f"\n\n{paragraph}" if number else paragraph)
