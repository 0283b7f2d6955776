"""What can be said about the stage: SEER summary stage by rule from findings, never from an image.

Summary Stage 2018 (training.seer.cancer.gov/breast/staging): localized is confined to the breast, regional
has reached neighbouring tissue or nearby nodes, distant has reached remote parts of the body.
"""

from typing import NamedTuple

from chat_service.case import Case
from chat_service.knowledge import Knowledge
from contract import Clinical, Stage, StageShare
from contract.explanation import StageGroup


class Ruling(NamedTuple):
    """What findings settle, why, and what is missing."""

    estimate: StageGroup | None
    reason: str
    needed: tuple[str, ...]


def rule(clinical: Clinical) -> Ruling:
    """Apply the rule: distant metastasis is distant, otherwise positive nodes are regional.

    Localized needs both stated: no positive node and no distant metastasis. Positive nodes without a word
    on metastasis count as regional, named "at least", with metastasis among what is needed.
    """
    nodes, metastasis = clinical.positive_nodes, clinical.distant_metastasis
    later = _for_the_full_stage(clinical)
    if metastasis:
        return Ruling("distant", "distant", ("pathology", *later))
    if nodes:
        if metastasis is None:
            return Ruling("regional", "regional-at-least", ("metastasis", "pathology", *later))
        return Ruling("regional", "regional", ("pathology", *later))
    if nodes == 0 and metastasis is False:
        return Ruling("localized", "localized", ("pathology", "extension", *later))
    missing = [key for key, value in (("nodes", nodes), ("metastasis", metastasis)) if value is None]
    stated = clinical != Clinical()
    return Ruling(None, "incomplete" if stated else "image-only", ("pathology", *missing, *later))


def _for_the_full_stage(clinical: Clinical) -> list[str]:
    """Return what is missing for the stage that the treating team assigns; the summary stage ignores it."""
    markers = (clinical.er, clinical.pr, clinical.her2)
    tested = clinical.grade is not None and all(marker in {"positive", "negative"} for marker in markers)
    size = [] if clinical.tumour_size_mm is not None else ["size"]
    return [*size, *([] if tested else ["biology"])]


def is_in_situ(case: Case, knowledge: Knowledge) -> bool:
    """Tell whether the suggested type has, by definition, not spread."""
    return case.subtype is not None and knowledge.plan.subtypes[case.subtype].in_situ


def compose_stage(case: Case, knowledge: Knowledge) -> Stage:
    """Put the ruling into words; for anything but a malignant reading there is no stage to speak of."""
    texts = knowledge.languages[case.language].stage

    def needed(*keys: str) -> list[str]:
        return [getattr(texts.needed[key], case.audience) for key in keys]

    if not case.malignant:
        reason: str = getattr(texts.reasons[case.kind], case.audience)
        return Stage(
            determinable=False, estimate=None, reason=reason, needed=needed("pathology"), distribution=[]
        )
    ruling = rule(case.clinical)
    said = [texts.reasons[ruling.reason]]
    said += [texts.rule] if case.clinical != Clinical() else []
    said += [texts.in_situ] if is_in_situ(case, knowledge) else []
    said += [texts.population]
    return Stage(
        determinable=ruling.estimate is not None,
        estimate=ruling.estimate,
        reason=" ".join(getattr(voices, case.audience) for voices in said),
        needed=needed(*ruling.needed),
        distribution=_distribution(knowledge),
    )


def _distribution(knowledge: Knowledge) -> list[StageShare]:
    """Return the shares published as exact figures; "about 2 in 3" is none, so it stays in words."""
    shares = knowledge.plan.stage.distribution
    return [
        StageShare(stage=stage, percent=figure.value, source=figure.source)
        for stage, figure in ((stage, knowledge.statistics[key]) for stage, key in shares.items())
    ]
