"""The change feed on each engine: its order, its places, its generations."""

import pytest
import sqlalchemy as sa

from mirror.core.model import Micros, Owner, Seq
from mirror.core.rules import Rules
from mirror.errors import FeedReset, InputError, NotFound
from mirror.store import feed, journal
from mirror.store.engine import Database
from mirror.store.feed import EVERYTHING, Change, Follower, Position, Scope
from mirror.store.journal import Arrival
from mirror.store.queries.material import material
from mirror.store.schema import platforms
from mirror.sync.apply import Applier, apply_all
from tests.naive.bodies import (
    ANN,
    CREW,
    added,
    created,
    deleted,
    export,
    modified,
    moved,
    moved_class,
    switcher,
    uploaded,
)

START = Position(1, Seq(0), 0)
HERS, THEIRS = Owner(*ANN), Owner(*CREW)


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


# ------------------------------------------------------------------------------ parts of the feed


def wanted(database: Database, scope: Scope, limit: int = 1_000) -> list[str]:
    """What a scope leaves of the feed, read in windows: seq, entity and key."""
    found: list[Change] = []
    place, more = START, True
    while more:
        with database.read() as connection:
            window = feed.look(connection, "default", place, scope, limit)
        assert len(window.changes) <= limit
        assert window.place > place or not window.more
        found += window.changes
        place, more = window.place, window.more
    return [f"{change.seq} {change.entity} {change.key}" for change in found]


@pytest.fixture
def story(database: Database) -> Database:
    put(
        database,
        created(ANN, "/a"),
        added(["m"], ANN, "/a"),
        created(CREW, "/b"),
        modified("m", name="first"),
        moved(["m"], ANN, "/a", "/b", destination_owner=CREW),
        modified("m", name="second"),
        moved_class(CREW, "/b", "/c"),
        modified("m", name="third"),
        switcher("p", "Started"),
        deleted(["m"]),
    )
    return database


def test_a_change_counts_where_the_thing_was_and_where_it_is(story: Database) -> None:
    assert wanted(story, Scope(("material",), owner=HERS)) == [
        "2 material m",
        "4 material m",
        "5 material m",  # it left
    ]
    assert wanted(story, Scope(("material",), owner=THEIRS)) == [
        "5 material m",  # it came
        "6 material m",
        "8 material m",
        "10 material m",
    ]


def test_a_place_is_that_of_the_moment_of_the_change(story: Database) -> None:
    assert wanted(story, Scope(path="/b")) == [
        "3 class 4",
        "5 material m",
        "6 material m",
        "7 class 4",  # the class left, and took along what was in it
    ]
    assert wanted(story, Scope(path="/c")) == ["7 class 4", "8 material m", "10 material m"]
    assert wanted(story, Scope(path="/a", owner=THEIRS)) == []


def test_things_without_a_place_are_no_part_of_one(story: Database) -> None:
    assert wanted(story, Scope(("project",))) == ["9 project p"]
    assert wanted(story, Scope(("project",), owner=HERS)) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 1_000])
@pytest.mark.parametrize(
    "scope",
    [
        EVERYTHING,
        Scope(("class",)),
        Scope(("material",), key="m"),
        Scope(owner=THEIRS),
        Scope(path="/b"),
        Scope(("material",), "m", THEIRS, "/b"),
    ],
    ids=str,
)
def test_a_scope_is_the_same_in_windows_of_any_size(
    story: Database, scope: Scope, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = wanted(story, scope)
    monkeypatch.setattr(feed, "_LOOKED_AT", 2)
    assert wanted(story, scope, limit) == whole


def test_a_window_ends_behind_what_was_looked_at(story: Database) -> None:
    with story.read() as connection:
        window = feed.look(connection, "default", START, Scope(("task",)))
    assert (window.changes, window.place, window.more) == ([], Position(1, Seq(11), 0), False)


def test_a_place_beyond_the_journal_is_refused(story: Database) -> None:
    """As after the restore of an older backup."""
    with story.read() as connection:
        feed.look(connection, "default", Position(1, Seq(11), 0))
        with pytest.raises(FeedReset, match="ends at delivery 10"):
            feed.look(connection, "default", Position(1, Seq(12), 0))


def test_a_place_is_written_and_read_back() -> None:
    assert feed.position("3:4812:2") == Position(3, Seq(4812), 2)
    assert str(Position(3, Seq(4812), 2)) == "3:4812:2"
    for text in ("", "1:2", "1:2:x", "a:1:1", "1:1:1 ", "-1:1:1", "1:1:1:1"):
        with pytest.raises(InputError, match="is no place"):
            feed.position(text)


def test_a_follower_finds_for_many_what_each_would_find_alone(story: Database) -> None:
    scopes = [EVERYTHING, Scope(("class",)), Scope(owner=THEIRS), Scope(path="/b")]
    for limit in (1, 4, 1_000):
        follower = Follower("default", START)
        found: dict[Scope, list[str]] = {scope: [] for scope in scopes}
        while True:
            with story.read() as connection:
                step = follower.step(connection, scopes, limit)
            if step is None:
                break
            assert step.place == follower.place > step.before
            for scope, changes in step.wanted.items():
                found[scope] += [f"{one.seq} {one.entity} {one.key}" for one in changes]
        assert found == {scope: wanted(story, scope) for scope in scopes}


def test_a_follower_goes_on_with_what_comes_and_notices_a_new_generation(
    database: Database,
) -> None:
    put(database, created(ANN, "/a"))
    follower = Follower("default", START)
    with database.read() as connection:
        assert follower.step(connection, [Scope(owner=HERS)]) is not None
        assert follower.step(connection, [Scope(owner=HERS)]) is None
    put(database, added(["m"], ANN, "/a"), export("t"))
    with database.read() as connection:
        step = follower.step(connection, [Scope(owner=HERS), Scope(("task",))])
    assert step is not None
    assert [len(changes) for changes in step.wanted.values()] == [1, 1]
    with database.write() as connection:
        connection.execute(sa.update(platforms).values(feed_generation=2))
    with database.read() as connection, pytest.raises(FeedReset):
        follower.step(connection, [])
