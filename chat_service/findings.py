"""What the caller already knows from other tests, in words, and whether it fits the reading."""

from decimal import Decimal
from typing import cast

from chat_service.case import Case
from chat_service.knowledge import LanguageTexts
from chat_service.knowledge.texts import PictureTexts
from contract import Clinical
from contract.explanation import Marker


def finding_paragraphs(case: Case) -> list[str]:
    """Return the paragraphs that findings call for; treatment only beside a malignant reading."""
    if case.clinical == Clinical():
        return []
    if findings_disagree(case):
        return ["findings-disagree"]
    return ["findings", *(_receptor_paragraphs(case.clinical) if case.malignant else [])]


def findings_disagree(case: Case) -> bool:
    """Tell whether findings that only cancer has stand against a benign reading."""
    clinical = case.clinical
    markers = (clinical.er, clinical.pr, clinical.her2)
    tested = clinical.grade is not None or any(marker in {"positive", "negative"} for marker in markers)
    return case.kind == "benign" and bool(clinical.positive_nodes or clinical.distant_metastasis or tested)


def describe_findings(clinical: Clinical, texts: LanguageTexts) -> str:
    """List the findings in words, each number as it came."""
    words, pictures = texts.pictures.findings, texts.pictures
    values = clinical.model_dump(exclude_none=True)
    spread = values.pop("distant_metastasis", None)
    described = [words[key].format(value=_word(value, pictures)) for key, value in values.items()]
    if spread is not None:
        described.append(words["spread" if spread else "no_spread"])
    return "; ".join(described)


def _word(value: float | str, pictures: PictureTexts) -> str:
    if isinstance(value, str):
        return pictures.markers[cast(Marker, value)]
    # All digits and no exponent: what is told must be the number that was sent.
    written = str(int(value)) if value == int(value) else f"{Decimal(repr(value)):f}"
    return written.replace(".", pictures.decimal)


def _receptor_paragraphs(clinical: Clinical) -> list[str]:
    hormone = {clinical.er, clinical.pr}
    paragraphs = ["receptors-positive"] if "positive" in hormone else []
    paragraphs += ["receptors-negative"] if hormone == {"negative"} else []
    return [*paragraphs, *(["her2-positive"] if clinical.her2 == "positive" else [])]
