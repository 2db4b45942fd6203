"""Reconciliation beside a server: what comes first, how often, and what happens when the platform is away."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from random import Random

import pytest

from mirror.core.model import MaterialId, Micros
from mirror.errors import PlatformUnavailable
from mirror.platform.answers import Answer
from mirror.store import reconciling, sweeps
from mirror.store.engine import Database
from mirror.sync import watch as watching
from mirror.sync.reconcile import Reconciler
from mirror.sync.watch import DOUBTS_EVERY, LISTS_EVERY, SAMPLE_EVERY, SWEEP_AGAIN, Watch
from tests.support.mirrored import MaterialAnswer, Mirrored, Watchful
from tests.support.worlds import SECOND

RATE = 20.0


def watch(at: Mirrored, **options: object) -> Watch:
    """A watch whose steady clock is the world's."""

    def make(stopping: Callable[[], bool]) -> Reconciler:
        return at.world.reconciler(stopping=stopping)

    return Watch(
        at.world.database,
        at.world.name,
        make,
        clock=lambda: at.world.now / 1_000_000,
        rate=RATE,
        random=Random(1),
        **options,  # type: ignore[arg-type]
    )


def rest(at: Mirrored, seconds: float) -> None:
    at.world.pass_time(int(seconds * 1_000_000))


def settled(at: Mirrored) -> Watch:
    """A watch that has read everything once, and nothing since."""
    found = watch(at)
    for _ in range(8):
        found.look()
        rest(at, 30)
    at.reader.forget()
    return found


def test_new_media_come_first_and_are_read_once(at: Mirrored) -> None:
    beside = settled(at)
    made = at.world.platform.upload(at.ann, "/a", "x.mp4")
    at.told()
    assert beside.look()
    assert at.reader.names == ["materials"]
    assert at.reader.asked == [(made.id,)]
    assert at.name(made.id) == "x.mp4"
    at.reader.forget()
    assert not beside.look()
    assert at.reader.names == []


def test_new_media_are_read_a_hundred_at_once(at: Mirrored) -> None:
    beside = settled(at)
    for number in range(130):
        at.world.platform.upload(at.ann, "/a", f"{number}.mp4")
    at.told()
    beside.look()
    assert [len(some) for some in at.reader.asked] == [20] * 5
    at.reader.forget()
    beside.look()
    assert [len(some) for some in at.reader.asked] == [20, 10]


def test_doubts_are_settled_when_late_deliveries_had_their_time(at: Mirrored) -> None:
    beside = settled(at)
    [m] = at.upload("/a")
    at.world.platform.move_materials([m], at.ann, "/b")
    at.world.held()  # lost
    at.world.platform.move_materials([m], at.ann, "/成片")
    at.told()
    rest(at, DOUBTS_EVERY)
    beside.look()
    assert at.reasons() == set()
    at.world.platform.move_materials([m], at.ann, "/a")
    at.world.held()
    at.world.platform.move_materials([m], at.ann, "/b")
    at.told()
    rest(at, DOUBTS_EVERY / 2)
    beside.look()
    assert at.reasons() == {"moves-tangled"}
    rest(at, DOUBTS_EVERY / 2 + 1)
    beside.look()
    assert at.reasons() == set()
    assert at.place(m) == "/b"


def test_a_deletion_is_asked_about(at: Mirrored) -> None:
    [m] = at.upload("/a")
    beside = settled(at)
    at.world.platform.delete_materials([m])
    at.told()
    rest(at, DOUBTS_EVERY)
    beside.look()
    assert at.reader.asked[0] == (m,)
    at.reader.forget()
    rest(at, DOUBTS_EVERY)
    beside.look()
    assert at.reader.asked == []


def test_a_sample_is_drawn_from_time_to_time(at: Mirrored) -> None:
    at.upload("/a", 30)
    beside = settled(at)
    with at.world.database.read() as connection:
        before = reconciling.sampled(connection, at.world.name).drawn
    rest(at, SAMPLE_EVERY)
    beside.look()
    at.world.apply()
    with at.world.database.read() as connection:
        assert reconciling.sampled(connection, at.world.name).drawn == before + 20


def test_owners_are_read_again_the_least_recent_first(at: Mirrored) -> None:
    beside = settled(at)
    rest(at, SWEEP_AGAIN / 1_000_000)
    with at.world.database.read() as connection:
        due = [s.owner for s in sweeps.listed(connection, at.world.name)]
    swept: list[object] = []
    for _ in due:
        with at.world.database.read() as connection:
            before = {s.owner: s.finished_at for s in sweeps.listed(connection, at.world.name)}
        beside.look()
        rest(at, 5)
        with at.world.database.read() as connection:
            after = {s.owner: s.finished_at for s in sweeps.listed(connection, at.world.name)}
        swept += [owner for owner in after if after[owner] != before[owner]]
    assert swept == due


def test_sweeps_leave_most_of_the_calls_to_what_is_urgent(at: Mirrored) -> None:
    at.upload("/a", 100)
    beside = settled(at)
    rest(at, SWEEP_AGAIN / 1_000_000)
    beside.look()
    calls = len(at.reader.names)
    first = at.world.now
    at.reader.forget()
    while "media_ids" not in at.reader.names:
        rest(at, 0.1)
        beside.look()
    assert calls / RATE <= (at.world.now - first) / 1_000_000 <= 8 * calls / RATE


