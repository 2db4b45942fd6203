"""Where things stand in a chart: shares of its width and height, and the times along its axis.

Charts are SVG made on the server. Their places are percentages, so that they fit any width without a
script, and their colours come from classes: the content policy allows no styles in a page.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from mirror.web.pages.figures import utc

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_STEPS = (
    *(SECOND, 5 * SECOND, 15 * SECOND, 30 * SECOND),
    *(MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE),
    *(HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR),
    *(DAY, 2 * DAY, 7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY),
)
_MOST_TICKS = 7
_FORMS = {"day": "%m-%d", "time": "%H:%M", "second": "%H:%M:%S", "full": "%Y-%m-%d %H:%M:%S UTC"}


def clock(at: int, unit: str) -> str:
    """A time in UTC as a chart shows it: `full`, or as much of it as a tick has room for."""
    return utc(at).strftime(_FORMS[unit])


class Tick(Struct, frozen=True):
    """A time on the axis, and whether it is told by its day or by its time of day."""

    at: int
    x: str
    unit: str  # "day", "time" or "second"
    edge: str  # "first" or "last" where the text would leave the chart


class Scale(Struct, frozen=True):
    """A span of time laid out from left to right; microseconds since 1970."""

    start: int
    end: int

    def x(self, at: int) -> str:
        """Where a time is, in per cent."""
        return percent(self._share(at))

    def width(self, start: int, end: int) -> str:
        """How wide a span is, in per cent; what is there is wide enough to be seen."""
        return percent(max(self._share(end) - self._share(start), _THINNEST))

    def _share(self, at: int) -> float:
        return min(max((at - self.start) / max(self.end - self.start, 1), 0.0), 1.0)

    def ticks(self) -> list[Tick]:
        """Round times, a handful of them."""
        span = max(self.end - self.start, 1)
        step = next((each for each in _STEPS if span / each <= _MOST_TICKS), span)
        unit = "day" if step >= DAY else "time" if step >= MINUTE else "second"
        first = -(-self.start // step) * step
        return [Tick(at, self.x(at), unit, self._edge(at)) for at in range(first, self.end, step)]

    def _edge(self, at: int) -> str:
        share = self._share(at)
        return "first" if share < _EDGE else "last" if share > 1 - _EDGE else ""


_THINNEST = 0.003
_EDGE = 0.05


def percent(share: float) -> str:
    """A share between 0 and 1 as SVG takes it."""
    return f"{share * 100:.3f}%"


class Bar(Struct, frozen=True):
    """One of the bars over a span of time, and how many it stands for."""

    start: int
    end: int
    count: int
    x: str
    width: str
    y: str
    height: str


_GAP = 0.15
"""Share of its place that is left empty beside a bar."""


def bars(scale: Scale, edges: Sequence[int], counts: Sequence[int]) -> list[Bar]:
    """A bar between each two edges, as high as its count among all of them."""
    most = max(1, *counts) if counts else 1
    made = []
    for start, end, count in zip(edges, edges[1:], counts, strict=False):
        height = max(count / most, 0.02) if count else 0.0
        wide = int((end - start) * (1 - _GAP))
        made.append(
            Bar(
                start,
                end,
                count,
                scale.x(start),
                scale.width(start, start + wide),
                percent(1 - height),
                percent(height),
            )
        )
    return made
