"""The reading of the picture: decision, probability, remarks, and what read it."""

from html import escape

import streamlit as st

from contract import Prediction
from ui.scale import draw_scale
from ui.words import word_decision


def show_reading(prediction: Prediction, preview: str | None) -> None:
    """Show what the inference service found, the decision first."""
    st.html(_decision(prediction, preview))
    if prediction.quality.usable:
        st.html(draw_scale(prediction))
    if prediction.quality.issues:
        remarks = "".join(f"<li>{escape(issue.message)}</li>" for issue in prediction.quality.issues)
        st.html(f'<div class="bt-remarks"><h3>Remarks on the picture</h3><ul>{remarks}</ul></div>')
    with st.expander("About this reading"):
        st.html(_details(prediction))


def _decision(prediction: Prediction, preview: str | None) -> str:
    words = word_decision(prediction)
    picture = f'<img src="{preview}" alt="the picture that was read">' if preview else ""
    return (
        f'<div class="bt-decision" role="status"><div><h2>{escape(words.headline)}</h2>'
        f"<p>{escape(words.meaning)}</p></div>{picture}</div>"
    )


def _details(prediction: Prediction) -> str:
    model, image = prediction.model, prediction.image
    rows = {
        "Model": f"{model.name} {model.version} ({model.architecture}, {model.modality})",
        "Model file (SHA-256)": model.sha256,
        "Picture": f"{image.format}, {image.width} x {image.height} pixels",
        "Reading": f"{prediction.id}, {prediction.created:%Y-%m-%d %H:%M} UTC",
    }
    cells = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in rows.items())
    return f'<dl class="bt-details">{cells}</dl>'
