"""What Mistral is asked: a template from a file, codes of our own, and facts by id."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chat_service.case import Case
from chat_service.composer import Fact

FOLDER = Path(__file__).parent / "prompts"
TEMPERATURE, SEED = 0.2, 7
MAX_TOKENS = 900


@dataclass(frozen=True)
class Prompt:
    """A prompt template and its version."""

    version: str
    text: str


def load_prompt(name: str) -> Prompt:
    """Read a template: a line `version: ...`, a line of three dashes, then the text."""
    head, _, text = (FOLDER / f"{name}.md").read_text("utf-8").partition("\n---\n")
    return Prompt(version=head.removeprefix("version: ").strip(), text=text.strip())


def explanation_body(model: str, prompt: Prompt, case: Case, facts: list[Fact]) -> dict[str, Any]:
    """Build the request for an explanation."""
    ids = {"type": "array", "items": {"type": "string", "enum": [fact.id for fact in facts]}}
    fields = {"summary": {"type": "string"}, "explanation": {"type": "string"}, "facts": ids}
    return _body(model, prompt, "explanation", fields, {**_codes(case), "facts": _given(facts)})


def reply_body(model: str, prompt: Prompt, case: Case, topic: str, text: str) -> dict[str, Any]:
    """Build the request for a lead-in to an answer; `text` is the knowledge base's answer."""
    facts = [Fact("answer", text, [])]
    codes = {**_codes(case), "topic": topic, "facts": _given(facts)}
    return _body(model, prompt, "reply", {"reply": {"type": "string"}}, codes)


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


def _body(
    model: str, prompt: Prompt, name: str, fields: dict[str, Any], content: dict[str, Any]
) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }
    return {
        "model": model,
        "messages": [
            {"role": "system", "content": prompt.text},
            {"role": "user", "content": json.dumps(content, ensure_ascii=False, sort_keys=True)},
        ],
        "temperature": TEMPERATURE,
        "random_seed": SEED,
        "max_tokens": MAX_TOKENS,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": name, "schema": schema, "strict": True},
        },
    }
