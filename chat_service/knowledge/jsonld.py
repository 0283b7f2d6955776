"""JSON-LD with a context, for readers; what the store writes has every name in full."""

import json
from collections.abc import Iterable
from typing import Any

from pyoxigraph import RdfFormat, Triple, serialize

from chat_service.knowledge.vocabulary import PREFIXES

TYPE = f"{PREFIXES['rdf']}type"


def written_as_json_ld(triples: Iterable[Triple]) -> bytes:
    """Write triples as JSON-LD in which prefixes stand for the beginnings of names."""
    full = json.loads(serialize(triples, format=RdfFormat.JSON_LD) or b"[]")
    document = {"@context": PREFIXES, "@graph": [_compact(entry) for entry in full]}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _compact(entry: dict[str, Any]) -> dict[str, Any]:
    compact: dict[str, Any] = {}
    for name, value in entry.items():
        if name == "@id":
            compact[name] = _short(value)
        elif name == TYPE:
            compact["@type"] = [_short(item["@id"]) for item in value]
        else:
            compact[_short(name)] = [_value(item) for item in value]
    return compact


def _value(item: dict[str, Any]) -> Any:
    if "@id" in item:
        return {"@id": _short(item["@id"])}
    if "@type" in item:
        return {**item, "@type": _short(item["@type"])}
    return item if "@language" in item else item["@value"]


def _short(iri: str) -> str:
    for prefix, start in PREFIXES.items():
        if iri.startswith(start):
            return f"{prefix}:{iri.removeprefix(start)}"
    return iri
