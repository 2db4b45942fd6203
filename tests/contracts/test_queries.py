"""What commands and pages read, on every engine."""

from random import Random

import pytest

from mirror.core.decode import EVENT_TYPES
from mirror.core.model import MaterialId, Micros, Owner, Seq
from mirror.errors import NotFound
from mirror.store import journal, platforms, queries, reconciling, sweeps
from mirror.store.engine import Database
from mirror.store.journal import Arrival
from mirror.store.queries import Branch, Changed, Logged, Medium, Only, OwnerRow
from tests.support.library import insert

TEAM, PERSON = Owner("TEAM", "1"), Owner("PERSON", "9")


def add(database: Database, table: str, *rows: dict[str, object]) -> None:
    with database.write() as connection:
        insert(connection, table, *rows)


def owned(owner: Owner, class_id: int, path: str, parent_id: int | None) -> dict[str, object]:
    of = {"owner_type": owner.type, "owner_id": owner.id, "origin": "event"}
    return {"class_id": class_id, "path": path, "parent_id": parent_id, **of}


@pytest.fixture
def library(database: Database) -> Database:
    """Two owners; /a, /a/b, /a/b/c and /a-x with one material each, /a/b with two more."""
    add(
        database,
        "classes",
        owned(TEAM, 1, "/", None),
        owned(TEAM, 2, "/a", 1),
        owned(TEAM, 3, "/a-x", 1),
        owned(TEAM, 4, "/a/b", 2),
        owned(TEAM, 5, "/a/b/c", 4),
        owned(PERSON, 6, "/", None),
        owned(PERSON, 7, "/a", 6),
    )
    add(database, "owners", {"owner_type": "TEAM", "owner_id": "1", "observed_seq": 4})
    places = {"m1": 2, "m2": 3, "m3": 4, "m4": 5, "m6": 4, "m5": 4}
    add(
        database,
        "materials",
        *(
            {"material_id": name, "state": "live", "class_id": class_id, "name": name.upper()}
            for name, class_id in places.items()
        ),
        {"material_id": "m7", "state": "detached"},
        {"material_id": "m8", "state": "deleted"},
        {"material_id": "m9", "state": "deleted"},
    )
    return database


def tree(database: Database, *args: object, **options: int) -> list[Branch]:
    with database.read() as connection:
        return queries.tree(connection, "default", *args, **options)  # type: ignore[arg-type]


def test_a_tree_lists_parents_first_and_siblings_by_name(library: Database) -> None:
    assert [(branch.owner, branch.path) for branch in tree(library)] == [
        (PERSON, "/"),
        (PERSON, "/a"),
        (TEAM, "/"),
        (TEAM, "/a"),
        (TEAM, "/a/b"),
        (TEAM, "/a/b/c"),
        (TEAM, "/a-x"),
    ]


def test_a_branch_counts_what_is_in_it_and_beneath(library: Database) -> None:
    counts = {
        branch.path: (branch.material_count, branch.material_total, branch.class_total)
        for branch in tree(library, TEAM)
    }
    assert counts == {
        "/": (0, 6, 4),
        "/a": (1, 5, 2),
        "/a/b": (3, 4, 1),
        "/a/b/c": (1, 1, 0),
        "/a-x": (1, 1, 0),
    }


def test_a_tree_can_start_and_end_anywhere(library: Database) -> None:
    assert [branch.path for branch in tree(library, TEAM, "/a")] == ["/a", "/a/b", "/a/b/c"]
    assert [branch.path for branch in tree(library, TEAM, "/", depth=1)] == ["/", "/a", "/a-x"]
    (top,) = tree(library, TEAM, "a/", depth=0)
    assert (top.name, top.depth, top.material_total) == ("a", 1, 5)
    assert [branch.owner for branch in tree(library, None, "/a", depth=0)] == [PERSON, TEAM]


def test_a_tree_shows_the_first_materials_when_asked(library: Database) -> None:
    (branch,) = tree(library, TEAM, "/a/b", depth=0, media=2)
    assert branch.media == (
        Medium(MaterialId("m3"), "M3", None, None),
        Medium(MaterialId("m5"), "M5", None, None),
    )
    assert tree(library, TEAM, "/a/b", depth=0)[0].media == ()


