"""HTML that is safe to show: everything that a service or a file says is escaped here."""

from collections.abc import Iterable
from html import escape
from itertools import groupby

from contract import Source
from ui.catalogue import Words

ITEM = "- "
"""How a line begins that is one of a list."""


def to_paragraphs(text: str) -> str:
    """Return plain text as paragraphs, split at empty lines; lines that begin with `- ` are a list."""
    blocks = [block.strip() for block in text.split("\n\n")]
    return "".join(_to_block(block) for block in blocks if block)


def _to_block(block: str) -> str:
    markup = ""
    for listed, lines in groupby(block.split("\n"), key=lambda line: line.startswith(ITEM)):
        if listed:
            markup += to_list(line.removeprefix(ITEM) for line in lines)
        else:
            markup += f"<p>{escape(chr(10).join(lines))}</p>"
    return markup


def to_list(items: Iterable[str]) -> str:
    """Return plain texts as a bullet list."""
    return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"


def to_section(title: str, content: str, level: int = 2) -> str:
    """Return a titled part of the page; `content` is markup already."""
    return f'<section class="bt-section"><h{level}>{escape(title)}</h{level}>{content}</section>'


def to_details(title: str, content: str) -> str:
    """Return a part that the reader opens; `content` is markup already."""
    return f'<details class="bt-more"><summary>{escape(title)}</summary>{content}</details>'


def to_table(head: Iterable[str], rows: Iterable[Iterable[str]], kind: str) -> str:
    """Return a table of plain texts, whose first column names the rows."""
    columns = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    body = ""
    for first, *rest in rows:
        cells = "".join(f"<td>{escape(text)}</td>" for text in rest)
        body += f'<tr><th scope="row">{escape(first)}</th>{cells}</tr>'
    return (
        f'<div class="bt-wide" tabindex="0" role="group" aria-label="{escape(kind)}">'
        f'<table class="bt-table"><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def to_terms(pairs: Iterable[tuple[str, str]]) -> str:
    """Return names and values as a list of terms."""
    cells = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs)
    return f'<dl class="bt-details">{cells}</dl>'


def to_link(url: str | None, text: str) -> str:
    """Return a link that opens beside the page, or nothing for anything but a web address."""
    if url is None or not url.startswith(("https://", "http://")):
        return ""
    return f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">{escape(text)}</a>'


def to_references(ids: Iterable[str], sources: list[Source], words: Words) -> str:
    """Return `[1, 3]`: the places of the cited sources in the list of sources."""
    places = {source.id: number for number, source in enumerate(sources, start=1)}
    numbers = sorted({places[name] for name in ids if name in places})
    if not numbers:
        return ""
    listed = ", ".join(str(number) for number in numbers)
    return f' <span class="bt-ref" title="{escape(words("sources.places"))}">[{listed}]</span>'
