"""The page's own words, in each of its languages; a word that lacks in one is English."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent / "languages"
ENGLISH = "en"
NO_BREAK = "\u00a0"


class Words:
    """The words of one language.

    Args:
        language: Its code.
        texts: Text by key; `{places}` are filled in when it is asked for.
    """

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language = language
        self._texts = texts

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the text of a key with its places filled in.

        Raises:
            KeyError: if not even English has it.
        """
        return self._texts[key].format(**values)

    def find(self, key: str) -> str | None:
        """Return the text of a key, or None: for codes of the services, which may be new ones."""
        return self._texts.get(key)

    def number(self, value: float) -> str:
        """Write a number as the language does."""
        return f"{value:g}".replace(".", self("decimal"))

    def decimal(self, value: float) -> str:
        """Write a figure with three digits after the point."""
        return f"{value:.3f}".replace(".", self("decimal"))

    def percent(self, probability: float, digits: int = 0) -> str:
        """Round a probability to per cent, without ever claiming 0 or 100."""
        if probability < 0.01:  # noqa: PLR2004 - one per cent
            text = self("percent.under")
        elif probability > 0.99:  # noqa: PLR2004 - one per cent short of certainty
            text = self("percent.over")
        else:
            value = f"{probability * 100:.{digits}f}".replace(".", self("decimal"))
            text = self("percent", value=value)
        return text.replace(" %", NO_BREAK + "%")


@cache
def read_texts(language: str) -> dict[str, str]:
    """Return what the file of a language holds, and nothing else."""
    loaded = yaml.safe_load((FOLDER / f"{language}.yaml").read_text(encoding="utf-8"))
    return {str(key): str(text) for key, text in loaded.items()}


@cache
def list_languages() -> dict[str, str]:
    """Return the languages of the page, each with its own name for itself, English first."""
    codes = sorted(path.stem for path in FOLDER.glob("*.yaml"))
    codes.sort(key=lambda code: code != ENGLISH)
    return {code: read_texts(code)["name"] for code in codes}


@cache
def words_of(language: str) -> Words:
    """Return the words of a language; those of one that the page does not have are English."""
    own = read_texts(language) if language in list_languages() else {}
    return Words(language if own else ENGLISH, read_texts(ENGLISH) | own)


def suit_locale(locale: str | None) -> str:
    """Return the page's language for a browser's locale."""
    code = (locale or "").split("-")[0].lower()
    return code if code in list_languages() else ENGLISH
