"""Signatures that every version and every other implementation must agree on: signatures.json here."""

import hashlib
import hmac
import json

import pytest

from contract import Prediction
from web.signing import Seal, canonicalize, parse_keys


@pytest.fixture(scope="module")
def vectors(root):
    return json.loads((root / "tests" / "contract" / "signatures.json").read_text("utf-8"))


def each(vectors):
    return [(Prediction.model_validate(v["prediction"]), v) for v in vectors["predictions"]]


def test_the_canonical_json_of_each_is_as_written_down(vectors):
    for prediction, vector in each(vectors):
        assert canonicalize(prediction).decode() == vector["canonical"]


def test_the_signature_of_each_is_as_written_down(vectors):
    seal = Seal(parse_keys(vectors["key"]))
    for prediction, _ in each(vectors):
        assert seal.sign(prediction).signature == prediction.signature
        seal.verify(prediction)


def test_what_is_written_down_follows_from_the_standard_library_alone(vectors):
    name, _, secret = vectors["key"].partition(":")
    for _, vector in each(vectors):
        value = hmac.new(bytes.fromhex(secret), vector["canonical"].encode(), hashlib.sha256).hexdigest()
        assert vector["prediction"]["signature"] == f"{name}.{value}"
        unsigned = {k: v for k, v in vector["prediction"].items() if k != "signature" and v is not None}
        assert json.loads(vector["canonical"]) == unsigned
