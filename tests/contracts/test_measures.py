"""What a monitor asks, on every engine: all platforms at once, and each delivery counted once."""

from collections.abc import Sequence

import pytest

from mirror.core.model import Micros, Seq
from mirror.core.rules import Rules
from mirror.store import journal, platforms, sweeps
from mirror.store.engine import Database
from mirror.store.journal import Arrival, Source
from mirror.store.queries import measures
from mirror.store.queries.measures import Measures, Place, Read
from mirror.store.reconciling import Sampled
from mirror.store.sweeps import ROUND
from mirror.sync.apply import Applier, apply_all
from mirror.sync.rebuild import rebuild
from mirror.web.metrics import counting
from mirror.web.metrics.counting import Tally
from tests.naive.bodies import ANN, created, materials_observed, moved, seen, uploaded
from tests.support.mirrored import mirrored

SECOND = 1_000_000
UNUSABLE, UNKNOWN = b"no json", b'{"EventType":"Made.Up"}'


def append(
    database: Database, platform: str, bodies: Sequence[bytes], source: Source = "callback"
) -> None:
    with database.write() as connection:
        start = journal.head(connection, platform)
        arrivals = [
            Arrival(body, Micros((start + number + 1) * SECOND), source)
            for number, body in enumerate(bodies)
        ]
        journal.append(connection, platform, arrivals)


def apply(database: Database, platform: str, until: int | None = None) -> None:
    apply_all(Applier(database, platform, Rules()), until=None if until is None else Seq(until))


def measured(database: Database) -> Measures:
    with database.read() as connection:
        return measures.measures(connection)


def count(database: Database, tally: Tally) -> None:
    with database.read() as connection:
        for name, place in measures.measures(connection).places.items():
            tally.count(connection, name, place)


def add(database: Database, name: str) -> None:
    with database.write() as connection:
        platforms.add(connection, name, now=Micros(1))


def test_a_new_mirror_has_places_and_nothing_else(database: Database) -> None:
    found = measured(database)
    assert found.places == {"default": Place(Seq(0), Seq(0), 1, None, None)}
    assert (found.doubts, found.quarantined, found.unrecognised, found.corrections) == ({},) * 4
    assert (found.samples, found.reads) == ({}, {})
    assert found.database_bytes > 10_000


def test_a_place_tells_since_when_the_oldest_delivery_waits(database: Database) -> None:
    append(database, "default", [created(ANN, "/a"), uploaded("m", ANN, "/a"), UNKNOWN])
    [place] = measured(database).places.values()
    assert (place.head_seq, place.applied_seq, place.waiting_since) == (3, 0, 1 * SECOND)
    apply(database, "default", until=2)
    [place] = measured(database).places.values()
    assert (place.head_seq, place.applied_seq, place.waiting_since) == (3, 2, 3 * SECOND)
    assert place.last_received_at == 3 * SECOND
    apply(database, "default")
    [place] = measured(database).places.values()
    assert (place.applied_seq, place.waiting_since) == (3, None)


def test_counts_are_of_each_platform_that_was_not_removed(database: Database) -> None:
    add(database, "studio")
    add(database, "gone")
    for name, unusable in (("default", 1), ("studio", 2), ("gone", 3)):
        append(database, name, [*[UNUSABLE] * unusable, UNKNOWN, uploaded("m", ANN, "/new")])
        apply(database, name)
    with database.write() as connection:
        platforms.remove(connection, "gone", now=Micros(9))
    found = measured(database)
    assert set(found.places) == {"default", "studio"}
    assert found.quarantined == {"default": 1, "studio": 2}
    assert found.unrecognised == {"default": 1, "studio": 1}
    assert found.doubts == {("default", "inferred-class"): 1, ("studio", "inferred-class"): 1}


def test_a_rebuild_counts_nothing_twice(database: Database) -> None:
    append(database, "default", [UNUSABLE, uploaded("m", ANN, "/new")])
    apply(database, "default")
    before = measured(database)
    tally = Tally()
    count(database, tally)
    rebuild(database, "default", Rules())
    after = measured(database)
    assert after.places["default"].generation != before.places["default"].generation
    assert (after.quarantined, after.doubts) == (before.quarantined, before.doubts)
    append(database, "default", [UNUSABLE])
    apply(database, "default")
    count(database, tally)
    assert tally.applied == {("default", "", "quarantined"): 1}


def test_each_delivery_is_counted_once_from_the_first_look_on(database: Database) -> None:
    append(database, "default", [created(ANN, "/a")])
    tally = Tally()
    count(database, tally)
    assert (tally.received, tally.applied) == ({}, {})
    append(database, "default", [moved(["m"], ANN, "/a", "/b"), UNUSABLE, UNKNOWN])
    append(database, "default", [materials_observed(1, seen("m", ANN, "/b"))], "reconcile")
    append(database, "default", [UNKNOWN], "import")
    count(database, tally)
    sources = {
        ("default", "callback"): 3,
        ("default", "reconcile"): 1,
        ("default", "import"): 1,
    }
    assert (tally.received, tally.applied) == (sources, {})
    apply(database, "default")
    for _ in range(2):
        count(database, tally)
        assert tally.received == sources
        # What was there before the first look, but applied later, is counted here.
        assert tally.applied == {
            ("default", "Class.Created", "applied"): 1,
            ("default", "Material.Moved", "applied"): 1,
            ("default", "", "quarantined"): 1,
            ("default", "other", "unrecognised"): 2,
            ("default", "observation", "unchanged"): 1,
        }


def test_a_long_pause_is_caught_up_with_in_pieces(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "AT_ONCE", 2)
    tally = Tally()
    count(database, tally)
    append(database, "default", [UNKNOWN] * 5)
    apply(database, "default")
    seen_so_far = []
    for _ in range(4):
        count(database, tally)
        seen_so_far.append((tally.received.total(), tally.applied.total()))
    assert seen_so_far == [(2, 2), (4, 4), (5, 5), (5, 5)]


def test_what_reconciliation_found_is_told(database: Database) -> None:
    with mirrored(database) as exact:
        [material] = exact.upload("/a")
        exact.world.platform.modify(material, name="renamed in silence")
        exact.world.reconciler().sample(5)
        exact.world.apply()
        name = exact.world.name
        found = measured(database)
        assert found.corrections[name, "never-received", "Material.Modified"] == 1
        assert found.samples[name] == Sampled(drawn=1, wrong=1, wrong_undoubted=1)
        read_at = found.reads[name].owner_at
        assert read_at is not None
        with database.write() as connection:
            sweeps.forget(connection, name)
            sweeps.begin(connection, name, ROUND, Micros(5))
            sweeps.end(connection, name, ROUND, Micros(7))
        assert measured(database).reads[name] == Read(None, Micros(7))
