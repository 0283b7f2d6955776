"""The knowledge base: cited facts, and the texts made of them, in one folder to a language."""

from chat_service.knowledge.load import KnowledgeInvalid, load_knowledge
from chat_service.knowledge.schema import Knowledge, LanguageTexts, Voices

__all__ = ["Knowledge", "KnowledgeInvalid", "LanguageTexts", "Voices", "load_knowledge"]
