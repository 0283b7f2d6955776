"""The reading of a picture: decision, probability, remarks, and what read it."""

from html import escape

from contract import Prediction
from ui.catalogue import Words
from ui.markup import to_details, to_list, to_terms
from ui.scale import draw_scale
from ui.words import word_decision, word_remark


def write_decision(prediction: Prediction, words: Words) -> str:
    """The decision in plain words, before everything else."""
    wording = word_decision(prediction, words)
    return (
        f'<div class="bt-decision" role="status"><h2>{escape(wording.headline)}</h2>'
        f"<p>{escape(wording.meaning)}</p></div>"
    )


def write_scale(prediction: Prediction, words: Words) -> str:
    """The probability; nothing for a picture that cannot be judged."""
    return draw_scale(prediction, words) if prediction.quality.usable else ""


def write_remarks(prediction: Prediction, words: Words) -> str:
    """What was remarked on the picture."""
    if not prediction.quality.issues:
        return ""
    listed = to_list(word_remark(issue, words) for issue in prediction.quality.issues)
    return f'<div class="bt-remarks"><h3>{escape(words("remarks"))}</h3>{listed}</div>'


def write_about(prediction: Prediction, words: Words) -> str:
    """What read which picture, to be opened."""
    return to_details(words("about"), write_facts(prediction, words))


def write_facts(prediction: Prediction, words: Words) -> str:
    """What read which picture."""
    model, image = prediction.model, prediction.image
    size = words("about.pixels", format=image.format, width=image.width, height=image.height)
    return to_terms(
        [
            (words("about.model"), f"{model.name} {model.version} ({model.architecture}, {model.modality})"),
            (words("about.file"), model.sha256),
            (words("about.picture"), size),
            (words("about.reading"), f"{prediction.id}, {prediction.created:%Y-%m-%d %H:%M} UTC"),
        ]
    )
