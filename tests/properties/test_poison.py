"""A rule that fails on one delivery quarantines that one, alone, and a rebuild quarantines it again."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirror.core import fold as folding
from mirror.core.events import Event
from mirror.core.library import Library
from mirror.core.rules import Rules
from mirror.core.transitions import decide
from mirror.store.engine import Database
from mirror.sync.rebuild import rebuild
from tests.naive import bodies
from tests.properties.feeds import SECOND, START, Arrival, feeds
from tests.support import lifelike
from tests.support.database_rows import State, differences
from tests.support.journals import apply, apply_cut, journaled, public_rows, state
from tests.support.memory import MemoryMirror

FEED = lifelike.feed(30)


class Poisoned(RuntimeError):
    """What a rule with a bug raises."""


@contextmanager
def poisoned(*seqs: int) -> Iterator[None]:
    """Let the rules fail on these deliveries, after they have done all that they do."""

    def failing(library: Library, event: Event) -> str | None:
        remark = decide(library, event)
        if library.seq in seqs:
            raise Poisoned("no such luck")
        return remark

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folding, "decide", failing)
        yield


def outcomes(rows: State) -> dict[int, tuple[str, str | None]]:
    return {row[0]: (row[2], row[3]) for row in rows["outcomes"]}


def without(feed: list[Arrival], seqs: set[int]) -> list[Arrival]:
    """The feed with bodies in the places of `seqs` that nobody can read; redeliveries reach no rule."""
    return [
        arrival._replace(body=b"poison")
        if seq in seqs and arrival.redelivery_of is None
        else arrival
        for seq, arrival in enumerate(feed, start=1)
    ]


@pytest.mark.parametrize("seq", [1, len(FEED) // 2, len(FEED)])
@pytest.mark.parametrize("batch", [1, 7, 5_000])
def test_the_delivery_that_a_rule_fails_on_is_quarantined_alone(
    shared: Database, seq: int, batch: int
) -> None:
    platform = journaled(shared, FEED)
    with poisoned(seq):
        apply(shared, platform, batch=batch)
    applied = state(shared, platform)
    bad = {at: told for at, told in outcomes(applied).items() if told[0] == "quarantined"}
    assert list(bad) == [seq]
    _, detail = bad[seq]
    assert detail is not None
    assert detail.startswith("Poisoned: no such luck (raised in ")
    assert ".failing:" in detail
    # All else is as if nobody could have read that one.
    spared = journaled(shared, without(FEED, {seq}))
    apply(shared, spared)
    assert public_rows(shared, platform) == public_rows(shared, spared)
    with poisoned(seq):
        rebuild(shared, platform, Rules())
    assert differences(applied, state(shared, platform)) == []


@settings(max_examples=40)
@given(feed=feeds(most=30), cuts=st.sets(st.integers(1, 29)), data=st.data())
def test_what_a_failing_rule_had_done_is_taken_back_whatever_it_was(
    shared: Database, feed: list[Arrival], cuts: set[int], data: st.DataObject
) -> None:
    seqs = data.draw(st.sets(st.integers(1, len(feed)), min_size=1))
    one, spared = journaled(shared, feed), journaled(shared, without(feed, seqs))
    with poisoned(*seqs):
        apply_cut(shared, one, cuts)
    apply(shared, spared)
    assert public_rows(shared, one) == public_rows(shared, spared)
    live, clean = state(shared, one), state(shared, spared)
    del live["outcomes"], clean["outcomes"]
    assert differences(clean, live) == []


def test_a_version_that_knows_better_applies_at_the_next_rebuild_what_was_quarantined(
    shared: Database,
) -> None:
    platform, sound = journaled(shared, FEED), journaled(shared, FEED)
    with poisoned(2, 5):
        apply(shared, platform)
    apply(shared, sound)
    report = rebuild(shared, platform, Rules())
    assert report.changed_feed
    assert differences(state(shared, sound), state(shared, platform)) == []


def test_after_poison_class_ids_go_on_without_a_gap() -> None:
    mirror = MemoryMirror()
    with poisoned(2):
        for number, name in enumerate(("/a", "/b/c/d", "/e")):
            mirror.deliver(bodies.created(bodies.ANN, name), START + number * SECOND)
    assert sorted((row[0], row[3]) for row in mirror.rows()["classes"]) == [
        (1, "/"),
        (2, "/a"),
        (3, "/e"),
    ]
