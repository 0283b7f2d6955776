"""Loading the knowledge base, and refusing one with a gap in it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import ValidationError

from chat_service.knowledge.collection import NAMED_ELSEWHERE, Graph
from chat_service.knowledge.entry import Kind
from chat_service.knowledge.regions import Regions, publish
from chat_service.knowledge.schema import Knowledge
from chat_service.knowledge.texts import LanguageTexts
from chat_service.numbers import numbers_in

FOLDER = Path(__file__).parent
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The safe loader, the ten times faster one in C where PyYAML was built with it."""

BOTH_ENDS = 2


class KnowledgeInvalid(Exception):
    """The knowledge base cannot be used; the message names the file and the gap."""


def load_knowledge(folder: Path = FOLDER) -> Knowledge:
    """Read the knowledge base: one folder to a language, and what is common to all beside them.

    Raises:
        KnowledgeInvalid: if a file is missing or malformed, an id leads nowhere, or a figure has no source.
    """
    languages = sorted(path.name for path in folder.iterdir() if (path / "statements.yaml").is_file())
    content: dict[str, Any] = {
        "graph": {field: _read(folder / "graph" / f"{field}.yaml") for field in Graph.model_fields},
        "regions": _read(folder / "regions.yaml"),
        "topics": _read(folder / "topics.yaml"),
        "languages": {
            name: {field: _read(folder / name / f"{field}.yaml") for field in LanguageTexts.model_fields}
            for name in languages
        },
    }
    for name, texts in content["languages"].items():
        for kind in ("plain", "ordinary"):
            texts["words"][kind] = _read_words(folder / name / f"{kind}.txt")
        texts["words"]["weights"] = _read_bytes(folder / name / "classifier.bin")
    try:
        publish(content)
        _link_numbers(content)
        knowledge = Knowledge.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise KnowledgeInvalid(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    check(knowledge)
    return knowledge


def check(knowledge: Knowledge) -> None:
    """Refuse a knowledge base in which an id leads nowhere or a figure is not in its source.

    Raises:
        KnowledgeInvalid: naming the first gap.
    """
    if "en" not in knowledge.languages:
        raise KnowledgeInvalid("languages: English is missing, the language of last resort")
    _check_graph(knowledge.graph)
    _check_topics(knowledge)
    for name, texts in knowledge.languages.items():
        _check_language(knowledge, name, texts)


def _read(path: Path) -> Any:
    try:
        content = yaml.load(_read_text(path), LOADER)  # noqa: S506 - both loaders are the safe one
    except yaml.YAMLError as error:
        raise KnowledgeInvalid(f"{path.parent.name}/{path.name} cannot be read") from error
    if not isinstance(content, dict):
        raise KnowledgeInvalid(f"{path.parent.name}/{path.name} holds no entries")
    return content


def _read_words(path: Path) -> list[str]:
    """Read a list of words; a line that begins with `#` is a remark."""
    lines = _read_text(path).splitlines()
    return [word for line in lines if not line.startswith("#") for word in line.split()]


def _read_text(path: Path) -> str:
    try:
        return _read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise KnowledgeInvalid(f"{path.parent.name}/{path.name} cannot be read") from error


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KnowledgeInvalid(f"{path.parent.name}/{path.name} cannot be read") from error


def _link_numbers(content: dict[str, Any]) -> None:
    """Let findings lead to the sources of the numbers by country that belong to them."""
    numbers = Regions.model_validate(content["regions"]).numbers
    for finding in content["graph"]["findings"].values():
        if isinstance(finding, dict) and (kinds := finding.get("local_numbers")):
            finding["local_sources"] = [key for key, entry in numbers.items() if entry.kind in kinds]


def _check_graph(graph: Graph) -> None:
    """Refuse a graph that lacks what answers need, uses an id twice, or has an edge to the wrong place."""
    _require(get_args(Kind), graph.decisions, "graph.decisions")
    if len(graph.outlooks["untreated"].median if "untreated" in graph.outlooks else ()) != BOTH_ENDS:
        raise KnowledgeInvalid("graph.outlooks: untreated needs the two statistics of its median")
    types: dict[str, str] = {}
    for key, name, _ in graph.nodes():
        if key in types:
            raise KnowledgeInvalid(f"graph: {key} is a {types[key]} and a {name}; ids must differ")
        types[key] = name
    for edge in graph.edges():
        if types.get(edge.end) != edge.range:
            raise KnowledgeInvalid(
                f"graph: {edge.start} {edge.relation} {edge.end}, which is no {edge.range}"
            )


def _check_topics(knowledge: Knowledge) -> None:
    topics = knowledge.topics.values()
    _require(
        {key for topic in topics for key in (*topic.sources, *topic.calm_sources)},
        knowledge.sources,
        "topics.sources",
    )
    onward = {topic.more for topic in topics} | {topic.why for topic in topics}
    _require(onward - {None}, knowledge.topics, "topics.more or topics.why")


def _check_language(knowledge: Knowledge, name: str, texts: LanguageTexts) -> None:
    plan = knowledge.plan
    _require(knowledge.sources, texts.statements, f"{name}.statements")
    named = [key for key, type_, _ in knowledge.graph.nodes() if type_ not in NAMED_ELSEWHERE]
    _require(named, texts.labels, f"{name}.labels")
    _require(plan.kinds, texts.summaries, f"{name}.summaries")
    _require(plan.paragraphs, texts.paragraphs, f"{name}.paragraphs")
    _require(plan.actions, texts.actions, f"{name}.actions")
    _require(plan.specialists, texts.specialists, f"{name}.specialists")
    _require(plan.subtypes, texts.subtypes, f"{name}.subtypes")
    _require([*plan.modalities, "unknown"], texts.pictures.modalities, f"{name}.pictures.modalities")
    _require(plan.issues, texts.pictures.issues, f"{name}.pictures.issues")
    _require(knowledge.regions.countries, texts.regions.countries, f"{name}.regions.countries")
    _require(knowledge.topics, texts.chat.topics, f"{name}.chat.topics")
    calm = {key for key, topic in knowledge.topics.items() if topic.calm}
    _require(calm, (key for key, text in texts.chat.topics.items() if text.calm), f"{name}.chat.topics.calm")
    spoken = (key for key, text in texts.chat.topics.items() if text.patient and text.clinician)
    silent = {key for key, topic in knowledge.topics.items() if topic.tell}
    _require(set(knowledge.topics) - silent, spoken, f"{name}.chat.topics")
    for key, statistic in knowledge.statistics.items():
        stated = numbers_in(texts.statements[statistic.source])
        if not statistic.figures <= stated:
            raise KnowledgeInvalid(f"statistics.{key}: is not in the {name} statement of its source")


def _require(ids: Iterable[str | None], known: Iterable[str], place: str) -> None:
    missing = sorted(str(key) for key in set(ids) - set(known))
    if missing:
        raise KnowledgeInvalid(f"{place}: {', '.join(missing)} leads nowhere")
