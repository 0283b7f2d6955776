"""Every command in the README is run, and answers what the README shows.

- A `bash` block runs as it stands, one after the other in one folder, against running services.
- A `json` block shows what the command before it printed. A text that ends with `…`, a list that ends with
  `"…"` and an object with the key `…` go on; numbers may differ by a hundredth.
- A block under `<!-- run by FILE -->` is too heavy for that: FILE runs it, and must hold each of its words.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from artifact import load
from contract import MetricCard

BLOCK = re.compile(r"(?:<!-- run by (?P<by>\S+) -->\n)?```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.M | re.S)


class Block(NamedTuple):
    by: str | None
    kind: str
    text: str


@pytest.fixture(scope="module")
def readme(root: Path) -> str:
    return (root / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def blocks(readme: str) -> list[Block]:
    return [Block(*found.group("by", "kind", "text")) for found in BLOCK.finditer(readme)]


@pytest.fixture
def shell(tmp_path: Path, root: Path, begin, ports) -> Iterator[Any]:
    """Run commands in a folder beside the models, with the README's ports on the ports of this test."""
    if not (root / "models" / "starter.pt").is_file():
        pytest.skip("models/starter.pt is not there")
    begin(folder=root).wait_for("Ctrl-C stops everything.")
    folder = tmp_path / "readme"
    folder.mkdir()
    (folder / "models").symlink_to(root / "models")

    def run(text: str) -> str:
        for written, real in zip(("8000", "8001", "8501"), ports, strict=True):
            text = text.replace(f"127.0.0.1:{written}", f"127.0.0.1:{real}")
        command = ["bash", "-euo", "pipefail", "-c", text]
        environment = {**os.environ, "no_proxy": "127.0.0.1"}
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, f"{text}\n{done.stderr}"
        return done.stdout

    return run


def agrees(shown: Any, real: Any) -> bool:
    """Whether a shown answer, with its omissions, is the real one."""
    if isinstance(shown, str) and shown.endswith("…"):
        return isinstance(real, str) and real.startswith(shown[:-1])
    if isinstance(shown, dict) and isinstance(real, dict):
        named = shown.keys() - {"…"}
        whole = named < real.keys() if "…" in shown else named == real.keys()
        return whole and all(agrees(shown[key], real[key]) for key in named)
    if isinstance(shown, list) and isinstance(real, list):
        goes_on = bool(shown) and shown[-1] == "…"
        first = shown[:-1] if goes_on else shown
        fits = len(first) < len(real) if goes_on else len(first) == len(real)
        return fits and all(map(agrees, first, real[: len(first)]))
    if type(shown) is float and isinstance(real, float):
        return abs(shown - real) <= 0.01
    return type(shown) is type(real) and bool(shown == real)


def renew(shown: Any, real: Any) -> Any:
    """Return the real answer with the shown one's omissions, for whoever brings the README up to date."""
    if isinstance(shown, str) and shown.endswith("…") and isinstance(real, str):
        return real[: len(shown) - 1] + "…"
    if isinstance(shown, dict) and isinstance(real, dict):
        kept = [key for key in real if key in shown or "…" not in shown]
        return {key: renew(shown.get(key), real[key]) for key in kept} | {k: "…" for k in shown if k == "…"}
    if isinstance(shown, list) and isinstance(real, list) and shown and shown[-1] == "…":
        return [*map(renew, shown[:-1], real), "…"]
    return round(real, 3) if isinstance(real, float) else real


def written(answer: Any, indent: str = "") -> str:
    """Write JSON with short lists and objects on one line."""
    line = json.dumps(answer, ensure_ascii=False)
    if not isinstance(answer, list | dict) or (indent and len(line) <= 100):
        return line
    inner = indent + "  "
    if isinstance(answer, dict):
        parts = [f"{inner}{json.dumps(key)}: {written(value, inner)}" for key, value in answer.items()]
    else:
        parts = [inner + written(value, inner) for value in answer]
    opening, closing = "{}" if isinstance(answer, dict) else "[]"
    return f"{opening}\n" + ",\n".join(parts) + f"\n{indent}{closing}"


@pytest.mark.parametrize(
    ("shown", "real", "expected"),
    [
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1, "…": "…"}, {"a": 1, "b": 2}, True),
        ({"a": 1, "…": "…"}, {"a": 1}, False),
        ({"c": 1, "…": "…"}, {"a": 1, "b": 2}, False),
        (["x", "…"], ["x", "y"], True),
        (["x", "…"], ["x"], False),
        (["x"], ["x", "y"], False),
        ("It is…", "It is so.", True),
        ("It is…", "It was so.", False),
        ("…", None, False),
        (0.25, 0.255, True),
        (0.25, 0.3, False),
        (True, 1, False),
        (None, None, True),
    ],
)
def test_an_answer_agrees_with_the_real_one_only_but_for_what_it_leaves_out(shown, real, expected):
    assert agrees(shown, real) is expected


def test_every_command_runs_and_answers_as_shown(blocks, shell):
    printed, outdated = "", []
    for block in blocks:
        if block.kind == "bash" and block.by is None:
            printed = shell(block.text)
        elif block.kind == "json":
            shown, real = json.loads(block.text), json.loads(printed)
            outdated += [] if agrees(shown, real) else [written(renew(shown, real))]
    assert not outdated, "The README should show:\n" + "\n\n".join(outdated)


def test_every_block_is_of_a_kind_that_is_checked(blocks):
    assert {block.kind for block in blocks} <= {"bash", "json", "text"}
    assert [block.kind for block in blocks].count("bash") >= 6


def test_a_command_too_heavy_for_here_is_run_by_the_file_named_above_it(blocks, root):
    heavy = [block for block in blocks if block.by]
    assert heavy
    for block in heavy:
        held = words((root / block.by).read_text(encoding="utf-8"))
        assert words(block.text) <= held, f"{block.by} does not run: {block.text}"


def words(text: str) -> set[str]:
    """Return the words of commands, written as a shell or a list of Python has them."""
    return set(re.findall(r"[^\s\"',\[\](){}]+", text))


def test_the_figures_are_those_on_the_starter_model_s_card(readme, root):
    if not (root / "models" / "starter.pt").is_file():
        pytest.skip("models/starter.pt is not there")
    section = readme.split("## The starter model")[1].split("\n## ")[0]
    shown = [line for line in section.splitlines() if line.startswith("|")][2:]
    rows = [row(metric) for metric in load(root / "models" / "starter.pt", "cpu").card.metrics]
    assert shown == rows, "The README should show:\n" + "\n".join(rows)


def row(metric: MetricCard) -> str:
    figures = [metric.values[name] for name in ("auc", "balanced_accuracy", "recall", "specificity")]
    cells = [f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})" for figure in figures]
    return f"| {metric.data_set} | {metric.images} | {metric.patients} | {' | '.join(cells)} |"


def test_every_file_the_readme_links_to_is_there(readme, root):
    links = re.findall(r"\]\((?!http)([^)#]+)", readme)
    assert links
    assert [link for link in links if not (root / link).exists()] == []
