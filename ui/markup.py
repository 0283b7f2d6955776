"""HTML that is safe to show: everything that a service or a file says is escaped here."""

from collections.abc import Iterable
from html import escape

from contract import Source


def to_paragraphs(text: str) -> str:
    """Return plain text as paragraphs, split at empty lines."""
    blocks = [block.strip() for block in text.split("\n\n")]
    return "".join(f"<p>{escape(block)}</p>" for block in blocks if block)


def to_list(items: Iterable[str]) -> str:
    """Return plain texts as a bullet list."""
    return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"


def to_section(title: str, content: str) -> str:
    """Return a titled part of the page; `content` is markup already."""
    return f'<section class="bt-section"><h2>{escape(title)}</h2>{content}</section>'


def to_link(url: str | None, text: str) -> str:
    """Return a link that opens beside the page, or nothing for anything but a web address."""
    if url is None or not url.startswith(("https://", "http://")):
        return ""
    return f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">{escape(text)}</a>'


def to_references(ids: Iterable[str], sources: list[Source]) -> str:
    """Return `[1, 3]`: the places of the cited sources in the list of sources."""
    places = {source.id: number for number, source in enumerate(sources, start=1)}
    numbers = sorted({places[name] for name in ids if name in places})
    if not numbers:
        return ""
    listed = ", ".join(str(number) for number in numbers)
    return f' <span class="bt-ref" title="numbers in the list of sources">[{listed}]</span>'