def test_a_class_that_is_not_there_is_not_found(library: Database) -> None:
    with pytest.raises(NotFound, match="no class '/x' of TEAM:1"):
        tree(library, TEAM, "/x")
    with pytest.raises(NotFound):
        tree(library, Owner("TEAM", "2"))
    with pytest.raises(NotFound, match="no platform 'nobody'"), library.read() as connection:
        queries.tree(connection, "nobody")


def test_owners_tell_how_much_they_have(library: Database) -> None:
    with library.read() as connection:
        assert queries.owners(connection, "default") == [
            OwnerRow(PERSON, 2, 0, None),
            OwnerRow(TEAM, 5, 6, Seq(4)),
        ]


@pytest.fixture
def six(database: Database) -> Database:
    """Six deliveries; the last one is not applied yet."""
    with database.write() as connection:
        bodies = [Arrival(b"%d" % number, Micros(number)) for number in range(1, 6)]
        bodies.append(Arrival(b"6", Micros(6), "callback", Seq(1)))
        journal.append(connection, "default", bodies)
        insert(connection, "checkpoints", {"seq": 5, "rules": "1"})
        insert(
            connection,
            "outcomes",
            {"seq": 1, "event_type": "Class.Created", "outcome": "applied", "change_count": 2},
            {"seq": 2, "event_type": "Class.Moved", "outcome": "unchanged", "change_count": 0},
            {"seq": 3, "event_type": "Odd", "outcome": "unrecognised", "change_count": 0},
            {"seq": 4, "event_type": "Class.Moved", "outcome": "applied", "change_count": 1},
            {"seq": 5, "outcome": "quarantined", "detail": "no JSON", "change_count": 0},
        )
        before, after = '{"class_path":"/a"}', '{"class_path":"/b"}'
        change = {"seq": 4, "entity": "class", "key": "3", "op": "update"}
        insert(
            connection,
            "changes",
            {**change, "ordinal": 2, "before": before, "after": after},
            {**change, "ordinal": 1, "op": "insert", "after": after},
        )
    return database


def log(database: Database, only: Only = queries.ANY, **options: int) -> list[int]:
    with database.read() as connection:
        rows = queries.log(connection, "default", only, **options)  # type: ignore[arg-type]
    return [row.seq for row in rows]


def test_the_log_begins_with_the_newest(six: Database) -> None:
    assert log(six) == [6, 5, 4, 3, 2, 1]
    assert log(six, limit=2) == [6, 5]
    assert log(six, before=5, limit=2) == [4, 3]


@pytest.mark.parametrize(
    ("only", "seqs"),
    [
        (Only(types=["Class.Moved"]), [4, 2]),
        (Only(types=["Class.Moved", "Odd"]), [4, 3, 2]),
        (Only(outcomes=["applied"]), [4, 1]),
        (Only(outcomes=["quarantined"]), [5]),
        (Only(outcomes=["quarantined", "unrecognised"]), [5, 3]),
        (Only(outcomes=["quarantined", "pending"]), [6, 5]),
        (Only(outcomes=["pending"]), [6]),
        (Only(types=["Class.Moved"], outcomes=["applied"]), [4]),
        (Only(types=["Class.Moved"], outcomes=["pending"]), []),
    ],
)
def test_the_log_can_be_narrowed(six: Database, only: Only, seqs: list[int]) -> None:
    assert log(six, only) == seqs


def test_who_follows_the_log_sees_each_delivery_once_it_is_applied(six: Database) -> None:
    with six.read() as connection:
        rows = queries.log_after(connection, "default", Seq(2))
        moved = queries.log_after(connection, "default", Seq(2), Only(types=["Class.Moved"]))
        assert queries.log_after(connection, "default", Seq(5)) == []
    assert [row.seq for row in rows] == [3, 4, 5]
    assert [row.seq for row in moved] == [4]


def test_before_anything_is_applied_there_is_nothing_to_follow(database: Database) -> None:
    with database.write() as connection:
        journal.append(connection, "default", [Arrival(b"", Micros(1))])
        assert queries.log_after(connection, "default", Seq(0)) == []


