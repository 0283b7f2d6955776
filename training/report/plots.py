"""The plots of a report, as SVG that takes its colours from the page around it."""

import io
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from contract import Band
from training.report.document import DataSetReport, Figure, FoldsReport, Points
from training.report.markup import Markup, clean, tag

INK, QUIET, LINE, BENIGN, MALIGNANT, BAND = "#010203", "#010204", "#010205", "#010206", "#010207", "#010208"
COLOURS = {
    INK: "var(--ink)",
    QUIET: "var(--quiet)",
    LINE: "var(--line)",
    BENIGN: "var(--benign)",
    MALIGNANT: "var(--malignant)",
    BAND: "var(--band)",
}
"""Marks in the drawing, and what of the page's style takes their place; so it suits dark and light."""
STYLE: dict[Any, Any] = {  # matplotlib knows its names and their types itself
    "svg.fonttype": "none",  # text stays text: it can be searched, and read aloud
    "text.parse_math": False,  # a dollar in a folder's name is a dollar
    "font.size": 9.0,
    "text.color": INK,
    "axes.facecolor": "none",
    "axes.edgecolor": LINE,
    "axes.labelcolor": QUIET,
    "axes.labelsize": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.major.size": 0.0,
    "xtick.major.pad": 5.0,
    "ytick.major.size": 0.0,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
}
SQUARE = (3.5, 3.2)
AT = "at the threshold"


def draw(name: str, title: str, size: tuple[float, float], fill: Callable[[Canvas], None]) -> Markup:
    """Return what `fill` draws as an inline SVG element.

    Args:
        name: Unlike that of any other plot of the page, because ids inside are made from it.
        title: What a reader who cannot see it is told.
        size: Inches.
        fill: Draws on an empty canvas.
    """
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # the reader's browser has other fonts
        canvas = Canvas(figsize=size, layout="constrained")
        canvas.patch.set_visible(False)
        fill(canvas)
        stream = io.StringIO()
        canvas.savefig(stream, format="svg", metadata={"Date": None})
    return _inline(stream.getvalue(), title)


def _inline(text: str, title: str) -> Markup:
    """Take off what only a file of its own needs, and put the page's colours in."""
    body = text[text.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    # Only the ids that something refers to differ from plot to plot.
    wanted = set(re.findall(r'(?:url\(|href=")#([^")]+)', body))
    body = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in wanted else "", body)
    box = re.search(r'viewBox="([^"]*)"', body)
    inner = body[body.index(">") + 1 : body.rindex("</svg>")]
    for mark, colour in COLOURS.items():
        inner = inner.replace(mark, colour)
    view = box[1] if box else "0 0 1 1"
    return tag("svg", Markup(inner), viewBox=view, role="img", aria_label=title, class_="plot")


def _unit(axes: Axes, across: str, up: str) -> None:
    """Set axes of two shares, as a square."""
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel=across, ylabel=up, aspect="equal")


def _curve(axes: Axes, points: Points) -> None:
    axes.plot([x for x, _ in points], [y for _, y in points], color=INK, linewidth=1.8)


def draw_roc(name: str, report: DataSetReport) -> Markup:
    """Draw the ROC curve with the threshold on it."""
    figures = report.image_level.figures
    recall, specificity = figures["recall"].value, figures["specificity"].value

    def fill(canvas: Canvas) -> None:
        axes = canvas.add_subplot()
        axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.9, linestyle="dotted")
        _curve(axes, report.curves.roc)
        if recall is not None and specificity is not None:
            axes.plot([1 - specificity], [recall], "o", color=MALIGNANT, markersize=7, label=AT)
            axes.legend(loc="lower right")
        _unit(axes, "benign called malignant (1 - specificity)", "malignant found (sensitivity)")

    return draw(name, f"ROC curve of {report.name}", SQUARE, fill)


def draw_precision_recall(name: str, report: DataSetReport) -> Markup:
    """Draw precision over recall, with the share of malignant images as the line that chance gives."""
    figures, share = report.image_level.figures, report.calibration.share
    recall, precision = figures["recall"].value, figures["precision"].value

    def fill(canvas: Canvas) -> None:
        axes = canvas.add_subplot()
        axes.axhline(share, color=QUIET, linewidth=0.9, linestyle="dotted", label="chance")
        _curve(axes, report.curves.precision_recall)
        if recall is not None and precision is not None:
            axes.plot([recall], [precision], "o", color=MALIGNANT, markersize=7, label=AT)
        axes.legend(loc="lower left")
        _unit(axes, "malignant found (recall)", "called malignant and so (precision)")

    return draw(name, f"Precision-recall curve of {report.name}", SQUARE, fill)


