"""Loading the knowledge base, and refusing one with a gap in it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from chat_service.knowledge.regions import publish
from chat_service.knowledge.schema import Knowledge
from chat_service.knowledge.texts import LanguageTexts
from chat_service.numbers import numbers_in

FOLDER = Path(__file__).parent


class KnowledgeInvalid(Exception):
    """The knowledge base cannot be used; the message names the file and the gap."""


def load_knowledge(folder: Path = FOLDER) -> Knowledge:
    """Read the knowledge base: one folder to a language, and what is common to all beside them.

    Raises:
        KnowledgeInvalid: if a file is missing or malformed, an id leads nowhere, or a figure has no source.
    """
    languages = sorted(path.name for path in folder.iterdir() if (path / "statements.yaml").is_file())
    content = {name: _read(folder / f"{name}.yaml") for name in ("sources", "statistics", "plan", "regions")}
    content["languages"] = {
        name: {field: _read(folder / name / f"{field}.yaml") for field in LanguageTexts.model_fields}
        for name in languages
    }
    try:
        publish(content)
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
    _check_plan(knowledge)
    for name, texts in knowledge.languages.items():
        _check_language(knowledge, name, texts)


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise KnowledgeInvalid(f"{path.parent.name}/{path.name} cannot be read") from error


def _check_plan(knowledge: Knowledge) -> None:
    plan = knowledge.plan
    for kind, outline in plan.kinds.items():
        _require(outline.paragraphs, plan.paragraphs, f"plan.kinds.{kind}.paragraphs")
        _require(outline.actions, plan.actions, f"plan.kinds.{kind}.actions")
        _require(outline.specialists, plan.specialists, f"plan.kinds.{kind}.specialists")
    subtypes = plan.subtypes.values()
    _require({entry.first_action for entry in subtypes} - {None}, plan.actions, "plan.subtypes")
    _require({entry.specialist for entry in subtypes} - {None}, plan.specialists, "plan.subtypes")
    _require(plan.always, plan.paragraphs, "plan.always")
    median = plan.survival.median
    figures = [median.low, median.high, *plan.survival.points, *plan.stage.distribution.values()]
    _require(figures, knowledge.statistics, "plan.survival or plan.stage")
    _require(_cited(knowledge), knowledge.sources, "plan or statistics")


def _cited(knowledge: Knowledge) -> set[str]:
    plan = knowledge.plan
    lists = [plan.stage.sources, plan.survival.sources]
    lists += [*plan.paragraphs.values(), *plan.specialists.values()]
    lists += [action.sources for action in plan.actions.values()]
    lists += [subtype.sources for subtype in plan.subtypes.values()]
    return {statistic.source for statistic in knowledge.statistics.values()}.union(*lists)


def _check_language(knowledge: Knowledge, name: str, texts: LanguageTexts) -> None:
    plan = knowledge.plan
    _require(knowledge.sources, texts.statements, f"{name}.statements")
    _require(plan.kinds, texts.summaries, f"{name}.summaries")
    _require(plan.paragraphs, texts.paragraphs, f"{name}.paragraphs")
    _require(plan.actions, texts.actions, f"{name}.actions")
    _require(plan.specialists, texts.specialists, f"{name}.specialists")
    _require(plan.subtypes, texts.subtypes, f"{name}.subtypes")
    _require([*plan.modalities, "unknown"], texts.pictures.modalities, f"{name}.pictures.modalities")
    _require(plan.issues, texts.pictures.issues, f"{name}.pictures.issues")
    _require(knowledge.regions.countries, texts.regions.countries, f"{name}.regions.countries")
    chat = texts.chat
    cited = set(chat.survival.sources).union(*(entry.sources for entry in (*chat.topics, chat.other)))
    _require(cited, knowledge.sources, f"{name}.chat")
    for key, statistic in knowledge.statistics.items():
        stated = numbers_in(texts.statements[statistic.source])
        if not statistic.figures <= stated:
            raise KnowledgeInvalid(f"statistics.{key}: is not in the {name} statement of its source")


def _require(ids: Iterable[str | None], known: Iterable[str], place: str) -> None:
    missing = sorted(str(key) for key in set(ids) - set(known))
    if missing:
        raise KnowledgeInvalid(f"{place}: {', '.join(missing)} leads nowhere")
