"""Numbers that depend on the country, and how they are said in a language.

A request names its country in the language tag (`de-AT`). Texts leave a place open (`{emergency}`). It is
filled with the country's number, with those of all countries where the language is spoken if none was named,
and with general words where nothing is known.
"""

from collections.abc import Iterable, Iterator, Mapping
from string import Formatter
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, Field

from chat_service.knowledge.entry import Entry, Id, fillable
from chat_service.knowledge.nodes import Publication

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Number = Annotated[str, Field(min_length=1, max_length=40)]
LocalKind = Literal["emergency", "crisis_line", "fever", "referral", "young_relative"]
Said = Annotated[
    str,
    Field(min_length=1, max_length=300),
    AfterValidator(fillable({"numbers", "first", "second", "name", "countries", "list"})),
]
ALIASES = {"UK": "GB"}
"""Codes that people write for others."""


class LocalNumber(Entry):
    """Numbers of some countries; without a publication the source has the same id."""

    kind: LocalKind
    countries: Annotated[list[Country], Field(min_length=1)]
    numbers: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=40)]], Field(min_length=1, max_length=3)
    ]
    name: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    texting: bool = False
    publication: Publication | None = None


class Regions(Entry):
    """What is known of which country."""

    groups: dict[Country, list[Country]]
    spoken: dict[str, list[Country]]
    numbers: dict[Id, LocalNumber]

    @property
    def countries(self) -> set[str]:
        """Countries and groups whose names are needed."""
        return {country for entry in self.numbers.values() for country in entry.countries}

    def find(self, kind: LocalKind, country: str) -> tuple[str, LocalNumber] | None:
        """Return the numbers of a country, else those of a group it belongs to."""
        for place in (country, *(group for group, members in self.groups.items() if country in members)):
            for key, entry in self.numbers.items():
                if entry.kind == kind and place in entry.countries:
                    return key, entry
        return None


class LocalWords(Entry):
    """How one kind of number is said."""

    known: Said
    unknown: Said
    listed: Said | None = None
    short: Said | None = None
    heading: Said | None = None
    texting: Said | None = None
    statement: Said | None = None


class RegionTexts(Entry):
    """How numbers of countries are said in a language."""

    countries: dict[Country, Said]
    either: Annotated[Said, Field(alias="or")]
    entry: Said
    emergency: LocalWords
    crisis_line: LocalWords
    fever: LocalWords
    referral: LocalWords
    young_relative: LocalWords


class Locality(NamedTuple):
    """What fills the places of texts for one language and country, and the sources of each."""

    places: Mapping[str, str]
    sources: Mapping[str, tuple[str, ...]]
    general: Mapping[str, str] = {}
    """General words for what is listed because no country was named."""
    lists: Mapping[str, str] = {}
    """The numbers of all countries, one to a line."""

    def cited_by(self, text: str) -> list[str]:
        """Return the sources of the numbers that the places of a text stand for."""
        if "{" not in text:
            return []
        return [
            key for _, place, _, _ in Formatter().parse(text) for key in self.sources.get(place or "", ())
        ]


def country_of(tag: str) -> str | None:
    """Return the country of a BCP 47 language tag; a group of countries, as in `es-419`, is none."""
    for part in tag.split("-")[1:]:
        if len(part) == 1:
            return None
        if len(part) == 2:  # noqa: PLR2004 - as BCP 47 has it
            return ALIASES.get(part.upper(), part.upper())
    return None


def settle(
    regions: Regions, texts: RegionTexts, language: str, country: str | None, decimal: str
) -> Locality:
    """Say every kind of number for a language and a country."""
    places: dict[str, str] = {}
    sources: dict[str, tuple[str, ...]] = {}
    general: dict[str, str] = {}
    lists: dict[str, str] = {}
    for kind, words in _words(texts):
        said = _Speaker(texts, words, decimal)
        if country is None and words.listed is not None:
            entries = _entries(regions, kind, regions.spoken.get(language, []))
            places[kind] = said.all_of(entries)
            if len(entries) > 1 and words.heading is not None:
                general[kind], lists[kind] = words.unknown, said.lines(entries)
        else:
            entries = _entries(regions, kind, [country] if country else [])
            places[kind] = said.one(*entries.values()) if entries else words.unknown
        sources[kind] = tuple(entries)
    return Locality(places, sources, general, lists)


def publish(content: dict[str, Any]) -> None:
    """Add the publications of numbers to the sources, and what they say to the statements of each language.

    Statements are made here, so that a number stands in one file only.
    """
    regions = Regions.model_validate(content["regions"])
    published = {key: entry for key, entry in regions.numbers.items() if entry.publication}
    content["graph"]["sources"] |= {key: entry.publication for key, entry in published.items()}
    for language in content["languages"].values():
        texts = RegionTexts.model_validate(language["regions"])
        decimal = str(language["pictures"].get("decimal", "."))
        for key, entry in published.items():
            words = dict(_words(texts))[entry.kind]
            language["statements"][key] = _Speaker(texts, words, decimal).statement(entry)


class _Speaker:
    """Says numbers of one kind."""

    def __init__(self, texts: RegionTexts, words: LocalWords, decimal: str) -> None:
        self._texts = texts
        self._words = words
        self._decimal = decimal

    def one(self, entry: LocalNumber) -> str:
        pattern = self._words.texting if entry.texting and self._words.texting else self._words.known
        return self._fill(pattern, entry)

    def all_of(self, entries: Mapping[str, LocalNumber]) -> str:
        if not entries or self._words.listed is None:
            return self._words.unknown
        return self._words.listed.format(list="; ".join(self._each(entries)))

    def lines(self, entries: Mapping[str, LocalNumber]) -> str:
        """List numbers one to a line, under their heading."""
        return "\n- ".join([self._words.heading or "", *self._each(entries)])

    def _each(self, entries: Mapping[str, LocalNumber]) -> Iterator[str]:
        shared: dict[str, list[str]] = {}
        for entry in entries.values():
            shared.setdefault(self._fill(self._words.short or self._words.known, entry), []).extend(
                entry.countries
            )
        for said, countries in shared.items():
            yield self._texts.entry.format(countries=self._name(countries), numbers=said)

    def statement(self, entry: LocalNumber) -> str:
        return self._fill(self._words.statement or self._words.known, entry)

    def _fill(self, pattern: str, entry: LocalNumber) -> str:
        numbers = [number.replace(".", self._decimal) for number in entry.numbers]
        joined = numbers[0]
        for number in numbers[1:]:
            joined = self._texts.either.format(first=joined, second=number)
        return pattern.format(
            numbers=joined,
            first=numbers[0],
            second=numbers[-1],
            name=entry.name or "",
            countries=self._name(entry.countries),
        )

    def _name(self, countries: Iterable[str]) -> str:
        return ", ".join(self._texts.countries.get(country, country) for country in dict.fromkeys(countries))


def _words(texts: RegionTexts) -> Iterator[tuple[LocalKind, LocalWords]]:
    yield "emergency", texts.emergency
    yield "crisis_line", texts.crisis_line
    yield "fever", texts.fever
    yield "referral", texts.referral
    yield "young_relative", texts.young_relative


def _entries(regions: Regions, kind: LocalKind, countries: Iterable[str]) -> dict[str, LocalNumber]:
    found = (regions.find(kind, country) for country in countries)
    return dict(entry for entry in found if entry)
