"""The explanation of a reading: asked for once, shown while it is written, then by sections."""

from html import escape

import streamlit as st

from contract import DISCLAIMER, Explanation, ExplanationRequest
from contract.explanation import Audience
from ui.catalogue import Words
from ui.client import Client
from ui.errors import ServiceFailed
from ui.findings import show_findings
from ui.markup import to_details, to_section
from ui.notices import show_failure
from ui.sections import (
    write_actions,
    write_draft,
    write_sources,
    write_specialists,
    write_stage,
    write_summary,
    write_survival,
    write_text,
)
from ui.visit import Asked, Reading
from ui.words import word_engine

AUDIENCES: tuple[Audience, ...] = ("patient", "clinician")


def choose_audience(words: Words) -> Audience:
    """Let the reader say who is reading."""
    names = {audience: words(f"audience.{audience}") for audience in AUDIENCES}
    return st.radio(
        words("audience"), AUDIENCES, format_func=names.__getitem__, horizontal=True, key="audience"
    )


def show_explanation(
    client: Client, reading: Reading, audience: Audience, words: Words
) -> Explanation | None:
    """Show the explanation by sections, for the chosen reader; return it if there is one."""
    try:
        explanation = explain(client, reading, audience, words, survival=False)
    except ServiceFailed as failure:
        if show_failure(failure, client, words, "chat"):
            st.rerun()
        return None
    if explanation.language.split("-")[0] != words.language:
        st.html(f'<p class="bt-quiet">{escape(words("explanation.other_language"))}</p>')
    _show(explanation, write_summary(explanation.summary))
    for write in (write_actions, write_text, write_specialists, write_stage):
        _show(explanation, write(explanation, words))
    show_findings(reading, words)
    shown = show_survival(client, reading, explanation, words) or explanation
    sources = write_sources(explanation.sources, words)
    count = len(explanation.sources)
    _show(explanation, to_details(words("sources", count=count), sources))
    st.html(f'<p class="bt-engine">{escape(word_engine(explanation.engine, words))}</p>')
    show_other_disclaimers(reading, explanation, words)
    return shown


def explain(
    client: Client, reading: Reading, audience: Audience, words: Words, *, survival: bool
) -> Explanation:
    """Return the explanation, asking for it once; survival figures only where they are wanted.

    Raises:
        ServiceFailed: if there is none.
    """
    assert reading.prediction is not None  # noqa: S101 - narrows the type
    asked = Asked(audience, words.language, survival, reading.clinical.model_dump_json())
    if asked not in reading.explanations:
        request = ExplanationRequest(
            prediction=reading.prediction,
            audience=audience,
            language=words.language,
            clinical=reading.clinical if reading.clinical.model_dump(exclude_none=True) else None,
            include_prognosis=survival,
        )
        place = st.empty()

        def show(text: str) -> None:
            if not survival:  # figures are shown whole or not at all; what comes with them is there already
                place.html(write_draft(text, words))

        with st.spinner(words("survival.busy" if survival else "busy.explaining")):
            reading.explanations[asked] = client.explain(request, reading.request_id, show)
        place.html(f'<p class="bt-unseen" role="status">{escape(words("explanation.ready"))}</p>')
    return reading.explanations[asked]


def show_survival(
    client: Client, reading: Reading, explanation: Explanation, words: Words
) -> Explanation | None:
    """Offer the figures of people who were not treated, and fetch them only when asked to.

    Return the explanation that holds them, where they are shown.
    """
    prediction = reading.prediction
    if prediction is None or prediction.decision != "malignant" or not prediction.quality.usable:
        return None
    st.html(to_section(words("survival"), f"<p>{escape(words('survival.offer'))}</p>"))
    label = words("survival.hide" if reading.wants_survival else "survival.show")
    if st.button(label, key="survival"):
        reading.wants_survival = not reading.wants_survival
        st.rerun()
    if not reading.wants_survival:
        return None
    try:
        whole = explain(client, reading, explanation.audience, words, survival=True)
    except ServiceFailed as failure:
        if show_failure(failure, client, words, "survival"):
            st.rerun()
        return None
    if whole.untreated_survival is None:
        st.html(f"<p>{escape(words('survival.none'))}</p>")
        return None
    figures = write_survival(whole.untreated_survival, whole.sources, words)
    _show(whole, f'<div class="bt-survival">{figures}</div>')
    return whole


def show_other_disclaimers(reading: Reading, explanation: Explanation, words: Words) -> None:
    """Show what the services add to the disclaimer that stands above anyway."""
    assert reading.prediction is not None  # noqa: S101 - narrows the type
    known = {DISCLAIMER, words("disclaimer")}
    for disclaimer in {reading.prediction.disclaimer, explanation.disclaimer} - known:
        st.html(f'<p class="bt-disclaimer">{escape(disclaimer)}</p>')


def _show(explanation: Explanation, markup: str) -> None:
    """Show a part in the language in which it was written, for screen readers."""
    st.html(f'<div lang="{escape(explanation.language)}">{markup}</div>')
