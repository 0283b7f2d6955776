"""The knowledge base as a whole."""

from functools import cached_property

from pydantic import PrivateAttr

from chat_service.knowledge.collection import Graph
from chat_service.knowledge.entry import Entry, Id
from chat_service.knowledge.nodes import Publication, Statistic
from chat_service.knowledge.plan import Plan, plan_of
from chat_service.knowledge.regions import Locality, Regions, settle
from chat_service.knowledge.talk import Topic
from chat_service.knowledge.texts import LanguageTexts
from contract import Source

MOST_LOCALITIES = 500
"""How many pairs of language and country are kept; others are settled each time."""


class Knowledge(Entry):
    """The whole knowledge base."""

    graph: Graph
    regions: Regions
    topics: dict[Id, Topic]
    languages: dict[str, LanguageTexts]
    _localities: dict[tuple[str, str | None], Locality] = PrivateAttr(default_factory=dict)

    @property
    def sources(self) -> dict[str, Publication]:
        """Every source."""
        return self.graph.sources

    @property
    def statistics(self) -> dict[str, Statistic]:
        """Every figure."""
        return self.graph.statistics

    @cached_property
    def plan(self) -> Plan:
        """What answers are made of."""
        return plan_of(self.graph)

    def language_of(self, tag: str) -> str:
        """Return the language to answer in: the primary subtag where we have it, else English."""
        primary = tag.partition("-")[0].lower()
        return primary if primary in self.languages else "en"

    def locality_of(self, language: str, country: str | None) -> Locality:
        """Return what fills the places for numbers of a country; None where none was named."""
        if (known := self._localities.get((language, country))) is not None:
            return known
        texts = self.languages[language]
        locality = settle(self.regions, texts.regions, language, country, texts.pictures.decimal)
        if len(self._localities) < MOST_LOCALITIES:
            self._localities[language, country] = locality
        return locality

    def cite(self, ids: list[str], language: str) -> list[Source]:
        """Return sources in the order in which they are first named."""
        statements = self.languages[language].statements
        found = ((key, self.sources[key]) for key in dict.fromkeys(ids))
        return [
            Source(id=key, citation=place.citation, url=place.url, statement=statements[key])
            for key, place in found
        ]
