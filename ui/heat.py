"""The picture, and beside it the same under what the computer reacted to, as strongly as the reader wants."""

from html import escape

import streamlit as st

from ui.catalogue import Words
from ui.client import Client
from ui.errors import ServiceFailed
from ui.notices import show_failure
from ui.pictures import Pictures, draw_pictures
from ui.visit import Reading


def show_pictures(client: Client, reading: Reading, words: Words) -> None:
    """Show them, having them drawn once."""
    if reading.pictures is None:
        if reading.upload is None:
            st.caption(words("picture.gone"))
            return
        try:
            with st.spinner(words("heat.busy")):
                reading.pictures = _draw(client, reading)
        except ServiceFailed as failure:
            if show_failure(failure, client, words, "heat"):
                st.rerun()
            return
    if reading.pictures.heat is None:
        st.html(f'<div class="bt-pictures">{_figure(reading.pictures.picture, words("picture.alt"))}</div>')
    else:
        _show_layers(reading, reading.pictures, words)


def _draw(client: Client, reading: Reading) -> Pictures:
    assert reading.upload is not None  # noqa: S101 - narrows the type
    assert reading.prediction is not None  # noqa: S101 - narrows the type
    return draw_pictures(client, reading.upload.getvalue(), reading.prediction, reading.request_id)


@st.fragment
def _show_layers(reading: Reading, pictures: Pictures, words: Words) -> None:
    """Only this part runs again while the slider moves."""
    st.html(write_pictures(pictures, words))
    key = f"opacity-{reading.number}"
    reading.opacity = st.slider(words("heat.opacity"), 0, 100, reading.opacity, step=5, key=key)
    # Apart from the pictures, which so need not be sent again; alone, it would be no element of the page.
    style = f".stApp .bt-layers .bt-heat {{ opacity: {reading.opacity / 100:g}; }}"
    st.html(f"<span hidden></span><style>{style}</style>")
    st.html(write_legend(words))


def write_pictures(pictures: Pictures, words: Words) -> str:
    """Return both side by side."""
    plain = _figure(pictures.picture, words("picture.alt"), words("picture"))
    if pictures.heat is None:
        return f'<div class="bt-pictures">{plain}</div>'
    layer = f'<img class="bt-heat" src="{pictures.heat}" alt="">'
    heated = _figure(pictures.picture, words("heat.alt"), words("heat"), layer)
    return f'<div class="bt-pictures">{plain}{heated}</div>'


def write_legend(words: Words) -> str:
    """Return what the colours mean, and what they do not."""
    return (
        f'<ul class="bt-legend"><li><i class="bt-key-malignant"></i>{escape(words("heat.malignant"))}</li>'
        f'<li><i class="bt-key-benign"></i>{escape(words("heat.benign"))}</li></ul>'
        f'<p class="bt-quiet">{escape(words("heat.note"))}</p>'
    )


def _figure(source: str, alt: str, caption: str = "", layer: str = "") -> str:
    title = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    image = f'<img src="{source}" alt="{escape(alt)}">'
    return f'<figure><div class="bt-layers">{image}{layer}</div>{title}</figure>'
