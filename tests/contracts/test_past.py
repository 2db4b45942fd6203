"""Looking back, on every engine: moments, one thing's history, and what differs between two moments."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mirror.core.model import Micros, Owner, Seq
from mirror.errors import ConfigurationError, NotFound
from mirror.store.engine import Connection, Database
from mirror.store.queries import MaterialCursor, class_of, differences, history, seq_at
from mirror.store.queries.past import NetChange, Past
from tests.naive import bodies
from tests.naive.bodies import ANN, CREW
from tests.properties.feeds import SECOND, START, Arrival
from tests.support import lifelike
from tests.support.journals import append, apply
from tests.support.memory import MemoryMirror
from tests.support.past_rows import past_rows, then

TEAM, PERSON = Owner(*CREW), Owner(*ANN)

STORY = [
    bodies.created(CREW, "/a"),  # 1
    bodies.added(["m1", "m2"], CREW, "/a"),
    bodies.created(CREW, "/a/b"),
    bodies.moved(["m1"], CREW, "/a", "/a/b"),
    bodies.moved_class(CREW, "/a", "/c"),  # 5: /a/b goes along
    bodies.modified("m1", name="Trailer", tags=["x"]),
    bodies.deleted(["m2"]),
    bodies.switcher("p1", "Started"),
    bodies.switcher("p1", "Started"),  # 9 changes nothing
    bodies.switcher("p1", "Stopped"),
    bodies.modified("m1", name="Teaser"),  # 11
    bodies.modified("m1", name="Trailer"),  # back to what it was: no difference, but a doubt
    bodies.uploaded("m3", ANN, "/in", file_id="f1", operation_type="Upload"),
    bodies.class_deleted(ANN, "/in"),  # 14: m3 is detached
    bodies.export("t1", material_id="m4", file_id="f2"),
]
END = len(STORY)


@pytest.fixture
def story(database: Database) -> Database:
    """All of it, a second apart."""
    feed = [Arrival(body, START + place * SECOND) for place, body in enumerate(STORY)]
    append(database, "default", feed)
    apply(database, "default")
    return database


def changed(connection: Connection, one: int, other: int) -> list[NetChange]:
    return differences(connection, "default", Seq(one), Seq(other))


# ------------------------------------------------------------------------------------ moments


def test_a_class_and_what_is_in_it_are_where_they_were(story: Database) -> None:
    with story.read() as connection:
        early, late = (Past(connection, "default", Seq(seq)) for seq in (4, 6))
        assert [(row.class_path, row.material_count) for row in early.classes(TEAM)] == [
            ("/", 0),
            ("/a", 1),
            ("/a/b", 1),
        ]
        assert [row.class_path for row in late.classes(TEAM, "/c")] == ["/c", "/c/b"]
        assert early.classes(TEAM, "/c") == []
        moved = late.material("m1")
        assert (moved.place, moved.name, moved.tags) == ((TEAM, "/c/b"), "Trailer", ("x",))
        assert early.material("m1").name is None
        assert (moved.in_doubt, moved.confirmed_at, moved.doubts) == (None, None, ())
        with pytest.raises(NotFound, match="had no class '/a' of TEAM:crew after delivery 6"):
            late.class_at(TEAM, "/a")
        with pytest.raises(NotFound, match="had no material 'm3' after delivery 6"):
            late.material("m3")


def test_what_was_deleted_later_is_there_and_what_was_detached_says_where_it_was(
    story: Database,
) -> None:
    with story.read() as connection:
        assert Past(connection, "default", Seq(6)).material("m2").state == "live"
        gone = Past(connection, "default", Seq(END)).gone()
        assert [(row.material_id, row.state, row.last_class_path) for row in gone] == [
            ("m2", "deleted", "/c"),
            ("m3", "detached", "/in"),
            ("m4", "detached", None),
        ]
        assert [row.material_id for row in Past(connection, "default", Seq(7)).gone()] == ["m2"]


def test_the_present_as_a_moment_knows_of_doubts(story: Database) -> None:
    with story.read() as connection:
        now = Past(connection, "default", Seq(END)).classes()
        before = Past(connection, "default", Seq(END - 1)).classes()
    assert {row.in_doubt for row in now} == {False, True}
    assert {row.in_doubt for row in before} == {None}


def test_projects_tasks_and_files_are_as_they_were(story: Database) -> None:
    with story.read() as connection:
        past = Past(connection, "default", Seq(9))
        [project] = past.projects()
        assert (project.status, project.running, project.status_at) == (
            *("Started", True),
            START + 7 * SECOND,
        )
        assert [(row.seq, row.to_at) for row in past.timeline("p1")] == [
            (8, START + 8 * SECOND),
            (9, None),
        ]
        assert past.timeline("nobody") == []
        assert past.tasks() == []
        assert past.files() == []
        end = Past(connection, "default", Seq(END))
        assert end.project("p1").running is False
        assert end.task("t1").completed_at == START + (END - 1) * SECOND
        assert [(row.file_id, row.live_materials) for row in end.files()] == [("f1", 0), ("f2", 0)]
        assert Past(connection, "default", Seq(13)).file("f1").live_materials == 1


@pytest.mark.parametrize("afterwards", [0, 8])  # read backwards, and from the beginning on
def test_a_file_is_counted_with_the_materials_that_showed_it_then(
    database: Database, afterwards: int
) -> None:
    feed = [
        bodies.uploaded("m1", CREW, "/a", file_id="f1", operation_type="Upload"),
        bodies.uploaded("m2", CREW, "/a", file_id="f2", operation_type="Upload"),
        bodies.materials_observed(2, bodies.seen("m1", CREW, "/a", file_id="f2")),
        bodies.deleted(["m2"]),
        *[bodies.modified("m1", name=f"{number}") for number in range(afterwards)],
    ]
    sources = ["reconcile" if b"Mirror." in body else "callback" for body in feed]
    append(
        database,
        "default",
        [Arrival(*one) for one in zip(feed, [START] * len(feed), sources, strict=True)],
    )
    apply(database, "default")
    for seq, counts in ((1, [1]), (2, [1, 1]), (3, [0, 2]), (4, [0, 1])):
        with database.read() as connection:
            files = Past(connection, "default", Seq(seq)).files()
        assert [row.live_materials for row in files] == counts, seq


@pytest.mark.parametrize(
    ("seq", "problem"),
    [
        (0, "had nothing then: its first delivery came at 2023-11-14T22:13:20"),
        (-1, "had nothing then"),
        (END + 2, f"its journal ends at {END + 1}"),
        (END + 1, f"delivery {END + 1} is not applied yet, only {END} are"),
    ],
)
def test_a_moment_that_is_none_is_refused(story: Database, seq: int, problem: str) -> None:
    append(story, "default", [Arrival(STORY[0], START)])
    with story.read() as connection, pytest.raises(NotFound, match=problem):
        Past(connection, "default", Seq(seq))


def test_an_empty_journal_has_no_moment(database: Database) -> None:
    with database.read() as connection, pytest.raises(NotFound, match="its journal is empty"):
        Past(connection, "default", Seq(0))


def test_a_time_means_the_last_delivery_by_then(story: Database) -> None:
    now = Micros(int(datetime(2030, 1, 1, tzinfo=UTC).timestamp()) * SECOND)
    with story.read() as connection:
        for offset, seq in ((0, 1), (SECOND - 1, 1), (3 * SECOND, 4), (10**6 * SECOND, END)):
            assert seq_at(connection, "default", Micros(START + offset), now) == seq
        with pytest.raises(NotFound, match="still to come"):
            seq_at(connection, "default", Micros(now + 1), now)
        with pytest.raises(NotFound, match="had nothing then"):
            seq_at(connection, "default", Micros(START - 1), now)


def test_pages_go_on_where_the_last_one_ended(story: Database) -> None:
    with story.read() as connection:
        past = Past(connection, "default", Seq(3))
        [first] = past.materials(limit=1)
        behind = MaterialCursor(TEAM, first.class_path, first.material_id)
        assert [row.material_id for row in past.materials(after=behind)] == ["m2"]
        assert past.materials(TEAM, beneath=False) == []
        assert [row.class_path for row in past.classes(after=(TEAM, "/"), limit=1)] == ["/a"]


def test_every_moment_of_a_lifelike_feed_reads_as_it_was_on_this_engine(
    database: Database,
) -> None:
    feed = [*lifelike.feed(40, seed=5), *[Arrival(body, START) for body in STORY]]
    append(database, "default", feed)
    apply(database, "default", batch=11)
    mirror = MemoryMirror()
    for seq, arrival in enumerate(feed, start=1):
        mirror.deliver(*arrival)
        if seq % 4 == 0 or seq > len(feed) - 3:
            with database.read() as connection:
                found = past_rows(Past(connection, "default", Seq(seq)), 7)
            assert found == then(mirror.rows()), seq


# ---------------------------------------------------------------------------------- histories


def test_a_history_tells_what_each_delivery_did_to_a_material(story: Database) -> None:
    with story.read() as connection:
        found = history(connection, "default", "material", "m1")
    assert [one.delivery.seq for one in found.happenings] == [2, 4, 6, 11, 12]
    assert found.before is None
    assert [[change.op for change in one.changes] for one in found.happenings] == [
        ["insert"],
        *[["update"]] * 4,
    ]
    assert found.happenings[3].delivery.event_type == "Material.Modified"
    assert found.happenings[3].changes[0].before == {"name": "Trailer"}
    assert [doubt.reason for doubt in found.doubts] == ["modified-twice"]
    assert [one.doubts for one in found.happenings] == [*[()] * 3, ("modified-twice",), ()]


def test_a_history_comes_in_pages_from_the_newest_on(story: Database) -> None:
    with story.read() as connection:
        newest = history(connection, "default", "material", "m1", limit=2)
        assert [one.delivery.seq for one in newest.happenings] == [11, 12]
        assert newest.before == 11
        older = history(connection, "default", "material", "m1", limit=3, before=newest.before)
    assert [one.delivery.seq for one in older.happenings] == [2, 4, 6]
    assert older.before is None


def test_the_history_of_a_project_has_the_statuses_that_changed_nothing(story: Database) -> None:
    with story.read() as connection:
        found = history(connection, "default", "project", "p1")
    assert [(one.delivery.seq, len(one.changes)) for one in found.happenings] == [
        (8, 1),
        (9, 0),
        (10, 1),
    ]


def test_a_delivery_that_named_a_thing_and_changed_nothing_is_told_while_it_is_the_newest(
    story: Database,
) -> None:
    append(story, "default", [Arrival(bodies.deleted(["m2"]), START + 99 * SECOND)])
    apply(story, "default")
    with story.read() as connection:
        found = history(connection, "default", "material", "m2")
    last = found.happenings[-1]
    assert (last.delivery.seq, last.delivery.outcome, last.changes) == (END + 1, "unchanged", ())


def test_what_reconciliation_put_right_is_told_with_the_reason(story: Database) -> None:
    seen = bodies.seen("m1", CREW, "/c", name="Poster")
    append(story, "default", [Arrival(bodies.materials_observed(END, seen), START, "reconcile")])
    apply(story, "default")
    with story.read() as connection:
        found = history(connection, "default", "material", "m1")
    last = found.happenings[-1]
    assert [change.entity for change in last.changes] == ["material"]
    assert {one.detail for one in last.corrections} == {"name", "place"}


def test_a_class_is_named_by_its_path_also_when_it_is_gone(story: Database) -> None:
    with story.read() as connection:
        moved = class_of(connection, "default", "/c", TEAM)
        assert class_of(connection, "default", "/a") == moved  # it stood there last
        found = history(connection, "default", "class", str(moved))
        assert [one.delivery.seq for one in found.happenings] == [1, 5]
        gone = class_of(connection, "default", "in/")
        assert [
            one.changes[0].op
            for one in history(connection, "default", "class", str(gone)).happenings
        ] == ["insert", "delete"]
        with pytest.raises(ConfigurationError, match="2 owners have a class '/'"):
            class_of(connection, "default", "/")
        with pytest.raises(NotFound, match="never had a class '/a' of PERSON:ann"):
            class_of(connection, "default", "/a", PERSON)


@pytest.mark.parametrize("kind", ["material", "class", "project", "file", "task"])
def test_what_was_never_heard_of_has_no_history(story: Database, kind: str) -> None:
    key = "9" * 25 if kind == "class" else "nobody"
    with story.read() as connection, pytest.raises(NotFound, match="has never heard of"):
        history(connection, "default", kind, key)


def test_a_kind_or_class_id_that_is_none_is_refused(story: Database) -> None:
    with story.read() as connection:
        with pytest.raises(ConfigurationError, match="'folder' is no kind of thing"):
            history(connection, "default", "folder", "1")
        with pytest.raises(ConfigurationError, match="'/a' is no class id"):
            history(connection, "default", "class", "/a")


# -------------------------------------------------------------------------------- differences


def test_a_class_that_moved_is_one_difference_whatever_is_beneath_it(story: Database) -> None:
    with story.read() as connection:
        [found] = changed(connection, 4, 5)
    assert (found.kind, found.what, found.folder, found.name, found.beneath) == (
        *("class", "renamed", "/", "c"),
        1,
    )
    assert (found.before, found.after) == (
        {"class_path": "/a", "name": "a"},
        {"class_path": "/c", "name": "c"},
    )


def test_what_came_back_is_no_difference(story: Database) -> None:
    with story.read() as connection:
        assert changed(connection, 10, 12) == []
        assert changed(connection, 10, 10) == []
        assert [each.after for each in changed(connection, 10, 11)] == [{"name": "Teaser"}]


def test_differences_go_folder_by_folder_and_both_ways(story: Database) -> None:
    with story.read() as connection:
        found = changed(connection, 2, 8)
        back = changed(connection, 8, 2)
    assert [(each.folder, each.kind, each.key, each.what) for each in found] == [
        ("/", "class", "2", "renamed"),
        ("/a", "material", "m2", "removed"),  # where it was
        ("/c", "class", "3", "added"),
        ("/c/b", "material", "m1", "moved"),
        (None, "project", "p1", "added"),
    ]
    assert {(each.key, each.what) for each in back} == {
        ("2", "renamed"),
        ("3", "removed"),
        ("m1", "moved"),
        ("m2", "added"),
        ("p1", "removed"),
    }
    moved = next(each for each in found if each.key == "m1")
    assert (moved.before["class_path"], moved.after["class_path"]) == ("/a", "/c/b")
    assert "owner" not in moved.before
