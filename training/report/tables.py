"""The tables and sentences of the page."""

from training.report.document import Acceptance, DataSetReport, Figure, FoldsReport, Level, Report
from training.report.figures import NAMES, to_text, write, write_interval
from training.report.markup import Markup, join, table, tag

GLANCE = ("auc", "balanced_accuracy", "recall", "specificity", "f1", "ece", "indeterminate")
SHORT = {
    **NAMES,
    "recall": "Sensitivity",
    "ece": "Calibration error",
    "indeterminate": "Indeterminate",
}
VERDICTS = {"go": "Go", "no-go": "No go", "not-judged": "Cannot be judged"}


def tell_facts(report: Report) -> Markup:
    """Return what was evaluated, on what and when."""
    model = report.model
    facts = {
        "Model": f"{model.name}, version {model.version}, {model.architecture}",
        "File": f"sha256 {model.sha256}" if model.sha256 else "not a model file",
        "Images": report.images,
        "Threshold": "its own in each fold" if model.threshold is None else to_text(model.threshold),
        "Band": "its own in each fold"
        if model.band is None
        else f"{to_text(model.band.low)} to {to_text(model.band.high)}: indeterminate",
        "Written": f"{report.created:%d %B %Y, %H:%M} UTC",
    }
    return tag(
        "dl", *(join(tag("dt", key), tag("dd", value)) for key, value in facts.items()), class_="facts"
    )


def tell_acceptance(acceptance: Acceptance) -> Markup:
    """Return the verdict with its criteria, and the suggested operating point."""
    rows = [[each.name, each.wanted, each.found, _judge(each.met, each.sure)] for each in acceptance.criteria]
    parts = [tag("h2", VERDICTS[acceptance.verdict]), tag("p", acceptance.reason)]
    if rows:
        parts.append(table(["Criterion", "Asked", "Found (95 % interval)", ""], rows))
    point = acceptance.suggested
    if point is not None:
        figures = ", ".join(
            f"{SHORT[name].lower()} {write(figure)}" for name, figure in acceptance.suggested_figures.items()
        )
        parts.append(
            tag(
                "p",
                f"Threshold that would suit these images best: {to_text(point.threshold)}, band "
                f"{to_text(point.band.low)} to {to_text(point.band.high)} ({figures} on these very images, "
                "so too good: confirm it on others before using it).",
            )
        )
    return tag("section", *parts, class_=f"verdict {acceptance.verdict}")


def _judge(met: bool, sure: bool) -> str:
    return ("met" if met else "missed") + ("" if sure else ", but the interval reaches across")


def show(figure: Figure | None) -> Markup:
    """Return a figure for a cell: the value, and its interval in smaller letters."""
    if figure is None or figure.value is None:
        return Markup("-")
    return join(to_text(figure.value), " ", tag("small", write_interval(figure)))


def compare_sections(sections: list[DataSetReport]) -> Markup:
    """Return the main figures of every data set."""
    rows = [
        [
            each.name,
            f"{each.image_level.count}",
            f"{each.image_level.patients}",
            *(show(each.image_level.figures[name]) for name in GLANCE),
        ]
        for each in sections
    ]
    caption = "Of images, at the threshold; 95 % intervals over patients"
    head = ["", "Images", "Patients", *(SHORT[name] for name in GLANCE)]
    return tag("div", table(head, rows, caption), class_="glance")


def tell_counts(section: DataSetReport) -> Markup:
    """Return how much there is, and of whom."""
    level = section.image_level
    classes = ", ".join(f"{count} {name}" for name, count in section.classes.items())
    words = f"{level.count} images of {level.patients} patients: {classes}."
    if section.unknown_patients:
        words += (
            f" Of {section.unknown_patients} images the patient is not known; each counts as a patient of "
            "its own, which makes intervals too narrow."
        )
    if section.unusable:
        words += f" The gate would refuse {section.unusable} of them; they are in the figures all the same."
    return tag("p", words)


def tell_confusion(level: Level, title: str, words: str) -> Markup:
    """Return a confusion matrix at the threshold, shaded by the share of each row."""
    rows = [
        tag("tr", tag("th", f"truly {truth}", scope="row"), *_shade(truth, answers))
        for truth, answers in level.confusion.items()
    ]
    answers = next(iter(level.confusion.values()))
    heads = [tag("th", f"called {answer}", scope="col") for answer in answers]
    head = tag("thead", tag("tr", tag("th", ""), *heads))
    matrix = tag("table", head, tag("tbody", *rows), class_="matrix")
    return tag("figure", tag("h3", title), matrix, tag("figcaption", words))


