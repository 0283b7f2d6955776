"""What a request says in known codes; text that came with it is dropped here and goes no further."""

import re
from dataclasses import dataclass
from typing import Literal

from chat_service.knowledge import Kind, Knowledge, Plan
from chat_service.knowledge.regions import country_of
from contract import Clinical, Prediction
from contract.explanation import Audience

Lean = Literal["strong", "moderate", "slight"]

SEPARATORS = re.compile(r"[/|:;,.()\[\]]")
GROUPS = ("benign ", "malignant ", "sob b ", "sob m ")
"""What labels are often put together from: `benign/fibroadenoma`, `Ductal carcinoma (DC)`, `SOB_B_PT`."""
HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
"""Where a word begins in `lobularCarcinoma`."""

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
    """Findings that tell something; a marker that is not known counts as not stated."""
    include_prognosis: bool
    country: str | None = None
    """The country that the language tag names."""
    label_disagrees: bool = False
    """Whether the label names a kind of tissue that the decision excludes."""

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
    named = _subtype(prediction.label, plan) if kind in {"benign", "malignant"} else None
    fits = named is None or kind in {plan.subtypes[named].group, *plan.subtypes[named].also}
    return Case(
        kind=kind,
        subtype=named if fits else None,
        lean=_lean(prediction.malignant_probability, kind),
        modality=_known(prediction.model.modality, plan.modalities) or "unknown",
        issues=_issues(prediction, plan),
        audience=audience,
        language=knowledge.language_of(language),
        clinical=_telling(clinical),
        include_prognosis=include_prognosis,
        country=country_of(language),
        label_disagrees=not fits,
    )


def _subtype(label: str, plan: Plan) -> str | None:
    """Return the kind of tissue that a label names, alone or beside its group or its abbreviation."""
    names = {key: entry.names for key, entry in plan.subtypes.items()}
    parts = [label, *SEPARATORS.split(label)]
    parts += [plain.removeprefix(group).strip() for plain in map(_plain, parts) for group in GROUPS]
    return next((key for part in parts if (key := _known(part, names))), None)


def _telling(clinical: Clinical | None) -> Clinical:
    """Leave out markers that are not known."""
    if clinical is None:
        return Clinical()
    unknown = {key: None for key in ("er", "pr", "her2") if getattr(clinical, key) == "unknown"}
    return clinical.model_copy(update=unknown) if unknown else clinical


def _lean(malignant_probability: float, kind: Kind) -> Lean:
    decided = malignant_probability if kind == "malignant" else 1 - malignant_probability
    if decided >= STRONG:
        return "strong"
    return "moderate" if decided >= MODERATE else "slight"


def _issues(prediction: Prediction, plan: Plan) -> tuple[str, ...]:
    found = [_known(issue.code, plan.issues) for issue in prediction.quality.issues]
    return tuple(dict.fromkeys(code for code in found if code))


def _known(name: str, names: dict[str, list[str]]) -> str | None:
    """Return the code under which a name is known."""
    plain = _plain(name)
    return next((code for code, known in names.items() if plain in known), None)


def _plain(name: str) -> str:
    """Return a name as names are compared: without case, and with `_`, `-` and humps as spaces."""
    return " ".join(HUMP.sub(" ", name).casefold().replace("_", " ").replace("-", " ").split())
