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
    if metastasis:
        return Ruling("distant", "distant", ("pathology", "biology"))
    if nodes:
        known = metastasis is False
        needed = ("pathology", "biology") if known else ("metastasis", "pathology", "biology")
        return Ruling("regional", "regional" if known else "regional-at-least", needed)
    if nodes == 0 and metastasis is False:
        return Ruling("localized", "localized", ("pathology", "extension", "biology"))
    missing = [key for key, value in (("nodes", nodes), ("metastasis", metastasis)) if value is None]
    stated = clinical != Clinical()
    return Ruling(None, "incomplete" if stated else "image-only", ("pathology", *missing, "biology"))


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
    population = getattr(texts.population, case.audience)
    return Stage(
        determinable=ruling.estimate is not None,
        estimate=ruling.estimate,
        reason=f"{getattr(texts.reasons[ruling.reason], case.audience)} {population}",
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