def test_a_delivery_is_shown_with_its_body_and_changes(six: Database) -> None:
    with six.read() as connection:
        shown = queries.show(connection, "default", Seq(4))
    assert shown.body == b"4"
    assert shown.delivery == Logged(
        Seq(4), Micros(4), "callback", "Class.Moved", "applied", None, 1, None
    )
    assert shown.changes == (
        Changed(1, "class", "3", "insert", None, {"class_path": "/b"}),
        Changed(2, "class", "3", "update", {"class_path": "/a"}, {"class_path": "/b"}),
    )


def test_a_delivery_that_waits_is_shown_too(six: Database) -> None:
    with six.read() as connection:
        shown = queries.show(connection, "default", Seq(6))
        with pytest.raises(NotFound):
            queries.show(connection, "default", Seq(7))
    assert (shown.delivery.outcome, shown.delivery.redelivery_of) == ("pending", 1)
    assert shown.changes == ()


def status(database: Database) -> queries.Status:
    with database.read() as connection:
        return queries.status(connection, "default")


def test_the_status_of_a_new_platform_is_empty(database: Database) -> None:
    found = status(database)
    assert found.counts == queries.Counts(0, 0, 0, 0, 0, 0, 0, 0, 0)
    assert (found.progress.head_seq, found.progress.lag) == (0, 0)
    assert found.never_received == EVENT_TYPES
    assert not found.bootstrapped
    assert (found.doubts, found.quarantined, found.rules) == ({}, 0, None)


def test_the_status_counts_by_state(library: Database) -> None:
    add(library, "files", {"file_id": "f1"}, {"file_id": "f2", "generation": 2})
    add(library, "projects", {"project_id": "p1"}, {"project_id": "p2", "gone": True})
    counts = status(library).counts
    assert (counts.live, counts.detached, counts.deleted) == (6, 1, 2)
    assert (counts.owners, counts.classes, counts.files, counts.projects) == (2, 7, 1, 1)
    assert not status(library).bootstrapped
    with library.write() as connection:
        sweeps.begin(connection, "default", sweeps.ROUND, Micros(1))
        sweeps.end(connection, "default", sweeps.ROUND, Micros(2))
    assert status(library).bootstrapped


def test_the_status_tells_what_is_odd(six: Database) -> None:
    add(
        six,
        "doubts",
        {"kind": "class", "key": "1", "reason": "merged"},
        {"kind": "class", "key": "2", "reason": "merged"},
        {"kind": "material", "key": "m1", "reason": "unplaced"},
    )
    found = status(six)
    assert found.doubts == {"merged": 2, "unplaced": 1}
    assert (found.quarantined, found.unrecognised) == (1, 1)
    assert set(EVENT_TYPES) - set(found.never_received) == {"Class.Created", "Class.Moved"}
    assert (found.rules, found.generation, found.feed_generation) == ("1", 1, 1)


def test_progress_names_the_head_of_the_chain(six: Database) -> None:
    with six.read() as connection:
        found = queries.progress(connection, "default")
        digest = journal.at(connection, "default", Seq(6)).digest
    assert (found.head_seq, found.applied_seq, found.lag) == (6, 5, 1)
    assert found.head_digest == digest.hex()
    assert (found.last_received_at, found.last_reconciled_at) == (6, None)


def test_a_removed_platform_still_has_a_status(database: Database) -> None:
    with database.write() as connection:
        platforms.remove(connection, "default", now=Micros(3))
    assert status(database).removed_at == 3


def test_samples_are_of_any_live_material_and_of_no_other(library: Database) -> None:
    live = ["m1", "m2", "m3", "m4", "m5", "m6"]
    with library.read() as connection:
        assert reconciling.random_materials(connection, "default", 9, Random(1)) == live
        draws = [
            reconciling.random_materials(connection, "default", 2, Random(seed))
            for seed in range(40)
        ]
    assert all(len(set(drawn)) == 2 for drawn in draws)
    assert {one for drawn in draws for one in drawn} == set(live)


def test_rare_deliveries_are_found_among_types_and_outcomes_at_once(six: Database) -> None:
    only = Only(types=["Class.Moved", "Odd"], outcomes=["applied", "unrecognised"])
    assert log(six, only) == [4, 3]
    assert log(six, only, limit=1) == [4]
    assert log(six, only, before=4) == [3]
