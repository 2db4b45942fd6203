"""The change feed on each engine: its order, its places, its generations."""

import pytest
import sqlalchemy as sa

from mirror.core.model import Micros, Seq
from mirror.core.rules import Rules
from mirror.errors import FeedReset, NotFound
from mirror.store import feed, journal
from mirror.store.engine import Database
from mirror.store.feed import Position
from mirror.store.journal import Arrival
from mirror.store.queries.material import material
from mirror.store.schema import platforms
from mirror.sync.apply import Applier, apply_all
from tests.naive.bodies import ANN, CREW, added, created, deleted, uploaded

START = Position(1, Seq(0), 0)


def put(database: Database, *bodies: bytes) -> None:
    with database.write() as connection:
        journal.append(connection, "default", [Arrival(body, Micros(1)) for body in bodies])
    apply_all(Applier(database, "default", Rules()))


def test_changes_are_read_in_pages_of_any_size(database: Database) -> None:
    put(database, created(ANN, "/a"), added(["m", "n"], ANN, "/a"), deleted(["m"]))
    with database.read() as connection:
        every = feed.read(connection, "default", START, Seq(3))
        assert [change.seq for change in every] == [1, 1, 2, 2, 3]
        assert [change.ordinal for change in every] == [1, 2, 1, 2, 1]
        for size in range(1, 6):
            paged, place = [], START
            while some := feed.read(connection, "default", place, Seq(3), size):
                paged += some
                place = some[-1].position
            assert paged == every
        assert feed.read(connection, "default", START, Seq(1)) == every[:2]
        assert feed.read(connection, "default", feed.end(connection, "default"), Seq(9)) == []


def test_a_place_in_another_generation_is_refused(database: Database) -> None:
    put(database, created(ANN, "/a"))
    with database.write() as connection:
        connection.execute(sa.update(platforms).values(feed_generation=2))
    with database.read() as connection:
        assert feed.end(connection, "default").generation == 2
        with pytest.raises(FeedReset):
            feed.read(connection, "default", START, Seq(1))


def test_an_unknown_platform_has_no_feed(database: Database) -> None:
    with database.read() as connection, pytest.raises(NotFound):
        feed.end(connection, "nobody")


def test_a_material_comes_with_what_is_known_of_it(database: Database) -> None:
    put(
        database,
        uploaded("m", ANN, "/a", file_id="f"),
        added(["m"], CREW, "/b"),
        added(["n"], ANN, None),
    )
    with database.read() as connection:
        found = material(connection, "default", "m")
        assert found.place == (ANN, "/a")
        assert found.file is not None
        assert (found.file.file_id, found.in_doubt) == ("f", True)
        assert [link.kind for link in found.links] == ["placement"]
        assert [doubt.reason for doubt in found.doubts] == ["second-placement"]
        assert material(connection, "default", "n").file is None
