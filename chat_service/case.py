"""What a request says in known codes; text that came with it is dropped here and goes no further."""

from dataclasses import dataclass
from typing import Literal

from chat_service.knowledge import Kind, Knowledge, Plan
from contract import Clinical, Prediction
from contract.explanation import Audience

Lean = Literal["strong", "moderate", "slight"]

STRONG, MODERATE = 0.9, 0.7
"""From these probabilities of the decided side on, a reading leans strongly or fairly clearly."""


@dataclass(frozen=True)
class Case:
    """One reading, told in codes of our own."""

    kind: Kind
    subtype: str | None
    lean: Lean
    modality: str
    issues: tuple[str, ...]
    audience: Audience
    language: str
    clinical: Clinical
    include_prognosis: bool

    @property
    def malignant(self) -> bool:
        """Whether stage and survival may be spoken of at all."""
        return self.kind == "malignant"


def read_case(
    prediction: Prediction,
    knowledge: Knowledge,
    *,
    audience: Audience,
    language: str,
    clinical: Clinical | None = None,
    include_prognosis: bool = False,
) -> Case:
    """Translate a prediction into codes; `quality.usable` false overrides whatever was decided."""
    plan = knowledge.plan
    kind: Kind = prediction.decision if prediction.quality.usable else "unusable"
    return Case(
        kind=kind,
        subtype=_subtype(prediction.label, kind, plan),
        lean=_lean(prediction.malignant_probability, kind),
        modality=_known(prediction.model.modality, plan.modalities) or "unknown",
        issues=_issues(prediction, plan),
        audience=audience,
        language=knowledge.language_of(language),
        clinical=clinical or Clinical(),
        include_prognosis=include_prognosis,
    )


def _subtype(label: str, kind: Kind, plan: Plan) -> str | None:
    """Return the kind of tissue a label names, unless it contradicts the decision."""
    group = {key: entry.names for key, entry in plan.subtypes.items() if entry.group == kind}
    return _known(label, group)


def _lean(malignant_probability: float, kind: Kind) -> Lean:
    decided = malignant_probability if kind == "malignant" else 1 - malignant_probability
    if decided >= STRONG:
        return "strong"
    return "moderate" if decided >= MODERATE else "slight"


def _issues(prediction: Prediction, plan: Plan) -> tuple[str, ...]:
    found = [_known(issue.code, plan.issues) for issue in prediction.quality.issues]
    return tuple(dict.fromkeys(code for code in found if code))


def _known(name: str, names: dict[str, list[str]]) -> str | None:
    """Return the code under which a name is known, compared without case and with `_` and `-` as spaces."""
    plain = " ".join(name.casefold().replace("_", " ").replace("-", " ").split())
    return next((code for code, known in names.items() if plain in known), None)
