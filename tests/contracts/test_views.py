"""What the public views show, on every engine."""

import json
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from mirror.core.model import Micros
from mirror.store import journal, platforms, views
from mirror.store.engine import Database
from mirror.store.journal import Arrival
from tests.support.library import insert

TEAM = {"owner_type": "TEAM", "owner_id": "1"}
AT = 1_700_000_000_000_001
SHOWN = "2023-11-14 22:13:20.000001"


def show(database: Database, name: str, *columns: str) -> list[tuple[object, ...]]:
    """The given columns of a view, times as text."""
    view = views.view(name)
    query = sa.select(*(view.c[column] for column in columns))
    with database.read() as connection:
        rows = connection.execute(query.order_by(*query.selected_columns)).all()
    return [tuple(_text(value) for value in row) for row in rows]


def _text(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return value


@pytest.fixture(autouse=True)
def tree(database: Database) -> None:
    """`/`, `/a` and `/a/b` of one team; /a/b is doubtful, and 5 was left by an unfinished rebuild."""
    with database.write() as connection:
        insert(
            connection,
            "classes",
            {"class_id": 1, **TEAM, "path": "/", "origin": "inferred"},
            {"class_id": 2, **TEAM, "path": "/a", "parent_id": 1, "origin": "event"},
            {
                "class_id": 3,
                **TEAM,
                "path": "/a/b",
                "parent_id": 2,
                "origin": "inferred",
                "in_doubt": True,
                "changed_seq": 9,
            },
            {"class_id": 5, "generation": 2, **TEAM, "path": "/other"},
        )


def add(database: Database, table: str, *rows: dict[str, object]) -> None:
    with database.write() as connection:
        insert(connection, table, *rows)


def material(number: int, class_id: int | None, **values: object) -> dict[str, object]:
    state = "live" if class_id else "detached"
    return {"material_id": f"m{number}", "class_id": class_id, "state": state, **values}


def test_a_class_tree_names_the_parents_and_counts_what_is_directly_there(
    database: Database,
) -> None:
    add(database, "materials", material(1, 2), material(2, 2), material(3, 3), material(4, None))
    columns = ("class_id", "class_path", "parent_path", "name", "depth", "material_count")
    assert show(database, "class_tree", *columns) == [
        (1, "/", None, "", 0, 0),
        (2, "/a", "/", "a", 1, 2),
        (3, "/a/b", "/a", "b", 2, 1),
    ]
    assert show(database, "class_tree", "class_id", "owner_type", "owner_id", "changed_seq")[2] == (
        3,
        "TEAM",
        "1",
        9,
    )


def test_names_keep_their_code_points(database: Database) -> None:
    add(
        database,
        "classes",
        {"class_id": 6, **TEAM, "path": "/素材", "parent_id": 1},
        {"class_id": 7, **TEAM, "path": "/素材/e\u0301 🎞", "parent_id": 6},
    )
    assert show(database, "class_tree", "class_id", "parent_path", "name", "depth")[3:] == [
        (6, "/", "素材", 1),
        (7, "/素材", "e\u0301 🎞", 2),
    ]


def test_a_media_tree_shows_live_materials_where_their_class_is(database: Database) -> None:
    add(
        database,
        "materials",
        material(
            1,
            2,
            name="One",
            material_type="VIDEO",
            file_id="f1",
            origin="event",
            preset_tags='["p"]',
            tags='["a","b"]',
            created_at=AT,
            changed_at=AT + 1,
            confirmed_at=AT + 2,
            created_seq=4,
            changed_seq=5,
        ),
        material(2, None),
        material(3, None, state="deleted"),
        material(9, 5, generation=2),
    )
    assert show(database, "media_tree", *views.columns("media_tree")) == [
        (
            "default",
            "TEAM",
            "1",
            2,
            "/a",
            "m1",
            "One",
            "VIDEO",
            "f1",
            "event",
            '["p"]',
            '["a","b"]',
            False,
            SHOWN,
            "2023-11-14 22:13:20.000002",
            "2023-11-14 22:13:20.000003",
            4,
            5,
        )
    ]


def test_a_material_is_in_doubt_by_itself_or_by_its_class(database: Database) -> None:
    add(database, "materials", material(1, 2), material(2, 2), material(3, 3))
    add(
        database,
        "doubts",
        {"kind": "material", "key": "m2", "reason": "moves-tangled"},
        {"kind": "project", "key": "m1", "reason": "unknown-status"},
    )
    assert show(database, "media_tree", "material_id", "in_doubt") == [
        ("m1", False),
        ("m2", True),
        ("m3", True),
    ]


def test_what_is_gone_tells_where_it_was(database: Database) -> None:
    last = {"last_owner_type": "TEAM", "last_owner_id": "1", "last_path": "/a"}
    add(
        database,
        "materials",
        material(1, 2),
        material(2, None, **last, name="Two", changed_at=AT, changed_seq=7),
        material(3, None, state="deleted", changed_at=AT),
    )
    assert show(database, "media_gone", *views.columns("media_gone")) == [
        ("default", "m2", "detached", "Two", None, "TEAM", "1", "/a", SHOWN, 7),
        ("default", "m3", "deleted", None, None, None, None, None, SHOWN, 1),
    ]


def test_a_file_counts_its_live_materials(database: Database) -> None:
    add(
        database,
        "files",
        {"file_id": "f1", "size_bytes": 5, "duration_seconds": 1.5},
        {"file_id": "f2"},
    )
    add(
        database,
        "materials",
        material(1, 2, file_id="f1"),
        material(2, 3, file_id="f1"),
        material(3, None, file_id="f1"),
    )
    columns = ("file_id", "size_bytes", "duration_seconds", "live_materials")
    assert show(database, "media_files", *columns) == [("f1", 5, 1.5, 2), ("f2", None, None, 0)]


def test_a_placement_is_where_its_class_is_and_other_links_where_their_material_is(
    database: Database,
) -> None:
    add(database, "materials", material(1, 2), material(2, None), material(3, 3))
    target = {"target_owner_type": "TEAM", "target_owner_id": "2", "target_path": "/x"}
    add(
        database,
        "links",
        {"material_id": "m1", "kind": "placement", "class_key": 3, "target_material_id": "m1"},
        {"material_id": "m2", "kind": "material", "class_key": 0, "target_material_id": "m9"},
        {"material_id": "m2", "kind": "placement", "class_key": 2, "target_material_id": "m2"},
        {"material_id": "m3", "kind": "class", "class_key": 0, **target, "status": "Normal"},
    )
    columns = ("material_id", "kind", "class_id", "class_path", "target_material_id")
    assert show(database, "media_links", *columns) == [
        ("m1", "placement", 3, "/a/b", "m1"),
        ("m2", "placement", 2, "/a", "m2"),
        ("m3", "class", 3, "/a/b", None),
    ]
    pointed = ("kind", "target_owner_type", "target_owner_id", "target_class_path", "status")
    assert show(database, "media_links", *pointed)[0] == ("class", "TEAM", "2", "/x", "Normal")


def test_tags_are_those_of_live_materials(database: Database) -> None:
    add(database, "materials", material(1, 2), material(2, None))
    add(
        database,
        "tags",
        {"material_id": "m1", "kind": "custom", "tag": "news"},
        {"material_id": "m1", "kind": "preset", "tag": "7"},
        {"material_id": "m2", "kind": "custom", "tag": "news"},
    )
    assert show(database, "material_tags", *views.columns("material_tags")) == [
        ("default", "m1", "custom", "news"),
        ("default", "m1", "preset", "7"),
    ]


def test_the_project_board_leaves_out_what_the_platform_no_longer_lists(
    database: Database,
) -> None:
    switcher = {
        "category": "SWITCHER",
        "status": "PgmStarted",
        "running": True,
        "pvw_on": False,
        "pgm_on": True,
        "interrupted_inputs": '["a"]',
        "status_at": AT,
    }
    add(database, "projects", {"project_id": "p1", **switcher}, {"project_id": "p2", "gone": True})
    ((*shown,),) = show(database, "project_board", *views.columns("project_board"))
    assert shown == [
        "default",
        "p1",
        "SWITCHER",
        None,
        "PgmStarted",
        True,
        False,
        True,
        '["a"]',
        "[]",
        SHOWN,
        1,
    ]


def test_a_status_lasts_until_the_next_one_of_its_project(database: Database) -> None:
    add(
        database,
        "project_statuses",
        {"project_id": "p1", "seq": 1, "status": "Started", "at": AT},
        {"project_id": "p2", "seq": 2, "status": "Working", "at": AT + 1, "detail": "x"},
        {"project_id": "p1", "seq": 3, "status": "Stopped", "at": AT + 2},
    )
    columns = ("seq", "project_id", "status", "detail", "from_at", "to_at")
    assert show(database, "project_timeline", *columns) == [
        (1, "p1", "Started", None, SHOWN, "2023-11-14 22:13:20.000003"),
        (2, "p2", "Working", "x", "2023-11-14 22:13:20.000002", None),
        (3, "p1", "Stopped", None, "2023-11-14 22:13:20.000003", None),
    ]


def test_export_tasks_tell_the_delivery_that_changed_them_last(database: Database) -> None:
    task = {"status": "FAIL", "err_code": 5, "err_msg": "no", "completed_at": AT, "changed_seq": 6}
    add(database, "tasks", {"task_id": "t1", **task})
    columns = ("task_id", "status", "err_code", "err_msg", "completed_at", "seq")
    assert show(database, "export_tasks", *columns) == [("t1", "FAIL", 5, "no", SHOWN, 6)]


def test_a_delivery_is_pending_until_it_is_applied(database: Database) -> None:
    with database.write() as connection:
        arrivals = [Arrival(b"{}", Micros(AT)), Arrival(b"{}", Micros(AT), "import")]
        journal.append(connection, "default", arrivals)
    add(
        database,
        "outcomes",
        {"seq": 1, "outcome": "applied", "event_type": "Class.Created", "change_count": 2},
        {"seq": 2, "generation": 2, "outcome": "quarantined"},
    )
    assert show(database, "delivery_log", *views.columns("delivery_log")) == [
        ("default", 1, SHOWN, "callback", "Class.Created", "applied", None, 2, None),
        ("default", 2, SHOWN, "import", None, "pending", None, 0, None),
    ]


def test_the_change_log_holds_json(database: Database) -> None:
    after = json.dumps({"name": "媒资"}, ensure_ascii=False)
    add(
        database,
        "changes",
        {"seq": 1, "ordinal": 1, "entity": "material", "key": "m1", "op": "insert", "after": after},
        {"seq": 1, "ordinal": 1, "generation": 2, "entity": "material", "key": "m1", "op": "x"},
    )
    assert show(database, "change_log", *views.columns("change_log")) == [
        ("default", 1, 1, "material", "m1", "insert", None, after)
    ]


def test_open_doubts_tell_since_when(database: Database) -> None:
    add(
        database,
        "doubts",
        {"kind": "class", "key": "3", "reason": "merged", "since_at": AT, "since_seq": 8},
    )
    assert show(database, "open_doubts", *views.columns("open_doubts")) == [
        ("default", "class", "3", "merged", SHOWN, 8)
    ]


def test_the_status_of_a_new_platform_is_all_zero(database: Database) -> None:
    assert show(database, "mirror_status", *views.columns("mirror_status")) == [
        ("default", 0, 0, 0, None, 0, 0, 0, None)
    ]


def test_the_status_counts_what_the_applier_has_yet_to_do(database: Database) -> None:
    with database.write() as connection:
        platforms.add(connection, "studio", now=Micros(1))
        seen = [Arrival(b"", Micros(AT)), Arrival(b"{", Micros(AT + 1)), Arrival(b"", Micros(AT))]
        journal.append(connection, "default", seen)
        journal.append(connection, "default", [Arrival(b"{}", Micros(AT + 5), "reconcile")])
    add(database, "checkpoints", {"seq": 3}, {"seq": 4, "generation": 2})
    add(
        database,
        "outcomes",
        {"seq": 1, "outcome": "unrecognised"},
        {"seq": 2, "outcome": "quarantined"},
        {"seq": 3, "outcome": "quarantined"},
        {"seq": 4, "outcome": "quarantined", "generation": 2},
    )
    add(database, "doubts", {"kind": "class", "key": "3", "reason": "merged"})
    later = "2023-11-14 22:13:20.000006"
    assert show(database, "mirror_status", *views.columns("mirror_status")) == [
        ("default", 4, 3, 1, SHOWN, 2, 1, 1, later),
        ("studio", 0, 0, 0, None, 0, 0, 0, None),
    ]


def test_a_removed_platform_keeps_its_rows(database: Database) -> None:
    with database.write() as connection:
        platforms.remove(connection, "default", now=Micros(1))
    assert len(show(database, "class_tree", "class_id")) == 3


def test_a_rebuild_swaps_what_the_views_show_at_once(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE platforms SET generation = 2")
    assert show(database, "class_tree", "class_path") == [("/other",)]


@pytest.mark.parametrize("micros", [0, 1, 999_999, 1_000_000, AT, 4_102_444_799_999_999])
def test_times_are_exact_to_the_microsecond(database: Database, micros: int) -> None:
    add(database, "doubts", {"kind": "class", "key": "3", "reason": "merged", "since_at": micros})
    exact = datetime.fromtimestamp(micros // 1_000_000, UTC).replace(microsecond=micros % 1_000_000)
    assert show(database, "open_doubts", "since_at") == [(exact.strftime("%Y-%m-%d %H:%M:%S.%f"),)]
