"""A reading and its explanation as one page that needs nothing else: to print, or to keep."""

from datetime import UTC, datetime
from html import escape
from pathlib import Path

from contract import Explanation
from ui.catalogue import Words
from ui.findings import name_findings
from ui.heat import write_legend, write_pictures
from ui.markup import to_section, to_terms
from ui.questions import write_turn
from ui.reading import write_decision, write_facts, write_remarks, write_scale
from ui.sections import (
    write_actions,
    write_sources,
    write_specialists,
    write_stage,
    write_summary,
    write_survival,
    write_text,
)
from ui.visit import Reading
from ui.words import word_engine

STYLE = Path(__file__).parent / "printable.css"
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""The page fetches nothing and runs nothing, whatever a service wrote into it."""


def write_page(reading: Reading, explanation: Explanation, words: Words, *, opacity: int | None) -> str:
    """Return the page as HTML, in the page's language; `opacity` None leaves the pictures out."""
    title, disclaimer = escape(words("title")), f'<p class="bt-disclaimer">{escape(words("disclaimer"))}</p>'
    time = f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
    heat = f".bt-heat {{ opacity: {(opacity or 0) / 100:g}; }}"
    return (
        f'<!doctype html><html lang="{words.language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{title}</title><style>{STYLE.read_text(encoding='utf-8')}{heat}</style></head>"
        f"<body><main><h1>{title}</h1>{disclaimer}{_write_reading(reading, words, opacity)}"
        f'<div lang="{escape(explanation.language)}">{_write_explanation(explanation, words)}</div>'
        f"{_write_rest(reading, explanation, words)}{disclaimer}"
        f'<p class="bt-quiet">{escape(words("take.printed", title=words("title"), time=time))}</p>'
        "</main></body></html>"
    )


def _write_reading(reading: Reading, words: Words, opacity: int | None) -> str:
    assert reading.prediction is not None  # noqa: S101 - narrows the type
    shown = write_decision(reading.prediction, words) + write_scale(reading.prediction, words)
    shown += write_remarks(reading.prediction, words)
    if opacity is not None and reading.pictures is not None:
        shown += write_pictures(reading.pictures, words)
        shown += write_legend(words) if reading.pictures.heat else ""
    entered = name_findings(reading.clinical, words)
    return shown + (to_section(words("findings.entered"), to_terms(entered)) if entered else "")


def _write_explanation(explanation: Explanation, words: Words) -> str:
    written = write_summary(explanation.summary)
    for write in (write_actions, write_text, write_specialists, write_stage):
        written += write(explanation, words)
    if explanation.untreated_survival is not None:
        figures = write_survival(explanation.untreated_survival, explanation.sources, words)
        written += to_section(words("survival"), figures)
    return written


def _write_rest(reading: Reading, explanation: Explanation, words: Words) -> str:
    assert reading.prediction is not None  # noqa: S101 - narrows the type
    turns = "".join(write_turn(turn, words) for turn in reading.turns)
    sources = write_sources(explanation.sources, words)
    return (
        (to_section(words("questions"), turns) if turns else "")
        + to_section(words("sources", count=len(explanation.sources)), sources)
        + f'<p class="bt-quiet">{escape(word_engine(explanation.engine, words))}</p>'
        + to_section(words("about"), write_facts(reading.prediction, words))
    )
