"""Repeats that nobody could tell, because a proxy hid that the first was answered: right, or in doubt.

Everything here happens within the horizon; the same through a real proxy is in `tests/faults/test_redelivery_proxy.py`.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import NamedTuple

import pytest

from mirror.core.decode import EVENT_TYPES
from mirror.core.transitions import class_moves, classes, projects
from mirror.platform.simulator import Limits, Platform, Workload
from tests.naive import bodies
from tests.naive.bodies import ANN, BEN
from tests.naive.model import NaiveMirror
from tests.properties.feeds import HORIZON, SECOND, START, Arrival
from tests.properties.test_class_permutations import EMPTY, SMALL, ending, judge, mirror_of
from tests.support import lifelike
from tests.support.class_histories import Kinds, Operation, histories
from tests.support.memory import MemoryMirror
from tests.support.naive_rows import naive_rows
from tests.support.repeats import repeated, wrong_without_doubt


class Repeats(NamedTuple):
    """What came of some seeds: what is wrong and not in doubt, of how much, and which events came again."""

    wrong: Counter[str]
    rows: Counter[str]
    again: Counter[str]


def campaign(
    seeds: range, *, apart: int, library: int = 0, rate: float = 0.3, operations: int = 250
) -> Repeats:
    found = Repeats(Counter(), Counter(), Counter())
    for seed in seeds:
        platform = Platform(seed, persons=2, teams=1)
        work = Workload(platform, seed, presets=seed % 2 == 0, limits=Limits(classes=40))
        before: list[Arrival] = []
        if library:
            work.bootstrap(library)
            before = lifelike.observations(platform)
        named = frozenset(platform.locations()) if library else frozenset[str]()
        work.run(operations)
        told = [callback.body for callback in platform.drain()]
        mirror = MemoryMirror()
        for arrival in before:
            mirror.deliver(*arrival)
        heard = set[bytes]()
        for arrival in repeated(told, apart=apart, rate=rate, seed=seed):
            verdict = mirror.deliver(*arrival)
            assert verdict.outcome in {"applied", "unchanged"}
            found.again[str(verdict.event_type)] += arrival.body in heard
            heard.add(arrival.body)
        wrong = wrong_without_doubt(mirror, platform, observed=bool(library), named=named)
        found.wrong.update({kind: len(keys) for kind, keys in wrong.items()})
        rows = mirror.rows()
        found.rows.update({kind: len(rows[kind]) for kind in ("media", "classes", "doubts")})
    return found


@pytest.mark.parametrize("library", [0, 100])
@pytest.mark.parametrize("apart", [1, 3, 10, 40])
def test_whatever_is_repeated_later_leaves_every_row_right_or_in_doubt(
    apart: int, library: int
) -> None:
    found = campaign(range(3), apart=apart, library=library)
    assert not +found.wrong, found
    assert found.rows["doubts"] < found.rows["media"]


def test_without_the_memory_of_what_was_said_rows_would_be_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (classes, class_moves, projects):
        monkeypatch.setattr(module, "heard_before", lambda *_: False)
    found = campaign(range(10), apart=40)
    assert found.wrong["classes"]
    assert found.wrong["projects"]
    assert not found.wrong["media"]


def test_every_type_of_event_may_come_again_and_all_of_them() -> None:
    found = campaign(range(5), apart=40, rate=1.0, operations=600)
    assert {kind for kind, count in found.again.items() if count} == set(EVENT_TYPES)
    assert not +found.wrong, found


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("library", [0, 150])
@pytest.mark.parametrize("apart", range(1, 41))
def test_many_repeats_at_any_distance_leave_every_row_right_or_in_doubt(
    apart: int, library: int
) -> None:
    found = campaign(range(100, 120), apart=apart, library=library)
    print(f"{apart} apart, library of {library}: {found}")  # noqa: T201
    assert not +found.wrong, found


# ------------------------------------------------------------------- small histories


def one_repeat_anywhere(start: tuple[Operation, ...], kinds: Kinds, *, observed: bool) -> int:
    """Check all small histories in order, with any one event repeated at any later place; return how many feeds.

    A class that is missing is no row, and what would be in doubt for it may be gone by then; so it is not looked for.
    """
    stories = {operations: ending(start, operations) for operations in histories(start, kinds)}
    in_order = {tuple(story.bodies) for story in stories.values()}
    feeds = 0
    for operations, story in stories.items():
        told = tuple(story.bodies)
        for first, after in combinations(range(len(told) + 1), 2):
            feed = (*told[:after], told[first], *told[after:])
            if feed in in_order:
                continue
            mirror = mirror_of(start, observed=observed)
            for body in feed:
                mirror.push(body)
            wrong = judge(mirror, story)
            assert not wrong.media, (operations, first, after)
            assert not wrong.classes, (operations, first, after)
            feeds += 1
    return feeds


@pytest.mark.parametrize("observed", [False, True])
def test_one_repeat_anywhere_in_a_small_history_leaves_every_row_right_or_in_doubt(
    *, observed: bool
) -> None:
    assert one_repeat_anywhere(EMPTY, Kinds(3), observed=observed) > 200


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("observed", [False, True])
@pytest.mark.parametrize(
    ("start", "kinds"),
    [
        (EMPTY, Kinds(4)),
        (EMPTY, Kinds(3, uploads=1)),
        (SMALL, Kinds(2)),
        (SMALL, Kinds(2, shifts=1)),
    ],
)
def test_one_repeat_anywhere_in_a_longer_history_leaves_every_row_right_or_in_doubt(
    start: tuple[Operation, ...], kinds: Kinds, *, observed: bool
) -> None:
    assert one_repeat_anywhere(start, kinds, observed=observed) > 900


# ------------------------------------------------------------------------- one by one


def doubts(*feed: tuple[int, bytes]) -> set[tuple[object, ...]]:
    """The doubts about classes by path, and about projects, after a feed; seconds stand before each body."""
    mirror, naive = MemoryMirror(), NaiveMirror()
    for seconds, body in feed:
        at = START + seconds * SECOND
        assert mirror.deliver(body, at).outcome == naive.deliver(body, at)
    rows = mirror.rows()
    assert naive_rows(naive) == rows
    paths = {str(row[0]): str(row[3]) for row in rows["classes"]}
    return {(kind, paths.get(key, key), reason) for kind, key, reason, _ in rows["doubts"]}


A, B = bodies.created(ANN, "/a"), bodies.created(ANN, "/b")
NEST, OUT = bodies.moved_class(ANN, "/a", "/b"), bodies.moved_class(ANN, "/b/a", "/")
GONE = bodies.class_deleted(ANN, "/a")
LATER = HORIZON // SECOND + 1


def test_a_class_made_by_a_creation_that_came_before_is_in_doubt_for_a_horizon() -> None:
    again = {("class", "/a", "created-again")}
    assert doubts((0, A), (1, GONE), (2, A)) == again
    assert doubts((0, A), (0, B), (1, NEST), (2, A)) == again
    assert doubts((0, A), (1, GONE), (HORIZON // SECOND, A)) == again
    assert doubts((0, A), (1, GONE), (LATER, A)) == set()


def test_a_creation_is_not_in_doubt_where_a_class_left_that_had_come_otherwise() -> None:
    inside = bodies.created(ANN, "/b/a")
    assert doubts((0, B), (0, inside), (1, OUT), (2, NEST), (3, A)) == set()


def test_a_class_beneath_one_that_left_is_known_to_be_made_again() -> None:
    inside = bodies.created(ANN, "/a/c")
    away = bodies.moved_class(ANN, "/a", "/b")
    feed = ((0, A), (0, B), (1, inside), (2, away), (3, A), (4, inside))
    assert doubts(*feed) == {("class", "/a", "created-again"), ("class", "/a/c", "created-again")}


def test_a_repeat_that_finds_a_class_which_is_only_inferred_confirms_it_in_doubt() -> None:
    feed = ((0, A), (1, GONE), (2, bodies.added(["m"], ANN, "/a")), (3, A))
    assert doubts(*feed) == {("class", "/a", "created-again")}


def test_a_move_that_came_before_leaves_doubt_on_what_it_moves_again() -> None:
    feed = [(0, A), (0, B), (1, NEST), (2, OUT)]
    assert doubts(*feed, (3, NEST)) == {("class", "/b/a", "moved-again")}
    assert doubts(*feed, (LATER + 1, NEST)) == set()
    assert doubts(*feed[:3], (3, bodies.created(BEN, "/z")), (4, NEST)) == set()  # it is there


def test_a_deletion_that_came_before_leaves_doubt_above_what_it_takes_away() -> None:
    other = bodies.created(ANN, "/a/x")
    feed = [(0, A), (1, other), (2, bodies.class_deleted(ANN, "/a/x")), (3, other)]
    again = bodies.class_deleted(ANN, "/a/x")
    assert doubts(*feed, (4, again)) == {("class", "/a", "deleted-again")}
    assert doubts(*feed, (LATER + 2, again)) == set()


def test_a_status_that_came_before_leaves_doubt_until_a_new_one_tells_all() -> None:
    def status(said: str) -> bytes:
        return bodies.switcher("p", said)

    feed = [(0, status("PvwStarted")), (1, status("PvwStopped")), (2, status("PvwStarted"))]
    again = {("project", "p", "status-again")}
    assert doubts(*feed[:2], (2, status("PvwStopped"))) == set()  # nothing changes
    assert doubts(*feed) == again
    assert doubts(*feed, (3, status("PgmStarted"))) == again
    assert doubts(*feed, (3, status("Stopped"))) == set()
    assert doubts(*feed[:2], (LATER, status("PvwStarted"))) == set()


def test_what_was_said_is_forgotten_after_a_horizon() -> None:
    mirror = MemoryMirror()
    for number in range(50):
        mirror.deliver(bodies.created(ANN, f"/c{number}"), START)
    assert len(mirror.library.heard.rows) == 50
    mirror.deliver(bodies.created(ANN, "/a"), START + LATER * SECOND)
    assert len(mirror.library.heard.rows) == 1
