"""A form for what other tests have found; the chat service then names the stage by rule."""

from typing import TypeVar

import streamlit as st

from contract import Clinical
from contract.explanation import Marker
from ui.catalogue import Words
from ui.visit import Reading

MARKERS = ("er", "pr", "her2")
LARGEST_MM, MOST_NODES = 500.0, 100

Option = TypeVar("Option", bool, int, Marker)


def show_findings(reading: Reading, words: Words) -> None:
    """Let the reader enter findings; they count from the moment the form is sent."""
    stated = bool(name_findings(reading.clinical, words))
    with st.expander(words("findings"), expanded=stated):
        st.html(f'<p class="bt-quiet">{words("findings.note")}</p>')
        place = f"{reading.number}-{reading.forms}"
        with st.form(f"findings-{place}", border=False):
            clinical = _ask(reading.clinical, words, place)
            used = st.form_submit_button(words("findings.use"), type="primary")
        cleared = stated and st.button(words("findings.clear"), key="findings-clear")
    if cleared:
        clinical = Clinical()
        reading.forms += 1
    if (used or cleared) and clinical != reading.clinical:
        reading.clinical = clinical
        st.rerun()


def _ask(known: Clinical, words: Words, place: str) -> Clinical:
    left, right = st.columns(2)
    with left:
        size = st.number_input(
            words("findings.size"),
            min_value=0.1,
            max_value=LARGEST_MM,
            value=known.tumour_size_mm,
            step=1.0,
            format="%g",
            key=f"finding-size-{place}",
        )
        metastasis = _choose("metastasis", {True: "yes", False: "no"}, known.distant_metastasis, words, place)
    with right:
        nodes = st.number_input(
            words("findings.nodes"),
            min_value=0,
            max_value=MOST_NODES,
            value=known.positive_nodes,
            step=1,
            key=f"finding-nodes-{place}",
        )
        grade = _choose("grade", {1: "1", 2: "2", 3: "3"}, known.grade, words, place)
    markers: dict[str, Marker | None] = {}
    signs: dict[Marker, str] = {"positive": "positive", "negative": "negative"}
    for column, marker in zip(st.columns(3), MARKERS, strict=True):
        with column:
            markers[marker] = _choose(marker, signs, getattr(known, marker), words, place)
    return Clinical(
        tumour_size_mm=size, positive_nodes=nodes, distant_metastasis=metastasis, grade=grade, **markers
    )


def _choose(
    name: str, options: dict[Option, str], known: Option | None, words: Words, place: str
) -> Option | None:
    """Let the reader choose one of a few values, or leave it unstated."""
    choices: list[Option | None] = [None]
    choices += options

    def say(value: Option | None) -> str:
        if value is None:
            return words("findings.unstated")
        return words.find(f"findings.{options[value]}") or options[value]

    return st.selectbox(
        words(f"findings.{name}"),
        choices,
        index=choices.index(known),
        format_func=say,
        key=f"finding-{name}-{place}",
    )


def name_findings(clinical: Clinical, words: Words) -> list[tuple[str, str]]:
    """Return what was entered, each with its name, in words."""
    said: list[tuple[str, str]] = []
    if clinical.tumour_size_mm is not None:
        said.append((words("findings.size"), words.number(clinical.tumour_size_mm)))
    if clinical.positive_nodes is not None:
        said.append((words("findings.nodes"), str(clinical.positive_nodes)))
    if clinical.distant_metastasis is not None:
        found = words("findings.yes" if clinical.distant_metastasis else "findings.no")
        said.append((words("findings.metastasis"), found))
    if clinical.grade is not None:
        said.append((words("findings.grade"), str(clinical.grade)))
    for marker in MARKERS:
        value = getattr(clinical, marker)
        if value is not None:
            said.append((words(f"findings.{marker}"), words.find(f"findings.{value}") or value))
    return said
