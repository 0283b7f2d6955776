"""docs/knowledge.md says what the graph holds."""

import re
from pathlib import Path

import yaml

import chat_service
from chat_service.knowledge.load import FOLDER

PAGE = (Path(chat_service.__file__).parents[1] / "docs" / "knowledge.md").read_text("utf-8")


def test_its_examples_stand_in_the_files():
    examples = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    held = yaml.safe_load((FOLDER / "graph" / "sources.yaml").read_text("utf-8"))
    held |= yaml.safe_load((FOLDER / "graph" / "statistics.yaml").read_text("utf-8"))
    assert len(examples) == 2
    for example in examples:
        assert example.items() <= held.items()


def test_it_names_every_file():
    table = "\n".join(line for line in PAGE.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`(\w+)`", table)) == {path.stem for path in (FOLDER / "graph").iterdir()}
