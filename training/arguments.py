"""What words on the command line may say: a type for each kind of argument."""

import argparse
import re

from training.patients import PatternInvalid, compile_pattern


def count(text: str) -> int:
    """Read a whole number from 0 to 999999999."""
    if not text.isascii() or not text.isdigit() or len(text) > 9:  # noqa: PLR2004 - what a record can hold
        raise argparse.ArgumentTypeError("must be a whole number from 0 to 999999999")
    return int(text)


def positive(text: str) -> int:
    """Read a whole number from 1 to 999999999."""
    if count(text) == 0:
        raise argparse.ArgumentTypeError("must be at least 1")
    return int(text)


def rate(text: str) -> float:
    """Read a number above 0 and up to 1."""
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError("must lie above 0 and be at most 1")
    return value


def share(text: str) -> float:
    """Read a share of patients, above 0 and up to a half."""
    value = float(text)
    if not 0 < value <= 0.5:  # noqa: PLR2004 - the smaller side
        raise argparse.ArgumentTypeError("must lie above 0 and be at most 0.5")
    return value


def pattern(text: str) -> str:
    """Read a regular expression with a group `patient`."""
    try:
        compile_pattern(text)
    except PatternInvalid as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def folds(text: str) -> int:
    """Read a number of folds, from 2 to 50."""
    value = count(text)
    if not 2 <= value <= 50:  # noqa: PLR2004 - two sides; more folds than anyone fits
        raise argparse.ArgumentTypeError("must be from 2 to 50")
    return value


def probability(text: str) -> float:
    """Read a number above 0 and below 1."""
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError("must lie above 0 and below 1")
    return value


def grouping(text: str) -> re.Pattern[str]:
    """Read a regular expression with at least one named group."""
    try:
        found = re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"no regular expression: {error}") from error
    if not found.groupindex:
        raise argparse.ArgumentTypeError("it needs a named group, for example (?P<scanner>[A-Z])_")
    return found


def names(text: str) -> tuple[str, ...]:
    """Read names separated by commas."""
    found = tuple(name.strip() for name in text.split(","))
    if not all(found):
        raise argparse.ArgumentTypeError("must be names separated by commas")
    return found


def words(text: str) -> str:
    """Read a line of up to 200 characters, as a model card can hold."""
    if not text.strip() or len(text) > 200 or not text.isprintable():  # noqa: PLR2004 - the card's bound
        raise argparse.ArgumentTypeError("must be one line of 1 to 200 characters")
    return text.strip()
