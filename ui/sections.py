"""The explanation by sections, each as HTML."""

from html import escape

from contract import Explanation, Source, UntreatedSurvival, YearRange
from ui.markup import to_link, to_list, to_paragraphs, to_references, to_section
from ui.words import STAGES, URGENCIES


def write_actions(explanation: Explanation) -> str:
    """What to do, each with its urgency."""
    items = "".join(
        f"<li><h3>{escape(action.title)}</h3>"
        f'<span class="bt-urgency bt-{action.urgency}">{URGENCIES[action.urgency]}</span>'
        f"<p>{escape(action.detail)}{to_references(action.sources, explanation.sources)}</p></li>"
        for action in explanation.actions
    )
    return to_section("What to do", f'<ol class="bt-actions">{items}</ol>')


def write_text(explanation: Explanation) -> str:
    """The explanation itself."""
    return to_section("Explanation", to_paragraphs(explanation.explanation))


def write_specialists(explanation: Explanation) -> str:
    """Whom to see, and what they do."""
    items = "".join(
        f"<dt>{escape(person.name)}</dt>"
        f"<dd>{escape(person.role)}{to_references(person.sources, explanation.sources)}</dd>"
        for person in explanation.specialists
    )
    return to_section("Whom to see", f'<dl class="bt-people">{items}</dl>')


def write_stage(explanation: Explanation) -> str:
    """What can be said about the stage, what is needed for it, and how stages are spread."""
    stage = explanation.stage
    content = f"<p><strong>{escape(STAGES[stage.estimate])}</strong></p>" if stage.estimate else ""
    content += to_paragraphs(stage.reason)
    if stage.needed:
        content += "<h3>What is needed to tell</h3>" + to_list(stage.needed)
    if stage.distribution:
        content += "<h3>How often cases are found at a stage</h3>" + _draw_shares(explanation)
    return to_section("Stage", content)


def _draw_shares(explanation: Explanation) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(share.stage)}</th>'
        f'<td><span class="bt-bar" style="width:{share.percent:.1f}%"></span></td>'
        f"<td>{share.percent:g}&nbsp;%{to_references([share.source], explanation.sources)}</td></tr>"
        for share in explanation.stage.distribution
    )
    return f'<table class="bt-shares"><tbody>{rows}</tbody></table>'


def write_survival(survival: UntreatedSurvival, sources: list[Source]) -> str:
    """The historical figures of people who were not treated, which the reader has asked for."""
    cited = [source for source in sources if source.id in survival.sources]
    rows = "".join(
        f'<tr><th scope="row">after {point.years:g} years</th>'
        f'<td><span class="bt-bar" style="width:{point.percent:.1f}%"></span></td>'
        f"<td>{point.percent:g}&nbsp;% alive</td></tr>"
        for point in survival.survival
    )
    table = f'<table class="bt-shares"><tbody>{rows}</tbody></table>' if rows else ""
    return (
        f"{to_paragraphs(survival.statement)}"
        f"<p>Median survival: {_word_years(survival.median_years)}; half of these people lived longer."
        f"{to_references(survival.sources, cited)}</p>{table}{to_paragraphs(survival.caveat)}"
        f"{write_sources(cited)}"
    )


def _word_years(years: YearRange) -> str:
    if years.low == years.high:
        return f"{years.low:g} years"
    return f"{years.low:g} to {years.high:g} years"


def write_sources(sources: list[Source]) -> str:
    """Publications with the fact each of them states, to be opened."""
    items = "".join(
        f"<li>{escape(source.citation)} {to_link(source.url, 'Open the source')}"
        f"<p>{escape(source.statement)}</p></li>"
        for source in sources
    )
    return f'<ol class="bt-sources">{items}</ol>'
