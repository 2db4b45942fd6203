"""Where things stand in charts."""

from itertools import pairwise

import pytest

from mirror.core.model import Micros, ProjectId, Seq
from mirror.store.queries.past import TimelineRow
from mirror.web.pages.lanes import KINDS, Lane, kind_of, lanes
from mirror.web.pages.scales import DAY, HOUR, MINUTE, SECOND, Scale, bars, clock

SCALE = Scale(0, 100)


def rows(*told: tuple[int, str]) -> list[TimelineRow]:
    """Statuses, oldest first."""
    ends = [*(at for at, _ in told[1:]), None]
    return [
        TimelineRow(
            ProjectId("p"), status, None, Micros(at), None if end is None else Micros(end), Seq(at)
        )
        for (at, status), end in zip(told, ends, strict=True)
    ]


def drawn(lane: Lane) -> list[tuple[str, int, int | None]]:
    return [(each.kind, each.start, each.end) for each in lane.stretches]


def test_a_scale_stays_within_the_chart() -> None:
    assert SCALE.x(25) == "25.000%"
    assert SCALE.x(-5) == "0.000%"
    assert SCALE.x(500) == "100.000%"
    assert SCALE.width(50, 75) == "25.000%"
    assert SCALE.width(50, 50) != "0.000%"  # what is there is seen


@pytest.mark.parametrize("span", [SECOND, MINUTE, HOUR, 3 * HOUR, DAY, 7 * DAY, 400 * DAY, 9])
def test_ticks_are_few_and_round(span: int) -> None:
    start = 1_700_000_000_123_456
    ticks = Scale(start, start + span).ticks()
    assert len(ticks) <= 8
    assert all(start <= tick.at <= start + span for tick in ticks)
    steps = {later.at - earlier.at for earlier, later in pairwise(ticks)}
    assert len(steps) <= 1


def test_times_are_told_as_there_is_room() -> None:
    at = 1_700_000_000_000_000
    assert clock(at, "day") == "11-14"
    assert clock(at, "time") == "22:13"
    assert clock(at, "second") == "22:13:20"
    assert clock(at, "full") == "2023-11-14 22:13:20 UTC"


def test_bars_are_as_high_as_their_count() -> None:
    made = bars(SCALE, [0, 25, 50, 75, 100], [0, 1, 4, 1000])
    assert [bar.count for bar in made] == [0, 1, 4, 1000]
    assert [bar.height for bar in made] == ["0.000%", "2.000%", "2.000%", "100.000%"]
    assert made[3].y == "0.000%"
    assert bars(SCALE, [], []) == []


def test_a_connection_is_cut_until_it_works_again() -> None:
    told = rows((10, "Working"), (20, "InputInterrupted"), (30, "Working"), (40, "Stopped"))
    [lane] = lanes(told, "STREAM_CONNECT", SCALE)
    assert drawn(lane) == [("on", 10, 20), ("cut", 20, 30), ("on", 30, 40), ("off", 40, None)]


def test_a_switcher_has_a_lane_for_each_part() -> None:
    told = rows(
        (10, "Started"),
        (20, "PgmStarted"),
        (30, "PvwStarted"),
        (40, "PgmStopped"),
        (50, "Stopped"),
    )
    project, pvw, pgm = lanes(told, "SWITCHER", SCALE)
    assert drawn(project) == [("on", 10, 20), ("on", 20, 30), ("on", 30, 50), ("off", 50, None)]
    assert drawn(pvw) == [("on", 30, 50), ("off", 50, None)]
    assert drawn(pgm) == [("on", 20, 40), ("off", 40, 50), ("off", 50, None)]


def test_what_ended_before_the_chart_is_left_out() -> None:
    told = rows((10, "Started"), (20, "Stopped"), (60, "Started"))
    [lane] = lanes(told, "MEDIA_CAST", Scale(50, 100))
    assert drawn(lane) == [("off", 20, 60), ("on", 60, None)]
    assert lane.stretches[0].x == "0.000%"
    assert lane.stretches[0].width == "20.000%"


def test_statuses_that_nobody_knows_are_shown_as_such() -> None:
    assert kind_of("Recycled") == kind_of(None) == "unknown"
    assert kind_of("PgmStopped") == "same"
    [lane, *_] = lanes(rows((10, "PgmStopped"), (20, "PvwStopped")), "SWITCHER", SCALE)
    assert drawn(lane) == [("unknown", 10, None)]
    assert set(KINDS.values()) == {"on", "cut", "off"}