def test_what_is_listed_as_a_whole_is_read_every_ten_minutes(at: Mirrored) -> None:
    beside = settled(at)
    at.world.platform.create_project("SWITCHER", "gala", at.ann)
    rest(at, LISTS_EVERY)
    beside.look()
    assert {"owners", "projects"} <= set(at.reader.names)
    at.world.apply()
    assert len(at.world.rows()["projects"]) == 1


def test_a_large_owner_does_not_keep_new_media_waiting(at: Mirrored) -> None:
    at.upload("/a", 160)
    beside = settled(at)
    rest(at, SWEEP_AGAIN / 1_000_000)
    made: list[str] = []

    def upload(name: str) -> None:
        if name == "media_ids" and at.reader.names[-2:-1] == ["materials"] and not made:
            made.append(at.world.platform.upload(at.ann, "/b", "urgent.mp4").id)
            at.told()

    at.reader.hook = upload
    while not made:
        beside.look()
        rest(at, 5)
    assert at.name(made[0]) == "urgent.mp4"
    asked = [made[0] in some for some in at.reader.asked]
    assert (
        asked.index(True) < len(asked) - 4
    )  # after the next page at the latest; the sweep went on


def test_a_medium_that_nothing_can_be_told_of_keeps_nobody_waiting(at: Mirrored) -> None:
    beside = settled(at)
    made = at.world.platform.upload(at.ann, "/a", "x.mp4")
    at.told()

    class Blind(Watchful):
        def materials(self, material_ids: Sequence[MaterialId]) -> MaterialAnswer:
            answer = super().materials(material_ids)
            return Answer(
                tuple(m for m in answer.found if m.material_id != made.id),
                answer.missing,
                (MaterialId(made.id),),
            )

    at.world.reader = blind = Blind(at.world)
    assert not beside.look()
    rest(at, LISTS_EVERY)
    beside.look()
    assert "projects" in blind.names


# ------------------------------------------------------------------ the thread


class Waits:
    """Stands for the event that stops a watch: notes how long it waits, and stops after so many times."""

    def __init__(self, most: int) -> None:
        self.waited: list[float] = []
        self._most = most

    def wait(self, seconds: float) -> bool:
        self.waited.append(seconds)
        return len(self.waited) > self._most

    def is_set(self) -> bool:
        return False


def waits_of(at: Mirrored, most: int) -> list[float]:
    waits = Waits(most)
    watch(at, stop=waits)._run()
    return waits.waited


def test_a_platform_that_is_away_is_asked_less_and_less(
    at: Mirrored, caplog: pytest.LogCaptureFixture
) -> None:
    def away(_name: str) -> None:
        raise PlatformUnavailable("The platform does not answer.")

    at.reader.hook = away
    with caplog.at_level(logging.WARNING):
        waited = waits_of(at, 14)
    assert len(at.reader.names) == 14
    assert all(0.8 * 2**n <= seconds <= 1.2 * 2**n for n, seconds in enumerate(waited[:8]))
    assert all(seconds <= 1.2 * watching.WORST for seconds in waited)
    assert waited[-1] >= 0.8 * watching.WORST
    assert "The platform does not answer." in caplog.text
    assert caplog.records[0].exc_info is None


def test_a_platform_that_is_back_is_asked_as_before(at: Mirrored) -> None:
    def away_at_first(_name: str) -> None:
        if len(at.reader.names) < 4:
            raise PlatformUnavailable("The platform does not answer.")

    at.reader.hook = away_at_first
    waited = waits_of(at, 20)
    assert max(waited) <= 1.2 * 8
    assert waited[-1] <= 1.2 * watching.LOOK_EVERY


def test_a_fault_of_our_own_is_logged_and_tried_again_much_later(
    at: Mirrored, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_name: str) -> None:
        raise ZeroDivisionError

    at.reader.hook = broken
    with caplog.at_level(logging.ERROR):
        waited = waits_of(at, 1)
    assert waited[1] >= 0.8 * watching.WORST
    assert caplog.records[0].exc_info is not None


def test_it_stops_at_once_while_it_rests(at: Mirrored) -> None:
    beside = watch(at)
    beside.start()
    assert beside.stop(2.0)


def test_it_stops_after_the_read_that_is_under_way(at: Mirrored) -> None:
    at.upload("/a", 120)
    reading, go_on = threading.Event(), threading.Event()

    def slow(_name: str) -> None:
        reading.set()
        assert go_on.wait(10)

    at.reader.hook = slow
    beside = watch(at)
    beside.start()
    assert reading.wait(10)
    assert not beside.stop(0.01)
    go_on.set()
    assert beside.stop(5.0)
    assert len(at.reader.names) == 1


def test_a_clock_that_was_set_back_keeps_no_owner_waiting(
    at: Mirrored, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = settled(at)
    beside.look()
    assert "media_ids" not in at.reader.names
    hour = 3600 * SECOND
    monkeypatch.setattr(Database, "now", lambda *_: Micros(at.world.tick() - hour))
    for _ in range(4):
        rest(at, 30)
        beside.look()
    assert at.reader.names.count("media_ids") == len(at.world.platform.owners())
