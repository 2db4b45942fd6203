"""Line charts as SVG text: both axes logarithmic, since sizes are; readable on light pages and on dark ones."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from tests.benchmarks.report import Number, Point

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 72, 16, 40, 84
COLOURS = (("#0b62c4", "#6cb2ff"), ("#b4470e", "#ff9d5c"), ("#19713c", "#5fd38d"))
"""Of the lines, on a light page and on a dark one."""
KEY, LETTER = 54, 6.5
"""How wide a line in the key is with the space around it, and a letter of its name."""
DASHES = ("none", "7 4", "2 3")


class Chart(NamedTuple):
    """What a chart shows, and what its axes count."""

    name: str
    title: str
    x: str
    y: str


CHARTS = (
    Chart("ingest", "Callbacks a second by open connections", "connections", "callbacks/s"),
    Chart("apply", "Deliveries applied a second by size of batch", "deliveries a batch", "per s"),
    Chart("rebuild", "Deliveries rebuilt a second by length of journal", "deliveries", "per s"),
)


class Axis(NamedTuple):
    """A logarithmic axis from one power to another, drawn between two places."""

    low: float
    high: float
    start: float
    stop: float

    def place(self, value: Number) -> float:
        """Where a value is drawn."""
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.stop - self.start), 1)


def svg(chart: Chart, points: Sequence[Point]) -> str:
    """The chart of these points; a line for each name, in the order in which they first come."""
    lines: dict[str, list[Point]] = {}
    for point in points:
        lines.setdefault(point.line, []).append(point)
    xs, ys = sorted({point.x for point in points}), [point.y for point in points]
    across = Axis(math.log10(xs[0]) - 0.08, math.log10(xs[-1]) + 0.08, LEFT, WIDTH - RIGHT)
    up = Axis(math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys))), HEIGHT - BOTTOM, TOP)
    drawn = [
        *_frame(chart, across, up, xs),
        *(
            part
            for number, ((name, of), at) in enumerate(zip(lines.items(), _key(lines), strict=True))
            for part in _line(number, name, at, sorted(of, key=lambda point: point.x), across, up)
        ),
    ]
    return "\n".join([*_head(chart), *drawn, "</svg>"]) + "\n"


def _key(names: Iterable[str]) -> list[float]:
    """Where the names of the lines begin, one after the other."""
    widths = [KEY + LETTER * len(name) for name in names]
    return [LEFT + sum(widths[:number]) for number in range(len(widths))]


def _head(chart: Chart) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{escape(chart.title)}">'
    )
    yield "<style>"
    yield "  .page { fill: #ffffff } text { fill: #24292f; font: 12px sans-serif }"
    yield "  .title { font-size: 14px; font-weight: 600 } .grid { stroke: #d0d7de }"
    for number, (light, _) in enumerate(COLOURS):
        yield f"  .s{number} {{ stroke: {light} }} .f{number} {{ fill: {light} }}"
    yield "  @media (prefers-color-scheme: dark) {"
    yield "    .page { fill: #0d1117 } text { fill: #e6edf3 } .grid { stroke: #30363d }"
    for number, (_, dark) in enumerate(COLOURS):
        yield f"    .s{number} {{ stroke: {dark} }} .f{number} {{ fill: {dark} }}"
    yield "  }"
    yield "</style>"
    yield f'<rect class="page" width="{WIDTH}" height="{HEIGHT}" rx="6"/>'


def _frame(chart: Chart, across: Axis, up: Axis, xs: Sequence[Number]) -> Iterator[str]:
    yield f'<text class="title" x="{LEFT}" y="22">{escape(chart.title)}</text>'
    for power in range(round(up.low), round(up.high) + 1):
        for step in (1, 2, 5):
            value = step * 10**power
            if power + math.log10(step) > up.high:
                break
            y = up.place(value)
            yield f'<line class="grid" x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}"/>'
            yield f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{value:,}</text>'
    bottom = HEIGHT - BOTTOM
    for x in xs:
        yield f'<text x="{across.place(x)}" y="{bottom + 18}" text-anchor="middle">{x:,}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text x="{middle}" y="{bottom + 36}" text-anchor="middle">{escape(chart.x)}</text>'
    yield f'<text x="{LEFT - 8}" y="{TOP - 14}" text-anchor="end">{escape(chart.y)}</text>'


def _line(
    number: int, name: str, at: float, points: Sequence[Point], across: Axis, up: Axis
) -> Iterator[str]:
    """A line with its points, and its place in the key."""
    places = [(across.place(point.x), up.place(point.y)) for point in points]
    path = " ".join(f"{x},{y}" for x, y in places)
    dash = DASHES[number]
    yield (
        f'<polyline class="s{number}" points="{path}" fill="none" stroke-width="2" '
        f'stroke-dasharray="{dash}"/>'
    )
    for (x, y), point in zip(places, points, strict=True):
        yield (
            f'<circle class="f{number}" cx="{x}" cy="{y}" r="3.5">'
            f"<title>{escape(name)}, {point.x:,}: {point.y:,.0f}</title></circle>"
        )
    y = HEIGHT - 16
    yield (
        f'<line class="s{number}" x1="{at}" y1="{y - 4}" x2="{at + 26}" y2="{y - 4}" '
        f'stroke-width="2" stroke-dasharray="{dash}"/>'
    )
    yield f'<text x="{at + 32}" y="{y}">{escape(name)}</text>'
