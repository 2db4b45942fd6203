"""Puts a run into the documents: its tables into docs/performance.md, its charts into docs/images/.

python -m tests.benchmarks.document            from docs/performance.json
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.benchmarks import report
from tests.benchmarks.charts import CHARTS, svg
from tests.benchmarks.report import Part, Run
from tests.benchmarks.runner import ROOT, Sizes

DOCUMENT = ROOT / "docs" / "performance.md"
DATA = DOCUMENT.with_suffix(".json")
IMAGES = ROOT / "docs" / "images"
BEGIN, END = "<!-- generated: begin -->", "<!-- generated: end -->"
TITLES = {
    "callbacks": "Callbacks",
    "handmade": "Beside handlers written by hand",
    "sustained": "Sustained load",
    "rebuild": "Rebuild",
    "class_move": "Moving a class",
    "first_page": "First pages",
    "pages": "The dashboard",
    "steps": "Journal and applier by themselves",
}
"""What the tables of the rows are headed by, in the order in which they stand."""
BUSY = 0.5
"""The load average of a core above which others are at work; what is measured starts on an idle machine."""
PROMISED = "The goals"
CHART_OF = {"callbacks": "ingest", "rebuild": "rebuild", "steps": "apply"}


def generated(run: Run) -> str:
    """What stands between the marks."""
    return "\n\n".join(_blocks(run))


def _blocks(run: Run) -> Iterator[str]:
    if reasons := [reason for part in run.parts for reason in doubtful(part.conditions)]:
        yield f"**These figures are provisional**: {'; '.join(dict.fromkeys(reasons))}."
    yield f"### {PROMISED}"
    yield report.markdown_table(one for one in run.figures if one.goal is not None)
    charts = {chart.name: chart for chart in CHARTS}
    drawn = {point.chart for point in run.points}
    for row, title in TITLES.items():
        figures = [figure for figure in run.figures if figure.row == row]
        if figures:
            yield f"### {title}"
            yield report.markdown_table(figures)
            name = CHART_OF.get(row, "")
            if name in drawn:
                yield f"![{charts[name].title}](images/{name}.svg)"
    yield "### Conditions"
    yield "\n".join(_conditions(run.parts))


def doubtful(under: dict[str, Any]) -> Iterator[str]:
    """Why figures should not be relied on: other sizes than the command has by itself, or a busy machine."""
    usual = {name: _named(size) for name, size in asdict(Sizes()).items()}
    sizes = {name: _named(size) for name, size in under["sizes"].items()}
    other = [
        f"{name.replace('_', ' ')} {sizes[name]}" for name in usual if sizes[name] != usual[name]
    ]
    if other:
        yield f"measured with {', '.join(other)}"
    if under["load_average"][0] > BUSY * under["cores"]:
        yield "the machine was busy with other work"


def _named(size: Any) -> str:  # noqa: ANN401 - a number, or several
    return f"{size:,.10g}" if isinstance(size, int | float) else ", ".join(map(str, size))


def _conditions(parts: list[Part]) -> Iterator[str]:
    for part in parts:
        names = ", ".join(TITLES[row] for row in part.rows)
        yield f"- **{names}**: {_described(part.conditions)}"


def _described(under: dict[str, Any]) -> str:
    sizes = under["sizes"]
    loads = " → ".join(f"{under[name][0]:.1f}" for name in ("load_average", "load_average_after"))
    gibibytes = under["memory_bytes"] / 2**30
    return (
        f"{under['taken_at'][:10]}, revision {under['revision']}; {under['processor']}, "
        f"{under['cores']} cores, {gibibytes:.0f} GiB; {under['system']}, "
        f"{under['file_system']}; {under['python']}, SQLite {under['sqlite']}; load average "
        f"{loads}; rounds {sizes['rounds']}; {under['seconds']:,} s in all"
    )


def parts_of(text: str) -> tuple[str, str, str]:
    """A document before, between and after the marks."""
    before, _, rest = text.partition(BEGIN)
    between, _, after = rest.partition(END)
    return before, between.strip(), after


def images(run: Run) -> dict[str, str]:
    """The charts that a run has points for, by file name."""
    return {
        f"{chart.name}.svg": svg(chart, points)
        for chart in CHARTS
        if (points := [point for point in run.points if point.chart == chart.name])
    }


def write(run: Run, document: Path = DOCUMENT, folder: Path = IMAGES) -> None:
    """Writes tables and charts."""
    before, _, after = parts_of(document.read_text())
    document.write_text(f"{before}{BEGIN}\n\n{generated(run)}\n\n{END}{after}")
    folder.mkdir(exist_ok=True)
    for name, text in images(run).items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    write(report.read(DATA))
