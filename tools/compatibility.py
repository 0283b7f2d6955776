"""Which changes of an OpenAPI document break callers that were written for the one before.

What callers send must still be accepted, and what they get must still be what they were promised: fields and
kinds of answers may be added, and limits of requests may be widened, but not the other way round.
"""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

LOWEST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
HIGHEST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
EXACT = ("pattern", "format", "const")
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def find_breaks(before: Json, after: Json) -> list[str]:
    """Return what was broken, a line each; empty where every caller can go on."""
    found: list[str] = []
    for path, item in before["paths"].items():
        for method in filter(item.__contains__, METHODS):
            name = f"{method.upper()} {path}"
            operation = after["paths"].get(path, {}).get(method)
            if operation is None:
                found.append(f"{name}: the route was removed")
            else:
                found += [f"{name}: {each}" for each in _operation(item[method], operation, before, after)]
    return list(dict.fromkeys(found))


def _operation(old: Json, new: Json, before: Json, after: Json) -> Iterator[str]:
    yield from _parameters(old, new, before, after)
    yield from _bodies(old.get("requestBody", {}), new.get("requestBody", {}), before, after)
    if ({} in old.get("security", [{}])) and ({} not in new.get("security", [{}])):
        yield "a key is needed now"
    for status, answer in old["responses"].items():
        there = new["responses"].get(status)
        if there is not None:
            yield from _answers(status, answer, there, before, after)
        elif status.startswith("2"):
            yield f"answer {status}: removed"


def _parameters(old: Json, new: Json, before: Json, after: Json) -> Iterator[str]:
    olds, news = (
        {(each["in"], each["name"]): each for each in side.get("parameters", ())} for side in (old, new)
    )
    for place, each in olds.items():
        if place not in news:
            yield f"parameter {place[1]}: removed"
        else:
            yield from Narrowing(before, after).find(
                each["schema"], news[place]["schema"], f"parameter {place[1]}"
            )
    for place, each in news.items():
        if each.get("required") and not olds.get(place, {}).get("required"):
            yield f"parameter {place[1]}: needed now"


def _bodies(old: Json, new: Json, before: Json, after: Json) -> Iterator[str]:
    if new.get("required") and not old.get("required"):
        yield "body: needed now"
    for kind, content in old.get("content", {}).items():
        there = new.get("content", {}).get(kind)
        if there is None:
            yield f"body: {kind} is no longer accepted"
        else:
            yield from Narrowing(before, after).find(content["schema"], there["schema"], "body")


def _answers(status: str, old: Json, new: Json, before: Json, after: Json) -> Iterator[str]:
    for name in old.get("headers", {}).keys() - new.get("headers", {}).keys():
        yield f"answer {status}: header {name} was removed"
    for kind, content in old.get("content", {}).items():
        there = new.get("content", {}).get(kind)
        if there is None:
            yield f"answer {status}: {kind} was removed"
        else:
            place = f"answer {status}"
            yield from _removed(content.get("schema", {}), there.get("schema", {}), before, after, place)
            # The reader of before must accept what is written after.
            yield from Narrowing(after, before, reading=True).find(
                there.get("schema", {}), content.get("schema", {}), place
            )


def _removed(old: Json, new: Json, before: Json, after: Json, place: str, depth: int = 0) -> Iterator[str]:
    """Find fields of an answer that are gone, also those that were not always there."""
    for one in _alternatives(old, before):
        others = [each for each in _alternatives(new, after) if _kind(each) == _kind(one)]
        if not others or depth > 12:  # noqa: PLR2004 - deeper than any answer; they may hold themselves
            continue
        for name, field in one.get("properties", {}).items():
            fields = [each["properties"][name] for each in others if name in each.get("properties", {})]
            if not fields:
                yield f"{place}.{name}: removed"
            else:
                yield from _removed(field, fields[0], before, after, f"{place}.{name}", depth + 1)
        if "items" in one and "items" in others[0]:
            yield from _removed(one["items"], others[0]["items"], before, after, f"{place}[]", depth + 1)


class Narrowing:
    """Finds what the schemas of one document accept and those of another do not.

    Args:
        wide: The document whose values must all be accepted.
        narrow: The document that must accept them.
        reading: Whether fields that the other does not know are passed over, as readers do.
    """

    def __init__(self, wide: Json, narrow: Json, *, reading: bool = False) -> None:
        self._wide = wide
        self._narrow = narrow
        self._reading = reading
        self._seen: set[tuple[str, str]] = set()

    def find(self, wide: Json, narrow: Json, place: str) -> Iterator[str]:
        """Return how `narrow` accepts less than `wide`."""
        pair = (str(wide.get("$ref")), str(narrow.get("$ref")))
        if "$ref" in wide and "$ref" in narrow:
            if pair in self._seen:
                return
            self._seen.add(pair)
        choices = _alternatives(narrow, self._narrow)
        for one in _alternatives(wide, self._wide):
            accounts = [list(self._compare(one, each, place)) for each in choices if _fits(one, each)]
            if not accounts:
                yield f"{place}: {_kind(one)} {'is new' if self._reading else 'is no longer accepted'}"
            else:
                yield from min(accounts, key=len)

    def _compare(self, wide: Json, narrow: Json, place: str) -> Iterator[str]:
        yield from _limits(wide, narrow, place)
        known = narrow.get("properties", {})
        for name, field in wide.get("properties", {}).items():
            if name in known:
                yield from self.find(field, known[name], f"{place}.{name}")
            elif not self._reading and narrow.get("additionalProperties") is False:
                yield f"{place}.{name}: removed"
        for name in sorted(set(narrow.get("required", ())) - set(wide.get("required", ()))):
            yield f"{place}.{name}: {'not always there now' if self._reading else 'needed now'}"
        for keyword in ("items", "additionalProperties"):
            inner = wide.get(keyword), narrow.get(keyword)
            if all(isinstance(each, dict) for each in inner):
                yield from self.find(*inner, f"{place}[]")  # type: ignore[arg-type]  # both are, as was asked


def _limits(wide: Json, narrow: Json, place: str) -> Iterator[str]:
    lost = set(map(str, wide.get("enum", ()))) - set(map(str, narrow.get("enum", ())))
    if "enum" in narrow and ("enum" not in wide or lost):
        yield f"{place}: values were taken from, or added to, its list"
    for keyword in LOWEST:
        if keyword in narrow and narrow[keyword] > wide.get(keyword, float("-inf")):
            yield f"{place}: {keyword} changed"
    for keyword in HIGHEST:
        if keyword in narrow and narrow[keyword] < wide.get(keyword, float("inf")):
            yield f"{place}: {keyword} changed"
    for keyword in EXACT:
        if keyword in narrow and narrow[keyword] != wide.get(keyword):
            yield f"{place}: {keyword} changed"


def _alternatives(schema: Json, document: Json) -> list[Json]:
    """Return the schemas of which a value has one, references followed."""
    if "$ref" in schema:
        return _alternatives(document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], document)
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            return [one for each in schema[keyword] for one in _alternatives(each, document)]
    return [schema]


def _kind(schema: Json) -> str:
    return str(schema.get("type", "anything"))


def _fits(wide: Json, narrow: Json) -> bool:
    kinds = _kind(wide), _kind(narrow)
    return kinds[0] == kinds[1] or kinds[1] == "anything" or kinds == ("integer", "number")
