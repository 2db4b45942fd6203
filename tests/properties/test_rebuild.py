"""Invariant 3 on a real database: live state = rebuilt state, whatever happens while it is rebuilt."""

from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from shutil import copyfile
from typing import NamedTuple

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mirror.core.model import Seq
from mirror.core.rules import Rules
from mirror.errors import LeaseLost
from mirror.store import checkpoints, journal, views
from mirror.store.engine import Database, open_database
from mirror.sync import rebuild as rebuilding
from mirror.sync.apply import Applier, apply_all
from mirror.sync.rebuild import RebuildReport, rebuild, rebuild_into
from tests.naive import bodies
from tests.properties.feeds import START, Arrival, feeds
from tests.support import lifelike
from tests.support.database_rows import (
    Row,
    State,
    database_rows,
    differences,
    generations_with_rows,
)
from tests.support.journals import apply, apply_cut, journaled, state
from tests.support.memory import MemoryMirror
from tests.support.stepping import Stopped, counted, dying, interleave
from tests.support.workers import appending, applying, at_once

OLD, NEW = Rules(presets=()), Rules()
"""Rules that read the feed below in different ways, so that it can be told which made a state."""

FEED = [
    Arrival(bodies.created(bodies.ANN, "/春节"), START),
    Arrival(bodies.added(["m"], bodies.ANN, "/春节"), START),
    Arrival(bodies.moved_class(bodies.ANN, "/春节", "/成片"), START),  # a preset, or a new name
    *lifelike.feed(24),
]
HALF = len(FEED) // 2
TURNS = st.lists(st.integers(0, 5), max_size=80)


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few deliveries go a long way: through several batches, and several deletions."""
    monkeypatch.setattr(rebuilding, "BATCH", 10)
    monkeypatch.setattr(rebuilding, "NEARLY", 5)
    monkeypatch.setattr(checkpoints, "drop_some", partial(checkpoints.drop_some, most=40))


def expected(database: Database, feed: list[Arrival], rules: Rules = NEW) -> State:
    """The state that a feed leads to, applied at once and left alone."""
    platform = journaled(database, feed)
    apply(database, platform, rules=rules)
    return state(database, platform)


def check_clean(database: Database, platform: str) -> None:
    """Nothing is left of any generation but the live one."""
    with database.read() as connection:
        live = checkpoints.live_generation(connection, platform)
        assert generations_with_rows(connection, platform) == {live}
        assert checkpoints.generations(connection, platform) == [live]


# ------------------------------------------------------------------------------- alone


@settings(max_examples=40)
@given(feed=feeds(most=40), cuts=st.sets(st.integers(1, 39)))
def test_a_rebuild_in_place_gives_the_rows_of_the_live_state(
    shared: Database, feed: list[Arrival], cuts: set[int]
) -> None:
    platform = journaled(shared, feed)
    apply_cut(shared, platform, cuts)
    live = state(shared, platform)
    report = rebuild(shared, platform, NEW)
    assert differences(live, state(shared, platform)) == []
    assert report == RebuildReport(platform, len(feed), Seq(len(feed)), 2, changed_feed=False)
    check_clean(shared, platform)


@settings(max_examples=8)
@given(feed=feeds(most=24))
def test_a_rebuild_until_a_delivery_gives_the_live_rows_as_they_were_then(
    shared: Database, migrated_file: Path, feed: list[Arrival]
) -> None:
    platform = journaled(shared, feed)
    applier = Applier(shared, platform, NEW, batch=1)
    for seq in range(len(feed) + 1):
        target_file = migrated_file.with_name("target.db")
        target_file.unlink(missing_ok=True)
        copyfile(migrated_file, target_file)
        with closing(open_database(f"sqlite:///{target_file}")) as target:
            report = rebuild_into(shared, target, platform, NEW, until=Seq(seq))
            assert report == RebuildReport(platform, seq, Seq(seq), 1)
            assert differences(state(shared, platform), state(target, platform)) == []
            with shared.read() as mine, target.read() as theirs:
                assert journal.read(mine, platform, Seq(0), seq) == journal.read(
                    theirs, platform, Seq(0), seq + 1
                )
        applier.run_once()


def test_a_rebuild_by_other_rules_says_that_the_feed_has_changed(shared: Database) -> None:
    platform = journaled(shared, FEED)
    apply(shared, platform, rules=OLD)
    assert rebuild(shared, platform, NEW).changed_feed
    assert not rebuild(shared, platform, NEW).changed_feed
    assert differences(expected(shared, FEED), state(shared, platform)) == []
    with shared.read() as connection:
        known = checkpoints.current(connection, platform)
        assert known is not None
        assert known.rules == NEW.stamp


def test_a_rebuild_of_a_state_that_lags_behind_does_not_say_that_the_feed_has_changed(
    shared: Database,
) -> None:
    platform = journaled(shared, FEED)
    apply_all(Applier(shared, platform, NEW), until=Seq(HALF))
    assert not rebuild(shared, platform, NEW).changed_feed


# --------------------------------------------------------------- while others are at work


class Seen(NamedTuple):
    """What one reader saw in one transaction."""

    applied: int
    rows: dict[str, set[Row]]


def look(database: Database, platform: str) -> Seen:
    status = views.view("mirror_status")
    with database.read() as connection:
        applied = connection.execute(
            sa.select(status.c.applied_seq).where(status.c.platform == platform)
        ).scalar_one()
        return Seen(applied, database_rows(connection, platform))


def every_state(feed: list[Arrival], rules: Rules) -> list[dict[str, set[Row]]]:
    """The public rows after no delivery, after the first, and so on."""
    mirror = MemoryMirror(rules)
    states = [mirror.rows()]
    for arrival in feed:
        mirror.deliver(*arrival)
        states.append(mirror.rows())
    return states


BY_OLD, BY_NEW = every_state(FEED, OLD), every_state(FEED, NEW)


def rebuilder(platform: str, rules: Rules = NEW) -> Callable[[Database], RebuildReport]:
    return lambda database: rebuild(database, platform, rules)


def reading(platform: str, seen: list[Seen], times: int = 12) -> Callable[[Database], object]:
    def work(database: Database) -> None:
        seen.extend(look(database, platform) for _ in range(times))

    return work


def check_old_then_new(seen: list[Seen]) -> None:
    """Each is what the old rules, or the new ones, make of the deliveries so far; no old after a new."""
    old = [by.rows == BY_OLD[by.applied] for by in seen]
    for by, is_old in zip(seen, old, strict=True):
        assert is_old or by.rows == BY_NEW[by.applied], by.applied
    assert old == sorted(old, reverse=True)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=TURNS)
def test_what_arrives_and_is_applied_while_a_rebuild_runs_is_not_lost_and_readers_see_old_or_new(
    shared: Database, small_steps: None, turns: list[int]
) -> None:
    platform = journaled(shared, FEED[:HALF])
    apply(shared, platform, rules=OLD)
    seen: list[Seen] = []
    works = (
        rebuilder(platform),
        appending(platform, FEED[HALF:]),
        applying(platform, OLD, generation=1),
        reading(platform, seen),
    )
    rebuilt, *_ = interleave(shared, works, turns)
    assert isinstance(rebuilt.result, RebuildReport), rebuilt.error
    check_old_then_new(seen)
    apply(shared, platform, rules=NEW)
    assert differences(expected(shared, FEED), state(shared, platform)) == []
    check_clean(shared, platform)


def test_threads_that_append_apply_and_read_do_not_disturb_a_rebuild(
    shared: Database, small_steps: None
) -> None:
    platform = journaled(shared, FEED[:HALF])
    apply(shared, platform, rules=OLD)
    seen: list[Seen] = []
    raised = at_once(
        shared,
        rebuilder(platform),
        appending(platform, FEED[HALF:], each=2),
        applying(platform, OLD, times=200, generation=1),
        reading(platform, seen, times=60),
    )
    assert raised == []
    check_old_then_new(seen)
    apply(shared, platform, rules=NEW)
    assert differences(expected(shared, FEED), state(shared, platform)) == []
    check_clean(shared, platform)


# ----------------------------------------------------------------- deaths and rivalries


def test_a_rebuild_that_dies_at_any_step_leaves_the_live_state_and_the_next_one_cleans_up(
    shared: Database, small_steps: None
) -> None:
    platform = journaled(shared, FEED)
    apply(shared, platform, rules=OLD)
    old, new = expected(shared, FEED, OLD), expected(shared, FEED, NEW)
    steps = counted(shared, rebuilder(platform))
    died_before = 0
    for step in range(steps):
        rebuild(shared, platform, OLD)
        with pytest.raises(Stopped):
            rebuild(dying(shared, step), platform, NEW)
        live = state(shared, platform)
        died_before += live == old
        assert live in (old, new), step
        apply(shared, platform)  # who goes on with the live state finds nothing to do
        assert state(shared, platform) == live
        rebuild(shared, platform, NEW)
        assert differences(new, state(shared, platform)) == [], step
        check_clean(shared, platform)
    assert 0 < died_before < steps


def test_rebuilds_that_die_one_after_the_other_leave_nothing_behind_in_the_end(
    shared: Database, small_steps: None
) -> None:
    platform = journaled(shared, FEED)
    apply(shared, platform, rules=OLD)
    new = expected(shared, FEED)
    steps = counted(shared, rebuilder(platform))
    for first in range(3, steps, 2):
        for second in range(first % 3, first, 3):
            for step in (first, second):
                with pytest.raises(Stopped):
                    rebuild(dying(shared, step), platform, NEW)
            rebuild(shared, platform, NEW)
            assert differences(new, state(shared, platform)) == [], (first, second)
            check_clean(shared, platform)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=TURNS)
def test_of_two_rebuilds_at_once_one_wins_and_the_other_says_so(
    shared: Database, small_steps: None, turns: list[int]
) -> None:
    platform = journaled(shared, FEED)
    apply(shared, platform, rules=OLD)
    workers = interleave(shared, (rebuilder(platform, OLD), rebuilder(platform, NEW)), turns)
    won = [worker.result for worker in workers if isinstance(worker.result, RebuildReport)]
    assert won
    assert all(isinstance(w.error, LeaseLost) for w in workers if w.result is None)
    with shared.read() as connection:
        known = checkpoints.current(connection, platform)
    assert known is not None
    assert known.generation == max(report.generation for report in won)
    rules = OLD if known.rules == OLD.stamp else NEW
    assert differences(expected(shared, FEED, rules), state(shared, platform)) == []
    check_clean(shared, platform)


@settings(max_examples=25)
@given(turns=TURNS, batches=st.tuples(st.integers(1, 9), st.integers(1, 9)))
def test_of_two_appliers_on_one_platform_the_fenced_one_writes_nothing_and_the_outcome_is_right(
    shared: Database, turns: list[int], batches: tuple[int, int]
) -> None:
    platform = journaled(shared, FEED)
    one, other = (applying(platform, NEW, times=20, batch=batch) for batch in batches)
    interleave(shared, (one, other), turns)
    apply(shared, platform, rules=NEW)
    assert differences(expected(shared, FEED), state(shared, platform)) == []
