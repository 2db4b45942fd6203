"""Figures, their ratios and verdicts, runs put together of parts, and charts."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.benchmarks import report
from tests.benchmarks.charts import CHARTS, HEIGHT, WIDTH, Chart, svg
from tests.benchmarks.report import Figure, Part, Point, Run, cells, markdown_table, short

SVG = "{http://www.w3.org/2000/svg}"


def figure(row: str = "r", **more: Any) -> Figure:  # noqa: ANN401 - whatever Figure has
    return Figure(**{"row": row, "what": f"{row}!", "unit": "s", "figure": 3.0, **more})


@pytest.mark.parametrize(
    ("more", "reached"),
    [
        ({"floor": 2.0, "goal": 1.5, "at_most": True}, True),
        ({"floor": 1.9, "goal": 1.5, "at_most": True}, False),
        ({"floor": 4.0, "goal": 0.75}, True),
        ({"floor": 5.0, "goal": 0.75}, False),
        ({"goal": 3}, True),
        ({"goal": 4}, False),
        ({"goal": 2, "at_most": True}, False),
        ({"floor": 2.0}, None),
    ],
)
def test_a_goal_is_of_the_ratio_where_there_is_a_floor(
    more: dict[str, Any], reached: bool | None
) -> None:
    assert figure(**more).reached is reached


def test_a_figure_in_words_says_what_was_not_reached() -> None:
    found = figure(floor=1.0, goal=2, at_most=True)
    assert cells(found) == ("r!", "3 s", "1 s", "3", "≤ 2", "no")
    assert markdown_table([found]).splitlines()[-1] == "| r! | 3 s | 1 s | 3 | ≤ 2 | no |"
    assert cells(figure(goal=4)) == ("r!", "3 s", "", "", "≥ 4 s", "no")


@pytest.mark.parametrize(
    ("number", "text"),
    [(12_345.6, "12,346"), (5, "5"), (45.67, "45.7"), (4.567, "4.57"), (0.01234, "0.0123")],
)
def test_three_digits_count(number: float, text: str) -> None:
    assert short(number) == text


def test_rows_measured_again_replace_the_older_ones() -> None:
    old = Part(
        conditions={"n": 1},
        figures=[figure("a"), figure("b")],
        points=[Point(row="a", chart="c", line="l", x=1, y=1)],
    )
    new = Part(conditions={"n": 2}, figures=[figure("a", figure=9)])
    run = Run(parts=[old]).with_part(new)
    assert [(part.conditions["n"], part.rows) for part in run.parts] == [(1, ["b"]), (2, ["a"])]
    assert run.points == []
    assert Run(parts=[new]).with_part(old).parts == [old]


def test_a_run_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    point = Point(row="a", chart="c", line="l", x=1, y=2.5)
    run = Run(parts=[Part(conditions={"n": 1}, figures=[figure(goal=1)], points=[point])])
    report.write(run, tmp_path / "run.json")
    assert report.read(tmp_path / "run.json") == run


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
def test_a_chart_has_every_point_inside_its_frame(chart: Chart) -> None:
    points = [
        Point(row="r", chart="c", line=line, x=x, y=y)
        for line, y in (("one & only", 700), ("two", 52_000), ("three", 9))
        for x in (100, 10_000, 1_000)
    ]
    drawn = ET.fromstring(svg(chart, points))  # noqa: S314 - our own text
    circles = drawn.findall(f"{SVG}circle")
    assert len(circles) == len(points)
    assert all(0 < float(one.get("cx", "0")) < WIDTH for one in circles)
    assert all(0 < float(one.get("cy", "0")) < HEIGHT for one in circles)
    lines = [line.get("points", "").split() for line in drawn.findall(f"{SVG}polyline")]
    assert [len(places) for places in lines] == [3, 3, 3]
    assert all(places == sorted(places, key=lambda at: float(at.split(",")[0])) for places in lines)
    assert "one & only" in [text.text for text in drawn.iter(f"{SVG}text")]
    assert "prefers-color-scheme: dark" in "".join(drawn.itertext())
