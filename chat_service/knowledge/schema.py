"""The knowledge base as a whole."""

from chat_service.knowledge.entry import Entry, Id
from chat_service.knowledge.plan import Plan, Publication, Statistic
from chat_service.knowledge.texts import LanguageTexts
from contract import Source


class Knowledge(Entry):
    """The whole knowledge base."""

    sources: dict[Id, Publication]
    statistics: dict[Id, Statistic]
    plan: Plan
    languages: dict[str, LanguageTexts]

    def language_of(self, tag: str) -> str:
        """Return the language to answer in: the primary subtag where we have it, else English."""
        primary = tag.partition("-")[0].lower()
        return primary if primary in self.languages else "en"

    def cite(self, ids: list[str], language: str) -> list[Source]:
        """Return sources in the order in which they are first named."""
        statements = self.languages[language].statements
        found = ((key, self.sources[key]) for key in dict.fromkeys(ids))
        return [
            Source(id=key, citation=place.citation, url=place.url, statement=statements[key])
            for key, place in found
        ]
