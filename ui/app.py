"""The page. Start it with `streamlit run ui/app.py`."""

from html import escape
from pathlib import Path

import streamlit as st

from contract import DISCLAIMER, Explanation
from ui.client import Client
from ui.errors import ServiceFailed
from ui.markup import to_paragraphs, to_section
from ui.notices import show_failure
from ui.reading import show_reading
from ui.sections import (
    write_actions,
    write_sources,
    write_specialists,
    write_stage,
    write_survival,
    write_text,
)
from ui.settings import Settings
from ui.visit import Visit, open_visit
from ui.words import AUDIENCES, word_engine

HERE = Path(__file__).parent
SAMPLE = HERE.parent / "models" / "sample.png"
FORMATS = ["png", "jpg", "jpeg", "tif", "tiff", "bmp", "webp"]


@st.cache_resource(max_entries=4, hash_funcs={Settings: Settings.model_dump_json})
def connect(settings: Settings) -> Client:
    """Return the client that all sessions share."""
    return Client(settings)


def main() -> None:
    """Draw the page from top to bottom."""
    st.set_page_config(page_title="Breast tissue picture reading", page_icon=str(HERE / "icon.svg"))
    st.html(HERE / "style.css")
    show_frame()
    client = connect(Settings())
    image = choose_image()
    if image is None:
        return
    try:
        with st.spinner("Reading the picture …"):
            visit = open_visit(client, image)
    except ServiceFailed as failure:
        show_failure(failure, client)
        return
    show_reading(visit.prediction, visit.preview)
    show_explanation(client, visit)


def show_frame() -> None:
    """Show what the page is, and the disclaimer, of which the core stays in sight while scrolling."""
    st.html(
        '<header class="bt-header"><h1>Breast tissue picture reading</h1><p>Drop a microscope picture of '
        "breast tissue. A computer compares it with pictures it has learned from, and explains what its "
        f'answer means and does not mean.</p><p class="bt-disclaimer">{escape(DISCLAIMER)}</p></header>'
    )
    with st.bottom:
        st.html(
            '<p class="bt-footer">Education and research only. <strong>Not a diagnosis:</strong> '
            "a pathologist must decide.</p>"
        )


def choose_image() -> bytes | None:
    """Return the picture that was dropped, or the sample if that was asked for."""
    upload = st.file_uploader("Picture of breast tissue under the microscope", FORMATS, on_change=drop_sample)
    if upload is not None and not st.session_state.get("sample"):
        return upload.getvalue()
    if not SAMPLE.is_file():
        return None
    if st.button("Try the rendered sample", help="A picture drawn by a computer, of no patient"):
        st.session_state["sample"] = True
    if not st.session_state.get("sample"):
        return None
    st.caption("This is the rendered sample: drawn by a computer, of no patient.")
    return SAMPLE.read_bytes()


def drop_sample() -> None:
    """Let a picture that was just dropped take the sample's place."""
    st.session_state["sample"] = False


def show_explanation(client: Client, visit: Visit) -> None:
    """Show the explanation by sections, for the chosen reader."""
    audience = st.radio("Explain it to", AUDIENCES, format_func=AUDIENCES.__getitem__, horizontal=True)
    try:
        with st.spinner("Writing the explanation …"):
            explanation = visit.explain(client, audience, survival=False)
    except ServiceFailed as failure:
        show_failure(failure, client)
        return
    st.html(f'<div class="bt-summary">{to_paragraphs(explanation.summary)}</div>')
    for write in (write_actions, write_text, write_specialists, write_stage):
        st.html(write(explanation))
    show_survival(client, visit, explanation)
    with st.expander(f"Sources ({len(explanation.sources)})"):
        st.html(write_sources(explanation.sources))
    st.html(f'<p class="bt-engine">{escape(word_engine(explanation.engine))}</p>')
    for disclaimer in {visit.prediction.disclaimer, explanation.disclaimer} - {DISCLAIMER}:
        st.html(f'<p class="bt-disclaimer">{escape(disclaimer)}</p>')


def show_survival(client: Client, visit: Visit, explanation: Explanation) -> None:
    """Offer the figures of people who were not treated, and fetch them only when asked to."""
    if visit.prediction.decision != "malignant" or not visit.prediction.quality.usable:
        return
    st.html(
        to_section(
            "If a cancer were left untreated",
            "<p>There are published figures about people whose breast cancer was not treated, most of them "
            "long ago. They can be upsetting, they say nothing about one person, and whether there is a "
            "cancer here is for a pathologist to decide. You need not look at them.</p>",
        )
    )
    label = "Hide the figures" if visit.wants_survival else "Show the figures"
    if st.button(label, key="survival"):
        visit.wants_survival = not visit.wants_survival
        st.rerun()
    if not visit.wants_survival:
        return
    try:
        with st.spinner("Fetching the figures …"):
            whole = visit.explain(client, explanation.audience, survival=True)
    except ServiceFailed as failure:
        show_failure(failure, client)
        return
    if whole.untreated_survival is None:
        st.html("<p>There are no figures for this picture.</p>")
        return
    st.html(f'<div class="bt-survival">{write_survival(whole.untreated_survival, whole.sources)}</div>')


if __name__ == "__main__":
    main()
