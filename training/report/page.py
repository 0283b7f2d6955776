"""The page of a report: one file that needs nothing else."""

from collections.abc import Mapping
from importlib.resources import files

from training.report import tables
from training.report.document import DataSetReport, Mistake, Report
from training.report.figures import NAMES, to_text
from training.report.markup import Markup, join, table, tag
from training.report.plots import (
    Bar,
    draw_folds,
    draw_forest,
    draw_histogram,
    draw_precision_recall,
    draw_reliability,
    draw_roc,
)
from training.report.words import MEANINGS

TITLES = {
    "evaluation": "Evaluation of a tissue model",
    "cross-validation": "Cross-validation of a tissue model",
    "acceptance": "Local acceptance test of a tissue model",
}

OF_ROWS = "By truth and by the side of the threshold; shares are of each row."
ROC = (
    "Each cut of the probability finds some malignant images at the price of some false alarms. The dotted "
    "line is chance."
)
RELIABILITY = (
    "Images in groups of equal number. Dots on the dotted line mean that probabilities say what happens; the "
    "lines are 95 % intervals as if images were independent."
)
HISTOGRAM = "Between the edges of the band the model decides nothing."


def write_page(report: Report, pictures: Mapping[int, str]) -> str:
    """Return the page as HTML.

    Args:
        report: All that it says.
        pictures: Of the mistakes, by their row: `data:` addresses; without one, words stand alone.
    """
    title = TITLES[report.kind]
    style = (files("training.report") / "style.css").read_text("utf-8")
    head = tag(
        "head",
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        tag("title", f"{title}: {report.model.name}"),
        tag("style", Markup(style)),
    )
    body = tag("body", *_write_top(report, title), *_write_middle(report), *_write_end(report, pictures))
    return "<!doctype html>\n" + tag("html", head, body, lang="en") + "\n"


def _write_top(report: Report, title: str) -> list[Markup]:
    parts = [tag("h1", title), tag("p", report.disclaimer, class_="disclaimer"), tables.tell_facts(report)]
    if report.acceptance is not None:
        parts.append(tables.tell_acceptance(report.acceptance))
    if report.notes:
        items = tag("ul", *(tag("li", note) for note in report.notes))
        parts.append(tag("section", tag("h2", "Before you read a figure"), items, class_="notes"))
    return parts


def _write_middle(report: Report) -> list[Markup]:
    sections = report.sections
    parts = [tag("h2", "At a glance"), tables.compare_sections(sections)]
    bars = _list_bars(sections)
    if len(bars) > 1:
        words = (
            "Diamonds are whole data sets, dots are subgroups of them. A subgroup whose images are all of "
            "one class is set against the other class of its data set."
        )
        parts.append(_figure("ROC AUC by data set and subgroup", draw_forest("forest", bars), words))
    if report.folds:
        parts += _write_folds(report)
    for number, section in enumerate(sections):
        parts += _write_section(report, section, number)
    return parts


def _list_bars(sections: list[DataSetReport]) -> list[Bar]:
    """Return every data set, then its subgroups unless one of them is all of it."""
    bars = [Bar(section.name, section.image_level.figures["auc"], whole=True) for section in sections]
    for section in sections:
        bars += [
            Bar(f"{section.name}: {each.name} ({each.images})", each.figures["auc"], whole=False)
            for each in section.subgroups
            if each.images < section.image_level.count
        ]
    return [bar for bar in bars if bar.figure.value is not None]


def _write_folds(report: Report) -> list[Markup]:
    words = (
        "Every image was held out once, and its figures come from a network that never saw it. Folds differ "
        "because patients differ: their spread is what a new set of patients may bring."
    )
    parts = [tag("h2", "Fold by fold"), tag("p", words)]
    if any(not each.by_patient for each in report.folds):
        warning = (
            "Folds at random put images of one patient on both sides, so the network has met the patient "
            "already. These figures are inflated; they stand here to show by how much."
        )
        parts.append(tag("p", tag("strong", "Inflated: "), warning))
    for name in ("auc", "balanced_accuracy"):
        plot = draw_folds(f"folds-{name}", report.folds, name, NAMES[name])
        parts.append(_figure(f"{NAMES[name]} by fold", plot, ""))
    return [*parts, *(tables.tell_folds(each) for each in report.folds)]


