"""Invariants 3 and 4 on a real database: batches of any size give the rows of one by one."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mirror.store import checkpoints
from mirror.store.engine import Database
from mirror.sync import apply as applying
from tests.naive import bodies
from tests.naive.model import NaiveMirror
from tests.properties.feeds import START, Arrival, feeds
from tests.support.database_rows import differences
from tests.support.journals import apply, apply_cut, journaled, public_rows, state
from tests.support.memory import MemoryMirror
from tests.support.naive_rows import naive_rows

EVERYTHING = 10**9

ANN, CREW = bodies.ANN, bodies.CREW
A_PLACEMENT_OF_ANOTHER_OWNER_ENDS = [
    Arrival(bodies.added(["m"], ANN, "/a"), START),
    Arrival(bodies.added(["m"], CREW, "/b"), START),
    Arrival(bodies.deleted(["m"]), START),
]
A_DOUBT_ENDS_BEFORE_ALL_PROJECTS_ARE_READ = [
    Arrival(bodies.switcher("p1", "Recycled"), START),
    Arrival(bodies.projects_observed(1, bodies.seen_project("p1")), START, "reconcile"),
    Arrival(bodies.switcher("p1", "Started"), START),
    Arrival(bodies.projects_observed(2, complete=True), START, "reconcile"),
]


@contextmanager
def rows_held(most: int) -> Iterator[None]:
    """Between batches, keep at most so many rows in memory: 0 keeps nothing that can be read again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(applying, "HELD_ROWS", most)
        yield


def check(
    database: Database, feed: list[Arrival], cuts: set[int], *, held: int, fresh: bool
) -> None:
    mirror, naive = MemoryMirror(), NaiveMirror()
    for arrival in feed:
        mirror.deliver(*arrival)
        naive.deliver(*arrival)
    one_by_one, whole, cut = (journaled(database, feed) for _ in range(3))
    with rows_held(EVERYTHING):
        apply(database, one_by_one, batch=1)
        apply(database, whole)
    with rows_held(held):
        apply_cut(database, cut, cuts, fresh=fresh)
    expected = state(database, one_by_one)
    assert differences(expected, state(database, whole)) == []
    assert differences(expected, state(database, cut)) == []
    rows = mirror.rows()
    assert public_rows(database, cut) == rows
    assert naive_rows(naive) == rows
    assert [row[1:4] for row in expected["outcomes"]] == [
        (v.event_type, v.outcome, v.detail) for v in mirror.verdicts
    ]
    with database.read() as connection:
        ends = {
            (known.seq, known.logical_at, known.next_class_id)
            for platform in (one_by_one, whole, cut)
            if (known := checkpoints.current(connection, platform))
        }
    assert ends == {(len(feed), mirror.library.now, mirror.library.next_class_id.get("next"))}


@settings(max_examples=60)
@example(feed=A_PLACEMENT_OF_ANOTHER_OWNER_ENDS, cuts={2}, held=0, fresh=True)
@example(feed=A_DOUBT_ENDS_BEFORE_ALL_PROJECTS_ARE_READ, cuts={1}, held=0, fresh=True)
@given(
    feed=feeds(most=40),
    cuts=st.sets(st.integers(1, 39)),
    held=st.sampled_from((0, 0, 4, 12, EVERYTHING)),
    fresh=st.booleans(),
)
def test_batches_of_any_size_give_the_rows_of_one_by_one(
    shared: Database, feed: list[Arrival], cuts: set[int], held: int, fresh: bool
) -> None:
    check(shared, feed, cuts, held=held, fresh=fresh)