def draw_reliability(name: str, report: DataSetReport) -> Markup:
    """Draw the share of malignant images over the probability that was given them."""
    bins = report.calibration.bins

    def fill(canvas: Canvas) -> None:
        axes = canvas.add_subplot()
        axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.9, linestyle="dotted", label="perfect")
        across = [each.predicted for each in bins]
        for each in bins:
            axes.plot([each.predicted] * 2, [each.low, each.high], color=QUIET, linewidth=1.1)
        axes.plot(across, [each.observed for each in bins], "o", color=INK, markersize=5, label="images")
        axes.legend(loc="upper left")
        _unit(axes, "mean probability of malignancy", "share that is malignant")

    return draw(name, f"Reliability of the probabilities in {report.name}", SQUARE, fill)


def draw_histogram(name: str, report: DataSetReport, threshold: float | None, band: Band | None) -> Markup:
    """Draw how many images of each class got which probability, with threshold and band."""
    sides = (("benign", BENIGN, report.curves.benign), ("malignant", MALIGNANT, report.curves.malignant))
    width = 1 / len(report.curves.benign)
    middles = [(column + 0.5) * width for column in range(len(report.curves.benign))]

    def fill(canvas: Canvas) -> None:
        for place, (side, colour, counts) in enumerate(sides, start=1):
            axes = canvas.add_subplot(2, 1, place)
            axes.bar(middles, counts, width=width * 0.92, color=colour)
            if band is not None and band.low < band.high:
                axes.axvspan(band.low, band.high, color=BAND, alpha=0.35, linewidth=0, label="band")
            if threshold is not None:
                axes.axvline(threshold, color=INK, linewidth=1.2, linestyle="dashed", label="threshold")
            axes.set(xlim=(0, 1), ylabel=f"{side} images")
            axes.grid(visible=False, axis="x")
            if place == 1:
                axes.tick_params(labelbottom=False)
                if threshold is not None:
                    canvas.legend(loc="outside upper right", ncols=2)
            else:
                axes.set_xlabel("probability of malignancy")

    return draw(name, f"Probabilities of benign and of malignant images in {report.name}", SQUARE, fill)


class Bar(NamedTuple):
    """A row of the forest plot."""

    name: str
    figure: Figure
    whole: bool
    """Whether it stands for a whole data set."""


def draw_forest(name: str, bars: Sequence[Bar]) -> Markup:
    """Draw AUC with its interval, one row a data set or subgroup."""
    ends = [end for bar in bars for end in (bar.figure.low, bar.figure.value) if end is not None]

    def fill(canvas: Canvas) -> None:
        axes = canvas.add_subplot()
        for row, bar in enumerate(bars):
            low, high = bar.figure.low, bar.figure.high
            if low is not None and high is not None:
                colour, width = (INK, 2.2) if bar.whole else (QUIET, 1.4)
                axes.plot([low, high], [row, row], color=colour, linewidth=width)
            if bar.figure.value is not None:
                mark, size = ("D", 6) if bar.whole else ("o", 4.5)
                axes.plot([bar.figure.value], [row], mark, color=INK, markersize=size)
        axes.set_yticks(range(len(bars)), [clean(bar.name) for bar in bars])
        axes.set(ylim=(len(bars) - 0.4, -0.6), xlabel="ROC AUC, 95 % interval over patients")
        axes.set_xlim(min(0.5, *ends) - 0.03, 1.02)
        axes.grid(visible=False, axis="y")

    return draw(name, "ROC AUC by data set and subgroup", (7.6, 0.8 + 0.27 * len(bars)), fill)


def draw_folds(name: str, reports: Sequence[FoldsReport], figure: str, title: str) -> Markup:
    """Draw one figure of every fold, the folds by patient beside those at random."""

    def fill(canvas: Canvas) -> None:
        axes = canvas.add_subplot()
        for row, report in enumerate(reports):
            values = [found for fold in report.folds if (found := fold.figures.get(figure)) is not None]
            colour = INK if report.by_patient else MALIGNANT
            axes.plot(values, [row] * len(values), "o", color=colour, markersize=6, alpha=0.7)
            mean = report.mean.get(figure)
            if mean is not None:
                axes.plot([mean] * 2, [row - 0.28, row + 0.28], color=colour, linewidth=2)
        ways = [f"{each.data_set}, {'by patient' if each.by_patient else 'at random'}" for each in reports]
        axes.set_yticks(range(len(reports)), list(map(clean, ways)))
        axes.set(ylim=(len(reports) - 0.4, -0.6), xlabel=f"{title} of each fold; the bar is their mean")
        axes.grid(visible=False, axis="y")

    return draw(name, f"{title} by fold", (7.6, 0.9 + 0.4 * len(reports)), fill)
