"""What a project was doing over time, drawn from its statuses: one lane for it, more for a switcher."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

from mirror.store.queries.past import TimelineRow
from mirror.web.pages.scales import Scale

Kind = Literal["on", "cut", "off", "unknown", "same"]
"""Running, running with an interruption, not running, a status that nobody knows, or as before."""

KINDS: dict[str, Kind] = {
    "Working": "on",
    "Started": "on",
    "PvwStarted": "on",
    "PgmStarted": "on",
    "Stopped": "off",
    "Idle": "off",
    "InputInterrupted": "cut",
    "OutputInterrupted": "cut",
    "SourceInterrupted": "cut",
    "DestinationInterrupted": "cut",
}
_PARTS = ("Pvw", "Pgm")
_SAME = frozenset({"PvwStopped", "PgmStopped"})
"""Statuses that say nothing of the project itself."""


class Stretch(Struct, frozen=True):
    """A time during which a lane was the same. `end` is None while it still is."""

    kind: Kind
    status: str
    start: int
    end: int | None
    x: str
    width: str


class Lane(Struct, frozen=True):
    """`name` is project, pvw or pgm."""

    name: str
    stretches: tuple[Stretch, ...]


def lanes(rows: Sequence[TimelineRow], category: str | None, scale: Scale) -> list[Lane]:
    """The lanes of a project; `rows` are its statuses, oldest first."""
    made = [_lane("project", _project(rows), scale)]
    if category == "SWITCHER":
        made += [_lane(part.lower(), _part(rows, part), scale) for part in _PARTS]
    return made


def kind_of(status: str | None) -> Kind:
    """What a status says of the project that has it; of a part alone, nothing."""
    if status in _SAME:
        return "same"
    return KINDS.get(status or "", "unknown")


_Turn = tuple[int, Kind, str]


def _project(rows: Iterable[TimelineRow]) -> list[_Turn]:
    turns: list[_Turn] = []
    for row in rows:
        kind = kind_of(row.status)
        if kind == "same" and turns:
            continue
        turns.append((row.from_at, "unknown" if kind == "same" else kind, row.status))
    return turns


def _part(rows: Iterable[TimelineRow], part: str) -> list[_Turn]:
    turns: list[_Turn] = []
    for row in rows:
        if row.status == f"{part}Started":
            turns.append((row.from_at, "on", row.status))
        elif row.status in {f"{part}Stopped", "Stopped"}:
            turns.append((row.from_at, "off", row.status))
    return turns


def _lane(name: str, turns: Sequence[_Turn], scale: Scale) -> Lane:
    stretches: list[Stretch] = []
    ends: list[int | None] = [*(turn[0] for turn in turns[1:]), None]
    for (start, kind, status), end in zip(turns, ends, strict=False):
        last = scale.end if end is None else end
        if last < scale.start:
            continue
        shown = max(start, scale.start)
        stretches.append(
            Stretch(kind, status, start, end, scale.x(shown), scale.width(shown, last))
        )
    return Lane(name, tuple(stretches))