def _shade(truth: str, answers: dict[str, int]) -> list[Markup]:
    whole = max(sum(answers.values()), 1)
    return [
        tag(
            "td",
            tag("strong", f"{count}"),
            f"{100 * count / whole:.0f} %",
            class_="right" if answer == truth else "wrong",
            style=f"--share: {count / whole:.3f}",
        )
        for answer, count in answers.items()
    ]


def tell_section(section: DataSetReport) -> list[Markup]:
    """Return the tables of one data set."""
    parts = [tag("h3", "All figures"), _list_figures(section), tag("p", section.patient_note, class_="quiet")]
    parts += [tag("h3", "Calibration"), _tell_calibration(section)]
    if section.worth:
        parts += [tag("h3", "Predictive values"), _list_worth(section)]
    if section.class_confusion:
        parts += [tag("h3", "Class by class"), _list_classes(section.class_confusion)]
    if section.subgroups:
        parts += [tag("h3", "Subgroups"), _list_subgroups(section)]
    return parts


def _list_figures(section: DataSetReport) -> Markup:
    levels = {
        f"All {section.image_level.count} images": section.image_level,
        "Without the indeterminate": section.decided,
        "Patients": section.patient_level,
    }
    shown = {
        (f"{title} ({level.count})" if number else title): level
        for number, (title, level) in enumerate(levels.items())
        if level is not None
    }
    rows = [
        [title, *(show(level.figures.get(name)) for level in shown.values())] for name, title in NAMES.items()
    ]
    return table(["", *shown], rows)


def _tell_calibration(section: DataSetReport) -> Markup:
    found, calibration = section.image_level.figures["ece"], section.calibration
    words = f"Calibration error {write(found)}. "
    if calibration.perfect is not None and found.value is not None:
        side = "not above" if found.value <= calibration.perfect else "above"
        words += (
            f"A perfectly calibrated model would stay below {to_text(calibration.perfect)} in 95 of 100 "
            f"samples of as many images: the model is {side} that. "
        )
    if calibration.adjusted is not None and calibration.adjusted_perfect is not None:
        words += (
            f"Probabilities were calibrated where {to_text(100 * (calibration.fitted_share or 0), 0)} % of "
            f"images are malignant; here {to_text(100 * calibration.share, 0)} % are. Moved to that share, "
            f"the error is {to_text(calibration.adjusted)} (bound {to_text(calibration.adjusted_perfect)})."
        )
    return tag("p", words)


def _list_worth(section: DataSetReport) -> Markup:
    rows = [
        [
            f"{100 * each.prevalence:g} %",
            each.answer,
            "malignant (PPV)" if each.malignant else "benign (NPV)",
            show(each.right),
        ]
        for each in section.worth
    ]
    return table(["Prevalence", "Answer", "And truly", "How often"], rows)


def _list_classes(confusion: dict[str, dict[str, int]]) -> Markup:
    names = list(confusion)
    rows = [
        [f"truly {truth}", *(f"{answers[name]}" for name in names)] for truth, answers in confusion.items()
    ]
    return table(["", *(f"said {name}" for name in names)], rows)


def _list_subgroups(section: DataSetReport) -> Markup:
    rows = [
        [
            f"{each.kind}: {each.name}",
            f"{each.images}",
            f"{each.patients}",
            join(show(each.figures["auc"]), " *" if each.against_others else ""),
            show(each.figures["recall"]),
            show(each.figures["specificity"]),
        ]
        for each in section.subgroups
    ]
    head = ["", "Images", "Patients", "ROC AUC", "Sensitivity", "Specificity"]
    return join(
        table(head, rows),
        tag("p", "* all of one class: against the other class of the data set", class_="quiet"),
    )


def tell_folds(report: FoldsReport) -> Markup:
    """Return every fold's figures, their mean and spread, and the pooled figures."""
    names = [name for name in SHORT if name in report.mean]
    rows = [
        [f"{fold.number}", f"{fold.images}", f"{fold.patients}", *_row(fold.figures, names)]
        for fold in report.folds
    ]
    rows.append(["mean", "", "", *_row(report.mean, names)])
    rows.append(["standard deviation", "", "", *_row(report.sd, names)])
    rows.append(["all together", "", "", *(show(report.pooled.get(name)) for name in names)])
    way = "folds by patient" if report.by_patient else "folds at random: inflated"
    head = ["Fold", "Images", "Patients", *(SHORT[name] for name in names)]
    return tag("div", table(head, rows, f"{report.data_set}, {way}"), class_="glance")


def _row(figures: dict[str, float | None], names: list[str]) -> list[str]:
    return ["-" if (value := figures[name]) is None else to_text(value) for name in names]
