"""An answer as a rubric sees it: what a reader reads, and what stands beside it."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from contract import Prediction
from contract.example import EXAMPLE
from tests.rubric.rubric import Example, load_base

SAME = str.maketrans(
    {"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u00a0": " ", "\u202f": " ", "\u2011": "-"}
)


def plain(text: str) -> str:
    """Return a text in lower case and with the simplest quotes and spaces."""
    return unicodedata.normalize("NFC", text).translate(SAME).lower()


def make_body(example: Example) -> dict[str, Any]:
    """Return the request of an example."""
    body = dict(example.body)
    reading = load_base().readings[body.pop("reading")]
    whole = EXAMPLE.model_dump(mode="json") | reading
    whole["probabilities"] = {
        "benign": round(1 - reading["malignant_probability"], 6),
        "malignant": reading["malignant_probability"],
    }
    return body | {"prediction": Prediction.model_validate(whole).model_dump(mode="json")}


@dataclass(frozen=True)
class Answer:
    """What came back for an example."""

    example: Example
    request: dict[str, Any]
    whole: dict[str, Any]

    @property
    def language(self) -> str:
        return self.example.language

    @property
    def malignant(self) -> bool:
        prediction = self.request["prediction"]
        return bool(prediction["decision"] == "malignant" and prediction["quality"]["usable"])

    @cached_property
    def texts(self) -> list[str]:
        """All prose of the answer but the survival texts, which are graded by themselves."""
        whole = self.whole
        if self.example.route == "chat":
            return [whole["reply"]]
        actions = [f"{each['title']}. {each['detail']}" for each in whole["actions"]]
        people = [f"{each['name']}: {each['role']}" for each in whole["specialists"]]
        return [
            whole["summary"],
            whole["explanation"],
            whole["stage"]["reason"],
            *whole["stage"]["needed"],
            *actions,
            *people,
        ]

    @cached_property
    def prose(self) -> str:
        """What is read first: the reply, or summary and explanation."""
        return "\n\n".join(self.texts[: 1 if self.example.route == "chat" else 2])

    @cached_property
    def plain(self) -> str:
        return plain("\n".join(self.texts))

    @cached_property
    def history(self) -> str:
        """The texts on untreated disease."""
        told = self.whole.get("untreated_survival")
        return plain(f"{told['statement']} {told['caveat']}") if told else ""

    @cached_property
    def statements(self) -> str:
        return plain("\n".join(f"{each['citation']} {each['statement']}" for each in self.whole["sources"]))

    @cached_property
    def sentences(self) -> list[str]:
        return [each for each in re.split(r"(?<=[.!?;:\u0964])\s+|\n+", self.plain) if each.strip()]
