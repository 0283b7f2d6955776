"""What the reader may take along: the answers as JSON, and as a page to print."""

import json
from collections.abc import Callable
from html import escape

import streamlit as st

from contract import Explanation
from ui.catalogue import Words
from ui.printable import write_page
from ui.visit import Reading

NAME = "breast-tissue-reading"
"""Of the files; it says nothing about anyone."""


def offer_downloads(reading: Reading, explanation: Explanation, words: Words) -> None:
    """Offer both; they are kept by nobody but the reader."""
    note = f'<p class="bt-quiet">{escape(words("take.note"))}</p>'
    st.html(f'<h2 class="bt-title">{escape(words("take"))}</h2>{note}')
    shown = False
    if reading.pictures is not None:
        shown = st.checkbox(words("take.pictures"), key="take-pictures")

    # Made when they are asked for, so that answers to questions that came meanwhile are in them.
    def make_page() -> bytes:
        opacity = reading.opacity if shown else None
        return write_page(reading, explanation, words, opacity=opacity).encode()

    def make_json() -> bytes:
        return write_json(reading, explanation).encode()

    left, right = st.columns(2)
    with left:
        _offer(words("take.print"), make_page, f"{NAME}.html", "text/html")
    with right:
        _offer(words("take.json"), make_json, f"{NAME}.json", "application/json")


def _offer(label: str, make: Callable[[], bytes], name: str, kind: str) -> None:
    st.download_button(label, make, name, kind, on_click="ignore", width="stretch", key=name)


def write_json(reading: Reading, explanation: Explanation) -> str:
    """Return everything that the services said, as they said it, and what they were told."""
    assert reading.prediction is not None  # noqa: S101 - narrows the type
    whole = {
        "prediction": reading.prediction.model_dump(mode="json"),
        "clinical": reading.clinical.model_dump(mode="json", exclude_none=True) or None,
        "explanation": explanation.model_dump(mode="json"),
        "questions": [
            {"question": turn.question, "answer": turn.reply.model_dump(mode="json")}
            for turn in reading.turns
        ],
    }
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"
