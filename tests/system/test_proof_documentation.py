"""The commands of docs/proof.md run as they stand; the long one for fewer answers."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.language_model.peer import missing

RUBRIC = "python -m tests.rubric"
FEW = 3


@pytest.fixture(scope="module")
def commands(root: Path) -> list[str]:
    page = (root / "docs" / "proof.md").read_text("utf-8")
    return "".join(re.findall(r"^```bash\n(.*?)^```$", page, re.M | re.S)).splitlines()


def run(root: Path, arguments: list[str]) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MISTRAL_")}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=root, env=environment, capture_output=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    return done.stdout.decode()


def test_the_rubric_is_graded_as_the_page_says(commands, root):
    graded = [
        shlex.split(command)[1:] for command in commands if command.startswith("python -m tests.rubric")
    ]
    assert len(graded) == 3
    for arguments in graded:
        assert "| all |" in run(root, arguments)


def test_every_other_command_is_a_target_of_make(commands, root):
    others = [command for command in commands if not command.startswith(RUBRIC)]
    assert others == ["make llm-test", 'make llm-test ARGS="--answers 20 --out answers.jsonl"']
    targets = (root / "Makefile").read_text("utf-8")
    assert re.search(r"^llm-test: .*\n\t.*-m tests\.language_model \$\(ARGS\)$", targets, re.M)
    assert re.search(r"^rubric: .*\n\t.*-m tests\.rubric \$\(ARGS\)$", targets, re.M)


def test_tests_that_the_page_names_are_there(root):
    page = (root / "docs" / "proof.md").read_text("utf-8")
    named = re.findall(r"`pytest (tests/\S+)`", page)
    assert len(named) >= 4
    assert [name for name in named if not (root / name).is_file()] == []


@pytest.mark.skipif(missing() is not None, reason=str(missing()))
def test_the_small_model_is_asked_as_the_page_says(root, tmp_path):
    out = tmp_path / "answers.jsonl"
    told = run(root, ["-m", "tests.language_model", "--answers", str(FEW), "--out", str(out)])
    assert f"{FEW} answers" in told
    assert out.read_text("utf-8").count("\n") == FEW
