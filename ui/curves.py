"""Curves as pictures in the page: lines in a square from 0 to 1, in the page's own colours."""

from collections.abc import Iterable, Sequence
from html import escape

SIDE = 200
MARGIN = 26

Point = tuple[float, float]


def draw_curve(points: Sequence[Point], title: str, *, dots: bool = False) -> str:
    """Return an SVG of a curve, or of dots, beside the diagonal; `title` says in words what it shows."""
    shown = "".join(_dot(point) for point in points) if dots else ""
    line = f'<polyline class="bt-line" fill="none" points="{_path(points)}"></polyline>'
    return (
        f'<svg class="bt-curve" role="img" aria-label="{escape(title)}" '
        f'viewBox="0 0 {SIDE + 2 * MARGIN} {SIDE + 2 * MARGIN}">{_draw_frame()}{line}{shown}</svg>'
    )


def _draw_frame() -> str:
    low, high = MARGIN, MARGIN + SIDE
    texts = (
        _text(low, high + 16, "0"),
        _text(high, high + 16, "1"),
        _text(low - 12, high, "0"),
        _text(low - 12, low + 4, "1"),
    )
    return (
        f'<rect class="bt-frame" fill="none" x="{low}" y="{low}" width="{SIDE}" height="{SIDE}"></rect>'
        f'<polyline class="bt-diagonal" fill="none" points="{_path([(0, 0), (1, 1)])}"></polyline>'
        + "".join(texts)
    )


def _text(x: float, y: float, text: str) -> str:
    return f'<text class="bt-tick" text-anchor="middle" x="{x}" y="{y}">{text}</text>'


def _path(points: Iterable[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in map(_place, points))


def _dot(point: Point) -> str:
    x, y = _place(point)
    return f'<circle class="bt-dot" cx="{x:.1f}" cy="{y:.1f}" r="3.5"></circle>'


def _place(point: Point) -> Point:
    return MARGIN + point[0] * SIDE, MARGIN + (1 - point[1]) * SIDE
