"""The probability on a scale from 0 to 100 %, with the threshold and the indeterminate band."""

from html import escape

from contract import Prediction
from ui.words import word_percent


def draw_scale(prediction: Prediction) -> str:
    """Return the scale as HTML; its label says in words what it shows."""
    value, threshold, band = prediction.malignant_probability, prediction.threshold, prediction.band
    percent = word_percent(value)
    label = f"Computed probability of malignant tissue: {percent}. {_describe(prediction)}"
    zone = (
        f'<span class="bt-band" style="left:{band.low:.2%};width:{band.high - band.low:.2%}"></span>'
        if band
        else ""
    )
    return (
        f'<figure class="bt-scale"><figcaption>Computed probability of malignant tissue: '
        f"<strong>{percent}</strong></figcaption>"
        f'<div role="img" aria-label="{escape(label)}"><div class="bt-track">{zone}'
        f'<span class="bt-threshold" style="left:{threshold:.2%}"></span>'
        f'<span class="bt-marker" style="left:{value:.2%}"></span></div>'
        f'<div class="bt-ends"><span>0 %<br>more like harmless</span>'
        f"<span>100 %<br>more like cancerous</span></div></div>{_legend(prediction)}</figure>"
    )


def _describe(prediction: Prediction) -> str:
    text = f"The threshold is {word_percent(prediction.threshold)}."
    if band := prediction.band:
        text += f" Between {word_percent(band.low)} and {word_percent(band.high)} the model does not decide."
    return text


def _legend(prediction: Prediction) -> str:
    items = [
        '<li><i class="bt-key-marker"></i>this picture</li>',
        f'<li><i class="bt-key-threshold"></i>threshold, {word_percent(prediction.threshold)}</li>',
    ]
    if band := prediction.band:
        span = f"{word_percent(band.low)} to {word_percent(band.high)}"
        items.append(f'<li><i class="bt-key-band"></i>too close to call, {span}</li>')
    return f'<ul class="bt-legend" aria-hidden="true">{"".join(items)}</ul>'
