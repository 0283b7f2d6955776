"""Many answers of the chat service with the language model before the knowledge base, each looked at."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from starlette.testclient import TestClient

from chat_service.app import create_app
from chat_service.settings import Settings
from contract.example import EXAMPLE
from tests.language_model.peer import KEY, PATIENCE_S, Peer
from tests.mistral_imitation import settings_for

READINGS = [
    ("malignant", "ductal_carcinoma", 0.93),
    ("benign", "fibroadenoma", 0.06),
    ("indeterminate", "malignant", 0.52),
    ("malignant", "phyllodes_tumor", 0.75),
    ("benign", "benign", 0.2),
    ("malignant", "mucinous_carcinoma", 0.97),
]
QUESTIONS = [
    "Do I have cancer?",
    "What stage is it?",
    "What does a biopsy feel like?",
    "Which treatment will I get?",
    "What does HER2 positive mean?",
    "Can I wait until after my holiday?",
    "What is a fibroadenoma?",
    "How long do people live with this?",
    "My mother had it, is it in the family?",
    "Can turmeric cure it?",
    "How sure is the computer?",
    "Which doctor should I see?",
]
REPEATS = 4
"""Answers to one prompt; two of them streamed."""


@dataclass
class Answered:
    """One answer, and how it came about."""

    route: str
    request: dict[str, Any]
    streamed: bool
    written: list[str]
    shown: list[str] = field(default_factory=list)
    """Texts that were shown before a reset or the result."""
    answer: dict[str, Any] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        engine = self.answer.get("engine")
        return (engine["fallback_reason"] or "passed") if engine else "given-up"

    @property
    def text(self) -> str:
        return "\n\n".join(self.answer.get(name, "") for name in ("summary", "explanation", "reply")).strip()

    def as_line(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


def requests(languages: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Make up requests without end: explanations and questions in turn."""
    for number in itertools.count():
        decision, label, probability = READINGS[number % len(READINGS)]
        question = QUESTIONS[number // 2 % len(QUESTIONS)] if number % 2 else None
        body = make_request(
            decision=decision,
            label=label,
            probability=probability,
            audience=("patient", "clinician")[number % 3 == 2],
            language=languages[number // 4 % len(languages)] if number % 4 == 3 else "en",
            question=question,
            include_prognosis=number % 4 == 0,
        )
        yield ("chat" if question else "explain"), body


def make_request(  # noqa: PLR0913 - the fields of a request, each named
    *,
    decision: str,
    label: str,
    probability: float,
    audience: str,
    language: str,
    question: str | None,
    include_prognosis: bool,
) -> dict[str, Any]:
    """Make a request for an answer, or without a question for an explanation."""
    changes = {"decision": decision, "label": label, "malignant_probability": probability}
    body = {
        "prediction": EXAMPLE.model_copy(update=changes).model_dump(mode="json"),
        "audience": audience,
        "language": language,
    }
    if question is None:
        return body | {"include_prognosis": include_prognosis}
    return body | {"messages": [{"role": "user", "content": question}]}


def try_out(peer: Peer, count: int, languages: list[str]) -> Iterator[Answered]:
    """Ask for so many answers."""
    with TestClient(create_app(patient_settings(peer.url))) as client:
        left = count
        for route, body in requests(languages):
            rehearsed = client.post(f"/{route}?dry_run=true", json=body).json()
            if not rehearsed["leaves"]:
                continue
            peer.warm(rehearsed["body"])
            for repeat in range(min(REPEATS, left)):
                yield ask(client, peer, route, body, streamed=repeat % 2 == 1)
            left -= REPEATS
            if left <= 0:
                return


def patient_settings(url: str) -> Settings:
    """Settings with more patience than may be set: on one busy thread an answer takes a minute."""
    settings = settings_for(url, api_key=KEY)
    waits = {"deadline_s": PATIENCE_S, "read_timeout_s": PATIENCE_S}
    return settings.model_copy(update={"mistral": settings.mistral.model_copy(update=waits)})


def ask(client: TestClient, peer: Peer, route: str, body: dict[str, Any], *, streamed: bool) -> Answered:
    before = len(peer.written)
    accept = "text/event-stream" if streamed else "application/json"
    response = client.post(f"/{route}", json=body, headers={"Accept": accept})
    assert response.status_code == 200, response.text
    answered = Answered(route, body, streamed, [])
    if streamed:
        read_events(response.text, answered)
    else:
        answered.answer = response.json()
    answered.written = peer.written[before:]
    return answered


def read_events(text: str, answered: Answered) -> None:
    shown = ""
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if fields.get("event") == "delta":
            shown += json.loads(fields["data"])["text"]
        elif fields.get("event") in {"reset", "result"}:
            answered.shown, shown = [*answered.shown, shown], ""
        if fields.get("event") == "result":
            answered.answer = json.loads(fields["data"])
