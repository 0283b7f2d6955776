"""What the reader may take along: the answers as JSON, and as a page to print."""

import json
from html import escape

import streamlit as st

from contract import Explanation
from ui.catalogue import Words
from ui.heat import OPACITY
from ui.printable import write_page
from ui.visit import Reading

NAME = "breast-tissue-reading"
"""Of the files; it says nothing about anyone."""


def offer_downloads(reading: Reading, explanation: Explanation, words: Words) -> None:
    """Offer both; they are made when the page is drawn and kept by nobody but the reader."""
    note = f'<p class="bt-quiet">{escape(words("take.note"))}</p>'
    st.html(f'<h2 class="bt-title">{escape(words("take"))}</h2>{note}')
    opacity = None
    if reading.pictures is not None and st.checkbox(words("take.pictures"), key="take-pictures"):
        opacity = int(st.session_state.get("opacity", OPACITY))
    page = write_page(reading, explanation, words, opacity=opacity)
    left, right = st.columns(2)
    with left:
        _offer(words("take.print"), page, f"{NAME}.html", "text/html")
    with right:
        _offer(words("take.json"), write_json(reading, explanation), f"{NAME}.json", "application/json")


def _offer(label: str, content: str, name: str, kind: str) -> None:
    st.download_button(label, content.encode(), name, kind, on_click="ignore", width="stretch", key=name)


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
