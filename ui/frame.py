"""What stands around everything: language, title, and the disclaimer, which stays in sight."""

import json
from html import escape
from pathlib import Path

import streamlit as st

from ui.catalogue import Words, list_languages

HERE = Path(__file__).parent
LABELS = {
    "file upload": "upload.button",
    "Add files": "upload.add",
    "Remove": "upload.remove",
    "Send message": "questions.send",
    "Increment": "findings.more",
    "Decrement": "findings.less",
    "Open": "list.open",
}
"""Streamlit's words for screen readers, and the page's."""
TEXTS = {
    '[data-testid="stFileUploaderDropzone"] [data-testid="stBaseButton-secondary"] p': "upload.button",
    '[data-testid="stFileUploaderDropzoneInstructions"] span': "upload.hint",
}
"""Places of Streamlit's words for everyone, and the page's."""


def show_frame(words: Words) -> None:
    """Show what the page is, and the disclaimer, of which the core stays in sight while scrolling."""
    st.html(HERE / "style.css")
    st.html(f"<script>{_script(words)}</script>", unsafe_allow_javascript=True)
    choose_language(words)
    st.html(
        f'<header class="bt-header"><h1>{escape(words("title"))}</h1><p>{escape(words("intro"))}</p>'
        f'<p class="bt-disclaimer">{escape(words("disclaimer"))}</p></header>'
    )
    with st.bottom:
        st.html(
            f'<p class="bt-footer">{escape(words("footer"))} '
            f"<strong>{escape(words('footer.strong'))}</strong></p>"
        )


def choose_language(words: Words) -> None:
    """Let the reader choose; it counts from the next run on, which begins at once."""
    names = list_languages()
    codes = list(names)
    st.selectbox(
        words("language"),
        codes,
        index=codes.index(words.language),
        format_func=names.__getitem__,
        key="language",
        width=160,
    )


def _script(words: Words) -> str:
    """Return what puts the page's language in the place of English; it holds the page's own words only."""
    said = json.dumps({label: words(key) for label, key in LABELS.items()})
    texts = json.dumps({place: words(key) for place, key in TEXTS.items()})
    program = (HERE / "labels.js").read_text(encoding="utf-8")
    return f"{program}({json.dumps(words.language)}, {said}, {texts})"
