"""What Mistral is asked: a template from a file, codes of our own, and facts by id."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chat_service.case import Case
from chat_service.composer import Fact
from chat_service.settings import MistralSettings

FOLDER = Path(__file__).parent / "prompts"
TEMPERATURE = 0.2
MAX_TOKENS = 1600
"""Enough for what is asked for, also in a language that takes several tokens a word."""


@dataclass(frozen=True)
class Prompt:
    """A prompt template and its version."""

    version: str
    text: str


def load_prompt(name: str) -> Prompt:
    """Read a template: a line `version: ...`, a line of three dashes, then the text."""
    head, _, text = (FOLDER / f"{name}.md").read_text("utf-8").partition("\n---\n")
    return Prompt(version=head.removeprefix("version: ").strip(), text=text.strip())


@dataclass(frozen=True)
class Asked:
    """What Mistral is asked: everything that leaves the house but model, seed and the form of transport."""

    messages: list[dict[str, str]]
    name: str
    schema: dict[str, Any]
    facts: dict[str, str]
    """Texts of the facts that are handed over, by their ids."""

    def serialise(self, settings: MistralSettings, *, attempt: int = 0, stream: bool = False) -> bytes:
        """Return the request as it is sent.

        Args:
            settings: Model, seed and form of the answer.
            attempt: Each has a seed of its own.
            stream: Whether the answer is to come piece by piece.
        """
        form: dict[str, Any] = {"type": settings.response_format}
        if settings.response_format == "json_schema":
            form["json_schema"] = {"name": self.name, "schema": self.schema, "strict": True}
        body = {
            "model": settings.model,
            "messages": self.messages,
            "temperature": TEMPERATURE,
            "random_seed": settings.seed + attempt,
            "max_tokens": MAX_TOKENS,
            "response_format": form,
        }
        return json.dumps(body | ({"stream": True} if stream else {}), ensure_ascii=False).encode()


def ask_for_explanation(prompt: Prompt, case: Case, facts: list[Fact]) -> Asked:
    """Ask for the prose of an explanation."""
    fields = {"summary": {"type": "string"}, "explanation": {"type": "string"}, "facts": _ids(facts)}
    return _ask(prompt, "explanation", fields, {**_codes(case), "facts": _given(facts)})


def ask_for_reply(prompt: Prompt, case: Case, topic: str | None, words: str, facts: list[Fact]) -> Asked:
    """Ask for a lead-in to an answer.

    Args:
        prompt: The template.
        case: What the question is about.
        topic: What we took the question for, if we recognised it.
        words: Those words of the question that stand in our own lists.
        facts: What may be said.
    """
    codes = {**_codes(case), "topic": topic, "words": words, "facts": _given(facts)}
    return _ask(prompt, "reply", {"reply": {"type": "string"}, "facts": _ids(facts)}, codes)


def _ids(facts: list[Fact]) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string", "enum": [fact.id for fact in facts]}}


def _codes(case: Case) -> dict[str, str | None]:
    """Return all that leaves the house about a request: codes of our own, and nothing as it was sent."""
    return {
        "decision": case.kind,
        "leaning": case.lean if case.kind in {"benign", "malignant"} else None,
        "subtype": case.subtype,
        "modality": case.modality,
        "audience": case.audience,
        "language": case.language,
    }


def _given(facts: list[Fact]) -> list[dict[str, str]]:
    return [{"id": fact.id, "text": fact.text} for fact in facts]


def _ask(prompt: Prompt, name: str, fields: dict[str, Any], content: dict[str, Any]) -> Asked:
    schema = {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }
    messages = [
        {"role": "system", "content": prompt.text},
        {"role": "user", "content": json.dumps(content, ensure_ascii=False, sort_keys=True)},
    ]
    return Asked(messages, name, schema, {fact["id"]: fact["text"] for fact in content["facts"]})
