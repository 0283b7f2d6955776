"""The probability on a scale from 0 to 100 %, with the threshold and the indeterminate band."""

from html import escape

from contract import Prediction
from ui.catalogue import Words


def draw_scale(prediction: Prediction, words: Words) -> str:
    """Return the scale as HTML; its label says in words what it shows."""
    value, band = prediction.malignant_probability, prediction.band
    percent, caption = words.percent(value, _digits(prediction)), words("scale.caption")
    label = f"{caption} {percent}. {_describe(prediction, words)}"
    zone = ""
    if band:
        zone = f'<span class="bt-band" style="left:{band.low:.2%};width:{band.high - band.low:.2%}"></span>'
    return (
        f'<figure class="bt-scale"><figcaption>{escape(caption)} <strong>{percent}</strong></figcaption>'
        f'<div role="img" aria-label="{escape(label)}"><div class="bt-track">{zone}'
        f'<span class="bt-threshold" style="left:{prediction.threshold:.2%}"></span>'
        f'<span class="bt-marker" style="left:{value:.2%}"></span></div>'
        f'<div class="bt-ends"><span>0\u00a0%<br>{escape(words("scale.low"))}</span>'
        f"<span>100\u00a0%<br>{escape(words('scale.high'))}</span></div></div>"
        f"{_legend(prediction, words)}</figure>"
    )


def _digits(prediction: Prediction) -> int:
    """Return 1 where rounding to whole per cent would make different values look the same, else 0."""
    band = prediction.band
    values = {
        prediction.malignant_probability,
        prediction.threshold,
        *((band.low, band.high) if band else ()),
    }
    return int(len({round(value * 100) for value in values}) < len(values))


def _describe(prediction: Prediction, words: Words) -> str:
    digits, band = _digits(prediction), prediction.band
    text = words("scale.threshold", percent=words.percent(prediction.threshold, digits))
    if band:
        low, high = words.percent(band.low, digits), words.percent(band.high, digits)
        text += f" {words('scale.band', low=low, high=high)}"
    return text


def _legend(prediction: Prediction, words: Words) -> str:
    digits, band = _digits(prediction), prediction.band
    threshold = words("scale.key.threshold", percent=words.percent(prediction.threshold, digits))
    items = [("marker", words("scale.key.picture")), ("threshold", threshold)]
    if band:
        low, high = words.percent(band.low, digits), words.percent(band.high, digits)
        items.append(("band", words("scale.key.band", low=low, high=high)))
    listed = "".join(f'<li><i class="bt-key-{kind}"></i>{escape(text)}</li>' for kind, text in items)
    return f'<ul class="bt-legend" aria-hidden="true">{listed}</ul>'
