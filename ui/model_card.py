"""The model's card: what it is for, how well it did, what it learned from, and its curves."""

from html import escape
from uuid import uuid4

import streamlit as st

from contract import MetricCard, ModelCard
from ui.catalogue import Words
from ui.client import Client
from ui.curves import draw_curve
from ui.errors import ServiceFailed
from ui.markup import to_list, to_paragraphs, to_section, to_table, to_terms
from ui.notices import show_failure
from ui.report import DataSet, Report, read_report
from ui.settings import Settings


@st.fragment
def show_model(client: Client, settings: Settings, words: Words) -> None:
    """Show the card when the reader asks for it; a new model may have come, so it is asked for each time."""
    st.html(f'<h2 class="bt-title">{escape(words("model"))}</h2>')
    wanted = bool(st.session_state.get("wants_model"))
    if st.button(words("model.hide" if wanted else "model.show"), key="model"):
        st.session_state["wants_model"] = not wanted
        st.rerun(scope="fragment")
    if not wanted:
        return
    try:
        with st.spinner(words("model.busy")):
            card = client.describe_model(uuid4())
    except ServiceFailed as failure:
        if show_failure(failure, client, words, "model"):
            st.rerun(scope="fragment")
        return
    st.html(write_card(card, words))
    st.html(write_curves(read_report(settings.report, card), words))


def write_card(card: ModelCard, words: Words) -> str:
    """Return the card as HTML; its own texts are the model maker's, in English."""
    point = card.operating_point
    decides = words(
        "model.point.text",
        low=words.percent(point.band.low, 1),
        high=words.percent(point.band.high, 1),
        threshold=words.percent(point.threshold, 1),
    )
    title = f"{card.name} {card.version} ({card.architecture}, {card.modality})"
    return (
        f"<p><strong>{escape(title)}</strong></p>"
        + _titled(words("model.use"), _foreign(to_paragraphs(card.intended_use)))
        + _titled(words("model.limits"), _foreign(to_list(card.limits)))
        + _titled(words("model.point"), f"<p>{escape(decides)}</p>")
        + _titled(words("model.figures"), "".join(_write_figures(each, words) for each in card.metrics))
        + _titled(words("model.data"), _write_data(card, words))
    )


def _titled(title: str, content: str) -> str:
    return to_section(title, content, level=3)


def _foreign(markup: str) -> str:
    return f'<div lang="en">{markup}</div>'


def _write_figures(metric: MetricCard, words: Words) -> str:
    title = words("model.set", set=metric.data_set, images=metric.images, patients=metric.patients)
    rows = [
        (
            words.find(f"figure.{name}") or name,
            words.decimal(figure.value),
            f"{words.decimal(figure.low)} … {words.decimal(figure.high)}",
        )
        for name, figure in metric.values.items()
    ]
    head = [words("model.figure"), words("model.value"), words("model.interval")]
    return f"<h4>{escape(title)}</h4>{to_table(head, rows, title)}{_write_confusion(metric, words)}"


def _write_confusion(metric: MetricCard, words: Words) -> str:
    names = list(metric.confusion)
    called = {name: words.find(f"class.{name}") or name for name in names}
    head = [words("model.truth"), *(words("model.answered", name=called[name]) for name in names)]
    rows = [
        [called[true], *(str(answered.get(name, 0)) for name in names)]
        for true, answered in metric.confusion.items()
    ]
    title = words("model.confusion", set=metric.data_set)
    return f"<h5>{escape(title)}</h5>{to_table(head, rows, title)}" if rows else ""


def _write_data(card: ModelCard, words: Words) -> str:
    pairs = []
    for data in card.data:
        text = words(
            "model.data.text",
            images=data.train_images,
            patients=data.train_patients,
            licence=data.licence,
        )
        drawn = f" {words('model.rendered')}" if data.rendered else ""
        pairs.append((data.name, f"{text}{drawn} {data.citation}"))
    return to_terms(pairs)


def write_curves(report: Report | None, words: Words) -> str:
    """Return the curves of each data set, or that there are none for this file."""
    if report is None:
        return _titled(words("model.curves"), f"<p>{escape(words('model.none'))}</p>")
    drawn = "".join(_write_set(each, words) for each in report.data_sets)
    return _titled(words("model.curves"), drawn)


def _write_set(data: DataSet, words: Words) -> str:
    auc = data.image_level.figures.auc.value
    shown = "?" if auc is None else words.decimal(auc)
    roc = words("model.roc.text", set=data.name, auc=shown)
    calibration = words("model.calibration.text", set=data.name)
    bins = [
        (each.predicted, each.observed)
        for each in data.calibration.bins
        if each.images and each.predicted is not None and each.observed is not None
    ]
    bins.sort()
    return (
        f'<h4>{escape(data.name)}</h4><div class="bt-pictures">'
        f"<figure>{draw_curve(data.curves.roc, words('model.roc'))}"
        f"<figcaption>{escape(roc)}</figcaption></figure>"
        f"<figure>{draw_curve(bins, words('model.calibration'), dots=True)}"
        f"<figcaption>{escape(calibration)}</figcaption></figure></div>"
    )
