"""Choosing pictures, having them read one after the other, and the table of all that were."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import streamlit as st

from ui.catalogue import Words
from ui.client import Client
from ui.errors import ServiceFailed
from ui.markup import to_table
from ui.notices import describe_failure
from ui.visit import Reading, Upload, Visit
from ui.words import word_decision, word_remark

MOST_AT_ONCE = 20


class Sample:
    """The rendered picture that ships with the project, as if it had been dropped."""

    file_id = "sample"

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self._path = path

    def getvalue(self) -> bytes:
        """Return its bytes."""
        return self._path.read_bytes()


def choose_pictures(sample: Path, words: Words) -> list[Upload]:
    """Return the pictures that are chosen now, at most `MOST_AT_ONCE`."""
    key = f"pictures-{st.session_state.setdefault('uploader', 0)}"
    # Any name will do: DICOM files often have no ending, and what a file is the service finds out.
    dropped: Sequence[Upload] = st.file_uploader(words("upload"), accept_multiple_files=True, key=key)
    st.html(f'<p class="bt-quiet">{escape(words("upload.keep"))}</p>')
    chosen = list(dropped[:MOST_AT_ONCE])
    if len(dropped) > MOST_AT_ONCE:
        st.html(
            f'<p class="bt-quiet" role="status">{escape(words("upload.too_many", most=MOST_AT_ONCE))}</p>'
        )
    if sample.is_file():
        if st.button(words("sample"), help=words("sample.help")):
            st.session_state["sample"] = True
        if st.session_state.get("sample"):
            st.caption(words("sample.note"))
            chosen.append(Sample(words("sample.name"), sample))
    return chosen


def read_pictures(client: Client, visit: Visit, words: Words) -> ServiceFailed | None:
    """Have every chosen picture read that is not; return what kept the rest from being read.

    A picture that the service refuses does not stop those after it; a service that is down does.
    """
    waiting = [each for each in visit.readings.values() if each.upload and not each.is_told]
    for number, reading in enumerate(waiting, start=1):
        assert reading.upload is not None  # noqa: S101 - narrows the type
        told = words("busy.reading_of", number=number, count=len(waiting))
        try:
            with st.spinner(told if len(waiting) > 1 else words("busy.reading")):
                reading.prediction = client.predict(reading.upload.getvalue(), reading.request_id)
            reading.failure = None
        except ServiceFailed as failure:
            if describe_failure(failure, "", words).passing:
                return failure
            reading.failure = failure
    return None


def show_table(client: Client, visit: Visit, words: Words) -> None:
    """Show all pictures of the visit beside each other, and let the reader choose one."""
    st.html(f'<h2 class="bt-title">{escape(words("visit"))}</h2>')
    head = [words(f"visit.{column}") for column in ("picture", "result", "probability", "remarks")]
    rows = [_row(reading, client, words) for reading in visit.readings.values()]
    st.html(to_table(head, rows, words("visit")) + f'<p class="bt-quiet">{escape(words("visit.note"))}</p>')


def choose_reading(visit: Visit, fresh: list[str], words: Words) -> Reading | None:
    """Return the reading that is to be shown: of several the one that the reader chose, first a new one."""
    told = [key for key, reading in visit.readings.items() if reading.is_told]
    if not told:
        return None
    new = sorted((key for key in fresh if key in told), key=lambda key: not visit.readings[key].prediction)
    if new or st.session_state.get("current") not in told:
        st.session_state["current"] = (new or told[-1:])[0]
    if len(told) > 1:
        names = {key: _name(visit.readings[key]) for key in told}
        st.selectbox(words("visit.shown"), told, format_func=names.__getitem__, key="current")
    return visit.readings[st.session_state["current"]]


def _name(reading: Reading) -> str:
    return f"{reading.number}. {reading.name}"


def _row(reading: Reading, client: Client, words: Words) -> list[str]:
    prediction = reading.prediction
    if prediction is None:
        failure = reading.failure
        notice = describe_failure(failure, client.urls[failure.service], words) if failure else None
        return [_name(reading), notice.headline if notice else "…", "", ""]
    usable = prediction.quality.usable
    remarks = " ".join(word_remark(issue, words) for issue in prediction.quality.issues)
    return [
        _name(reading),
        word_decision(prediction, words).short,
        words.percent(prediction.malignant_probability) if usable else "",
        remarks or words("visit.none"),
    ]
