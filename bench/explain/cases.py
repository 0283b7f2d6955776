"""Made-up requests, every one another case."""

import random
from collections.abc import Sequence
from uuid import UUID

from bench.load import HOST
from contract import Clinical, ExplanationRequest
from contract.example import EXAMPLE

CASES = 4000
LABELS = [
    *("benign", "malignant", "adenosis", "fibroadenoma", "phyllodes_tumor", "tubular_adenoma", "dcis"),
    *("ductal_carcinoma", "lobular_carcinoma", "mucinous_carcinoma", "papillary_carcinoma", "another"),
]


def make_request(chance: random.Random, language: str) -> ExplanationRequest:
    """Make up a request; an id of its own, and findings in two of three."""
    decision = chance.choice(("benign", "malignant", "indeterminate"))
    probability = round(chance.random(), 6)
    prediction = EXAMPLE.model_copy(
        update={
            "id": UUID(int=chance.getrandbits(128), version=4),
            "label": chance.choice(LABELS),
            "decision": decision,
            "malignant_probability": probability,
            "probabilities": {"benign": round(1 - probability, 6), "malignant": probability},
        }
    )
    findings = Clinical(
        tumour_size_mm=round(chance.uniform(1, 90), 1),
        positive_nodes=chance.choice((None, 0, 1, 2, 7)),
        distant_metastasis=chance.choice((None, False, True)),
        grade=chance.choice((None, 1, 2, 3)),
        er=chance.choice((None, "positive", "negative")),
    )
    return ExplanationRequest(
        prediction=prediction,
        audience=chance.choice(("patient", "clinician")),
        language=language,
        clinical=findings if chance.random() > 1 / 3 else None,
        include_prognosis=chance.random() > 1 / 2,
    )


def write_requests(languages: Sequence[str]) -> list[bytes]:
    """Write whole HTTP requests, every one another case; the same ones in each run."""
    chance = random.Random(7)  # noqa: S311 - keeps no secret
    return [
        _post(make_request(chance, languages[number % len(languages)]).model_dump_json(exclude_none=True))
        for number in range(CASES)
    ]


def _post(content: str) -> bytes:
    body = content.encode()
    head = (
        f"POST /explain HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
