"""The probability on a scale from 0 to 100 %, with the threshold and the indeterminate band."""

from html import escape

from contract import Prediction
from ui.words import word_percent


def draw_scale(prediction: Prediction) -> str:
    """Return the scale as HTML; its label says in words what it shows."""
    value, band = prediction.malignant_probability, prediction.band
    percent = word_percent(value, _digits(prediction))
    label = f"Computed probability of malignant tissue: {percent}. {_describe(prediction)}"
    zone = ""
    if band:
        zone = f'<span class="bt-band" style="left:{band.low:.2%};width:{band.high - band.low:.2%}"></span>'
    return (
        f'<figure class="bt-scale"><figcaption>Computed probability of malignant tissue: '
        f"<strong>{percent}</strong></figcaption>"
        f'<div role="img" aria-label="{escape(label)}"><div class="bt-track">{zone}'
        f'<span class="bt-threshold" style="left:{prediction.threshold:.2%}"></span>'
        f'<span class="bt-marker" style="left:{value:.2%}"></span></div>'
        f'<div class="bt-ends"><span>0 %<br>more like non-cancerous</span>'
        f"<span>100 %<br>more like cancerous</span></div></div>{_legend(prediction)}</figure>"
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


def _describe(prediction: Prediction) -> str:
    digits, band = _digits(prediction), prediction.band
    text = f"The threshold is {word_percent(prediction.threshold, digits)}."
    if band:
        span = f"{word_percent(band.low, digits)} and {word_percent(band.high, digits)}"
        text += f" Between {span} the model does not decide."
    return text


def _legend(prediction: Prediction) -> str:
    digits, band = _digits(prediction), prediction.band
    items = [
        '<li><i class="bt-key-marker"></i>this picture</li>',
        f'<li><i class="bt-key-threshold"></i>threshold, {word_percent(prediction.threshold, digits)}</li>',
    ]
    if band:
        span = f"{word_percent(band.low, digits)} to {word_percent(band.high, digits)}"
        items.append(f'<li><i class="bt-key-band"></i>too close to call, {span}</li>')
    return f'<ul class="bt-legend" aria-hidden="true">{"".join(items)}</ul>'
