"""Everyday questions, one file to a language: `[topic]`, and under it a question a line."""

from pathlib import Path

from chat_service.knowledge import KnowledgeInvalid
from chat_service.wordlist import FOLDER

NONE = "none"
"""What stands where nothing is to be recognised."""


def read_questions(language: str, folder: Path = FOLDER) -> dict[str, list[str]]:
    """Read the questions of a language.

    Raises:
        KnowledgeInvalid: if the file is missing, or a question stands under no topic.
    """
    path = folder / language / "questions.txt"
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise KnowledgeInvalid(f"{language}/{path.name} cannot be read") from error
    questions: dict[str, list[str]] = {}
    topic = ""
    for line in filter(None, map(str.strip, lines)):
        if line.startswith("#"):
            continue
        if line.startswith("["):
            topic = line.strip("[]")
        elif topic:
            questions.setdefault(topic, []).append(line)
        else:
            raise KnowledgeInvalid(f"{language}/{path.name}: {line[:20]!r} stands under no topic")
    return questions
