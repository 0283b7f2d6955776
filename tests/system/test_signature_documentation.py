"""The programs in docs/signatures.md are run, and what other languages make of a prediction is verified."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from contract import Prediction
from web.signing import Seal, parse_keys

PROGRAMS = {
    "python": ("verify.py", [sys.executable]),
    "js": ("verify.mjs", ["node"]),
    "java": ("Verify.java", ["java"]),
}


@pytest.fixture(scope="module")
def vectors(root: Path):
    return json.loads((root / "tests" / "contract" / "signatures.json").read_text("utf-8"))


def run(command: list[str], folder: Path, **variables: str) -> str:
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]} here")
    done = subprocess.run(
        command, cwd=folder, env=os.environ | variables, capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def alterations(prediction):
    """Predictions that must not be trusted: altered, unsigned, or signed by somebody else."""
    value = prediction["signature"].partition(".")[2]
    yield prediction | {"malignant_probability": 0.913403}
    yield prediction | {"disclaimer": prediction["disclaimer"] + " "}
    yield prediction | {"image": prediction["image"] | {"width": 701}}
    yield prediction | {"signature": None}
    yield {name: each for name, each in prediction.items() if name != "signature"}
    yield prediction | {"signature": "k1." + value[::-1]}
    yield prediction | {"signature": "k9." + value}
    yield prediction | {"signature": "k1"}


@pytest.mark.parametrize("language", PROGRAMS)
def test_each_program_tells_genuine_predictions_from_others(language, vectors, root, tmp_path):
    page = (root / "docs" / "signatures.md").read_text("utf-8")
    (program,) = re.findall(rf"^```{language}\n(.*?)^```$", page, re.M | re.S)
    name, command = PROGRAMS[language]
    (tmp_path / name).write_text(program, "utf-8")
    genuine = [vector["prediction"] for vector in vectors["predictions"]]
    files = [*genuine, *(false for each in genuine for false in alterations(each))]
    for number, prediction in enumerate(files):
        # One way to write it that is ours, and one that is not.
        text = json.dumps(prediction, ensure_ascii=False, indent=number % 2 * 3 or None)
        (tmp_path / f"{number}.json").write_text(text, "utf-8")
    names = [f"{number}.json" for number in range(len(files))]
    other = "k2:" + "ab" * 32
    printed = run([*command, name, *names], tmp_path, PREDICTION_SIGNING_KEY=f"{other}, {vectors['key']}")
    verdicts = [line.split(" ", 1)[1].strip() for line in printed.splitlines()]
    assert verdicts == ["genuine"] * len(genuine) + ["not to be trusted"] * (len(files) - len(genuine))


REWRITE = """
import { readFileSync } from "node:fs";
for (const prediction of JSON.parse(readFileSync("all.json", "utf8"))) {
  prediction.created = new Date(prediction.created);
  console.log(JSON.stringify(prediction));
}
"""


def test_what_javascript_parses_and_writes_anew_is_still_signed_its_dates_included(vectors, tmp_path):
    seal, draw = Seal(parse_keys(vectors["key"])), random.Random(1)  # noqa: S311 - not for secrets
    predictions = [vector["prediction"] for vector in vectors["predictions"]]
    for _ in range(50):
        numbers = {str(exponent): draw.random() * 2.0**-exponent for exponent in range(0, 1060, 20)}
        many = Prediction.model_validate(predictions[0] | {"probabilities": numbers})
        predictions.append(json.loads(seal.sign(many).model_dump_json()))
    (tmp_path / "all.json").write_text(json.dumps(predictions), "utf-8")
    (tmp_path / "rewrite.mjs").write_text(REWRITE, "utf-8")
    lines = run(["node", "rewrite.mjs"], tmp_path).strip().split("\n")
    assert len(lines) == len(predictions)
    for line, before in zip(lines, predictions, strict=True):
        assert json.loads(line)["created"] != before["created"]
        seal.verify(Prediction.model_validate_json(line))