def _write_section(report: Report, section: DataSetReport, number: int) -> list[Markup]:
    return [
        tag("h2", section.name),
        tables.tell_counts(section),
        tag("div", *_list_plots(report, section, number), class_="plots"),
        *tables.tell_section(section),
    ]


def _list_plots(report: Report, section: DataSetReport, number: int) -> list[Markup]:
    share = f"Of all images here {to_text(100 * section.calibration.share, 0)} % are malignant."
    histogram = draw_histogram(f"histogram-{number}", section, report.model.threshold, report.model.band)
    plots = [tables.tell_confusion(section.image_level, "Confusion matrix", OF_ROWS)]
    if section.curves.roc:
        plots.append(_figure("ROC curve", draw_roc(f"roc-{number}", section), ROC))
        plots.append(_figure("Precision and recall", draw_precision_recall(f"pr-{number}", section), share))
    plots.append(_figure("Reliability", draw_reliability(f"reliability-{number}", section), RELIABILITY))
    plots.append(_figure("Probabilities", histogram, HISTOGRAM))
    if section.patient_level is not None:
        plots.append(tables.tell_confusion(section.patient_level, "Confusion matrix of patients", OF_ROWS))
    return plots


def _figure(title: str, plot: Markup, words: str) -> Markup:
    return tag("figure", tag("h3", title), plot, tag("figcaption", words))


def _write_end(report: Report, pictures: Mapping[int, str]) -> list[Markup]:
    parts = _write_mistakes(report.mistakes, pictures) if report.mistakes else []
    meanings = [join(tag("dt", NAMES[name]), tag("dd", meaning)) for name, meaning in MEANINGS.items()]
    return [
        *parts,
        tag("h2", "What the figures mean"),
        tag("dl", *meanings, class_="words"),
        tag("h2", "How they were computed"),
        *(tag("p", line) for line in report.method),
        tag("p", report.disclaimer, class_="disclaimer"),
    ]


def _write_mistakes(mistakes: list[Mistake], pictures: Mapping[int, str]) -> list[Markup]:
    whose = (
        "These pictures are images of the patients in the evaluated folders. Pass this file on only where "
        "you may pass on the images themselves; --no-pictures leaves them out. Rows are those of "
        "predictions.csv."
        if pictures
        else "Pictures are left out; the rows name the images in predictions.csv."
    )
    parts = [tag("h2", "The worst mistakes"), tag("p", whose)]
    if pictures:
        cards = [_show_mistake(mistake, pictures.get(mistake.row)) for mistake in mistakes]
        return [*parts, tag("div", *cards, class_="pictures")]
    head = ["Row", "Data set", "Truth", "Probability of malignancy", "Decision"]
    rows = [
        [f"{each.row}", each.data_set, each.truth, to_text(each.malignant_probability), each.decision]
        for each in mistakes
    ]
    return [*parts, table(head, rows)]


def _show_mistake(mistake: Mistake, picture: str | None) -> Markup:
    words = (
        f"{mistake.truth}, given {to_text(mistake.malignant_probability)} ({mistake.decision}); "
        f"{mistake.data_set}, row {mistake.row}"
    )
    image = Markup("") if picture is None else tag_image(picture, f"Image of row {mistake.row}")
    return tag("figure", image, tag("figcaption", words))


def tag_image(address: str, title: str) -> Markup:
    """Return a picture, which unlike other elements has no end."""
    return Markup(tag("img", src=address, alt=title).removesuffix("</img>"))
