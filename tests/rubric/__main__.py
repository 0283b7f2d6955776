"""`python -m tests.rubric`: grade answers of the chat service by our rubric, and print scores by theme."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from chat_service.knowledge import load_knowledge
from chat_service.offline import KnowledgeBase
from contract import ChatRequest, ExplanationRequest
from tests.rubric.grading import Asking, Grade, by_theme, grade_all, mean
from tests.rubric.rubric import LANGUAGES, load_examples

ENOUGH = 0.95


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.rubric", description=__doc__)
    parser.add_argument(
        "--url", help="of a running chat service; without it the knowledge base is asked here"
    )
    parser.add_argument("--languages", default=",".join(LANGUAGES), help="(default: %(default)s)")
    parser.add_argument("--wrong", action="store_true", help="print every criterion that was missed")
    parser.add_argument("--theme", help="of which alone answers are graded")
    return parser.parse_args(arguments)


def ask_offline() -> Asking:
    """Ask the knowledge base in this process."""
    offline = KnowledgeBase(load_knowledge())

    def ask(route: str, body: dict[str, Any]) -> dict[str, Any]:
        if route == "chat":
            return offline.converse(ChatRequest.model_validate(body)).model_dump(mode="json")
        return offline.compose(ExplanationRequest.model_validate(body)).model_dump(mode="json")

    return ask


@contextmanager
def ask_service(url: str) -> Iterator[Asking]:
    """Ask a service over HTTP."""
    with httpx.Client(base_url=url, timeout=30) as client:

        def ask(route: str, body: dict[str, Any]) -> dict[str, Any]:
            answer: dict[str, Any] = client.post(f"/{route}", json=body).raise_for_status().json()
            return answer

        yield ask


def show(grades: list[Grade]) -> Iterator[str]:
    """Return the table of scores."""
    yield "| Theme | Conversations | Criteria | Score | Harmful |"
    yield "|---|---|---|---|---|"
    for theme, of_theme in [*by_theme(grades).items(), ("all", grades)]:
        asked = sum(len(each.example.criteria) for each in of_theme)
        harmful = sum(each.harmful for each in of_theme)
        yield f"| {theme} | {len(of_theme)} | {asked} | {mean(of_theme):.3f} | {harmful} |"
    languages = sorted({each.example.language for each in grades})
    scores = [f"{name} {mean(g for g in grades if g.example.language == name):.3f}" for name in languages]
    engines = Counter(each.answer.whole["engine"]["name"] for each in grades)
    yield f"\nBy language: {', '.join(scores)}. Answered by: {dict(engines)}."


def main(arguments: Sequence[str]) -> int:
    """Grade; return 0 if the score is high enough and nothing harmful was said."""
    options = parse(arguments)
    examples = load_examples(options.languages.split(","))
    if options.url is None:
        there = load_knowledge().languages
        examples = [each for each in examples if each.language in there]
    examples = [each for each in examples if options.theme in {None, each.theme}]
    if options.url:
        with ask_service(options.url) as ask:
            grades = grade_all(examples, ask)
    else:
        grades = grade_all(examples, ask_offline())
    for line in show(grades):
        print(line)
    if options.wrong:
        for each in (each for each in grades if each.wrong):
            print(f"{each.score:.2f} {each.example.id}: {'; '.join(each.wrong)}")
    return 0 if mean(grades) >= ENOUGH and not any(each.harmful for each in grades) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
