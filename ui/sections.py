"""The explanation by sections, each as HTML."""

from collections.abc import Sequence
from html import escape

from contract import Explanation, Source, UntreatedSurvival, YearRange
from ui.catalogue import Words
from ui.markup import to_link, to_list, to_paragraphs, to_references, to_section


def write_summary(text: str) -> str:
    """What stands before everything else."""
    return f'<div class="bt-summary">{to_paragraphs(text)}</div>'


def write_draft(text: str, words: Words) -> str:
    """What has been written so far: the summary, an empty line, and the explanation."""
    summary, _, rest = text.partition("\n\n")
    section = to_section(words("explanation"), to_paragraphs(rest)) if rest.strip() else ""
    return f'<div class="bt-draft" aria-busy="true">{write_summary(summary)}{section}</div>'


def write_actions(explanation: Explanation, words: Words) -> str:
    """What to do, each with its urgency."""
    items = "".join(
        f"<li><h3>{escape(action.title)}</h3>"
        f'<span class="bt-urgency bt-{action.urgency}">{escape(words(f"urgency.{action.urgency}"))}</span>'
        f"<p>{escape(action.detail)}{to_references(action.sources, explanation.sources, words)}</p></li>"
        for action in explanation.actions
    )
    return to_section(words("actions"), f'<ol class="bt-actions">{items}</ol>')


def write_text(explanation: Explanation, words: Words) -> str:
    """The explanation itself."""
    return to_section(words("explanation"), to_paragraphs(explanation.explanation))


def write_specialists(explanation: Explanation, words: Words) -> str:
    """Whom to see, and what they do."""
    items = "".join(
        f"<dt>{escape(person.name)}</dt>"
        f"<dd>{escape(person.role)}{to_references(person.sources, explanation.sources, words)}</dd>"
        for person in explanation.specialists
    )
    return to_section(words("specialists"), f'<dl class="bt-people">{items}</dl>')


def write_stage(explanation: Explanation, words: Words) -> str:
    """What can be said about the stage, what is needed for it, and how stages are spread."""
    stage = explanation.stage
    content = ""
    if stage.estimate:
        content = f"<p><strong>{escape(words(f'stage.{stage.estimate}'))}</strong></p>"
    content += to_paragraphs(stage.reason)
    if stage.needed:
        content += f"<h3>{escape(words('stage.needed'))}</h3>{to_list(stage.needed)}"
    if stage.distribution:
        content += f"<h3>{escape(words('stage.shares'))}</h3>{_draw_shares(explanation, words)}"
    return to_section(words("stage"), content)


def _draw_shares(explanation: Explanation, words: Words) -> str:
    return _draw_bars(
        [
            (
                words.find(f"share.{share.stage}") or share.stage,
                share.percent,
                escape(words.number(share.percent))
                + "\u00a0%"
                + to_references([share.source], explanation.sources, words),
            )
            for share in explanation.stage.distribution
        ]
    )


def _draw_bars(rows: Sequence[tuple[str, float, str]]) -> str:
    """Draw shares as bars: name, percent, and markup that says the same."""
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        f'<td aria-hidden="true"><span class="bt-bar" style="width:{percent:.1f}%"></span></td>'
        f"<td>{said}</td></tr>"
        for name, percent, said in rows
    )
    return f'<table class="bt-shares"><tbody>{body}</tbody></table>' if body else ""


def write_survival(survival: UntreatedSurvival, sources: list[Source], words: Words) -> str:
    """The historical figures of people who were not treated, which the reader has asked for."""
    cited = [source for source in sources if source.id in survival.sources]
    rows = [
        (
            words("survival.after", years=words.number(point.years)),
            point.percent,
            escape(words("survival.alive", percent=words.number(point.percent))).replace(" %", "\u00a0%"),
        )
        for point in survival.survival
    ]
    median = words("survival.median", years=_word_years(survival.median_years, words))
    return (
        f"{to_paragraphs(survival.statement)}"
        f"<p>{escape(median)}{to_references(survival.sources, cited, words)}</p>"
        f"{_draw_bars(rows)}{to_paragraphs(survival.caveat)}{write_sources(cited, words)}"
    )


def _word_years(years: YearRange, words: Words) -> str:
    low, high = words.number(years.low), words.number(years.high)
    return words("survival.years", years=low) if low == high else words("survival.range", low=low, high=high)


def write_sources(sources: list[Source], words: Words) -> str:
    """Publications with the fact each of them states, to be opened."""
    items = "".join(
        f"<li>{escape(source.citation)} {to_link(source.url, words('sources.open'))}"
        f"<p>{escape(source.statement)}</p></li>"
        for source in sources
    )
    return f'<ol class="bt-sources">{items}</ol>'
