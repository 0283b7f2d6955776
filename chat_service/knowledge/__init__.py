"""The knowledge base: cited facts, and the texts made of them, in one folder to a language."""

from chat_service.knowledge.entry import Kind, Voices
from chat_service.knowledge.load import KnowledgeInvalid, load_knowledge
from chat_service.knowledge.plan import Plan
from chat_service.knowledge.schema import Knowledge
from chat_service.knowledge.talk import ChatTexts, Part, TalkWords, Topic
from chat_service.knowledge.texts import LanguageTexts
from chat_service.knowledge.words import Words

__all__ = [
    "ChatTexts",
    "Kind",
    "Knowledge",
    "KnowledgeInvalid",
    "LanguageTexts",
    "Part",
    "Plan",
    "TalkWords",
    "Topic",
    "Voices",
    "Words",
    "load_knowledge",
]
