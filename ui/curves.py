"""Curves as pictures: lines in a square from 0 to 1, in the colours of a light or a dark page."""

import base64
from collections.abc import Iterable, Sequence
from html import escape

SIDE = 200
MARGIN = 26

Point = tuple[float, float]

STYLE = """
rect, polyline { fill: none; }
.frame { stroke: #c9c4b9; }
.diagonal { stroke: #5a6463; stroke-dasharray: 3 4; }
.line { stroke: #1f6f78; stroke-width: 2.5; }
.dot { fill: #1f6f78; }
.tick { fill: #5a6463; font: 11px sans-serif; }
@media (prefers-color-scheme: dark) {
  .frame { stroke: #3a4648; }
  .diagonal { stroke: #a9b4b2; }
  .line { stroke: #6fb6be; }
  .dot { fill: #6fb6be; }
  .tick { fill: #a9b4b2; }
}
"""


def draw_curve(points: Sequence[Point], title: str, *, dots: bool = False) -> str:
    """Return a picture of a curve, or of dots, beside the diagonal; `title` says in words what it shows."""
    shown = "".join(_dot(point) for point in points) if dots else ""
    line = f'<polyline class="line" points="{_path(points)}"/>'
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE + 2 * MARGIN} {SIDE + 2 * MARGIN}">'
        f"<style>{STYLE}</style>{_draw_frame()}{line}{shown}</svg>"
    )
    # As an image: pages do not take SVG from a program as it stands, for it can hold scripts.
    source = base64.b64encode(drawn.encode()).decode()
    return f'<img class="bt-curve" src="data:image/svg+xml;base64,{source}" alt="{escape(title)}">'


def _draw_frame() -> str:
    low, high = MARGIN, MARGIN + SIDE
    texts = (
        _text(low, high + 16, "0"),
        _text(high, high + 16, "1"),
        _text(low - 12, high, "0"),
        _text(low - 12, low + 4, "1"),
    )
    return (
        f'<rect class="frame" x="{low}" y="{low}" width="{SIDE}" height="{SIDE}"/>'
        f'<polyline class="diagonal" points="{_path([(0, 0), (1, 1)])}"/>' + "".join(texts)
    )


def _text(x: float, y: float, text: str) -> str:
    return f'<text class="tick" text-anchor="middle" x="{x}" y="{y}">{text}</text>'


def _path(points: Iterable[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in map(_place, points))


def _dot(point: Point) -> str:
    x, y = _place(point)
    return f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'


def _place(point: Point) -> Point:
    return MARGIN + point[0] * SIDE, MARGIN + (1 - point[1]) * SIDE
