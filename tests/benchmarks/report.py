"""What was measured, as values, as a table for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

Number = float | int


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was measured: in its unit, beside its floor and its goal where it has them.

    `goal` is of the ratio figure/floor where there is a floor, of the figure itself otherwise.
    """

    row: str
    what: str
    unit: str
    figure: Number
    floor: Number | None = None
    against: str = ""
    goal: Number | None = None
    at_most: bool = False
    samples: dict[str, list[Number]] = {}
    detail: dict[str, Any] = {}

    @property
    def ratio(self) -> float | None:
        """Figure through floor; None without a floor."""
        return self.figure / self.floor if self.floor else None

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        if self.goal is None:
            return None
        judged = self.figure if self.ratio is None else self.ratio
        return judged <= self.goal if self.at_most else judged >= self.goal


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One point of a chart."""

    row: str
    chart: str
    line: str
    x: Number
    y: Number


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured in one go, and under what conditions."""

    conditions: dict[str, Any]
    figures: list[Figure]
    points: list[Point] = []

    def without(self, rows: set[str]) -> Part:
        """The same but for some rows."""
        return Part(
            conditions=self.conditions,
            figures=[one for one in self.figures if one.row not in rows],
            points=[one for one in self.points if one.row not in rows],
        )

    @property
    def rows(self) -> list[str]:
        """The rows that it has figures of, each once."""
        return list(dict.fromkeys(figure.row for figure in self.figures))


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run: one part, or several where rows were measured one after the other."""

    parts: list[Part]

    def with_part(self, part: Part) -> Run:
        """Replaces what older parts have of the rows that a new one has."""
        older = [one.without(set(part.rows)) for one in self.parts]
        return Run(parts=[*(one for one in older if one.figures), part])

    @property
    def figures(self) -> list[Figure]:
        """Those of all parts."""
        return [figure for part in self.parts for figure in part.figures]

    @property
    def points(self) -> list[Point]:
        """Those of all parts."""
        return [point for part in self.parts for point in part.points]


HEADINGS = ("what", "figure", "floor", "ratio", "goal", "reached")


def cells(figure: Figure) -> tuple[str, ...]:
    """A figure in words, one for each of HEADINGS."""
    sign = "≤" if figure.at_most else "≥"
    unit = "" if figure.floor is not None else f" {figure.unit}"
    goal = "" if figure.goal is None else f"{sign} {short(figure.goal)}{unit}"
    verdict = {True: "yes", False: "no", None: ""}[figure.reached]
    floor = "" if figure.floor is None else f"{short(figure.floor)} {figure.unit}"
    ratio = "" if figure.ratio is None else short(figure.ratio)
    return figure.what, f"{short(figure.figure)} {figure.unit}", floor, ratio, goal, verdict


def short(number: Number) -> str:
    """A number with three digits that count."""
    size = abs(number)
    if number == round(number) or size >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if size >= 10 else f"{number:.2f}" if size >= 0.1 else f"{number:.3g}"


def text_table(figures: Sequence[Figure]) -> str:
    """The figures for a terminal."""
    lines = [HEADINGS, *map(cells, figures)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def markdown_table(figures: Iterable[Figure]) -> str:
    """The figures for a document."""
    head = f"| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}"
    return "\n".join([head, *(f"| {' | '.join(cells(figure))} |" for figure in figures)])


def write(run: Run, path: Path) -> None:
    """As JSON that people can read, too; ends with a line end."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(run), indent=1) + b"\n")


def read(path: Path) -> Run:
    """A run that was written."""
    return msgspec.json.decode(path.read_bytes(), type=Run)
