"""Dumps are the same rows on every engine, with times and truth values that need no knowledge of it."""

from numbers import Real

import pytest

from mirror.core.model import Micros
from mirror.core.rules import Rules
from mirror.errors import NotFound
from mirror.store import journal, platforms, views
from mirror.store.engine import Database
from mirror.store.journal import Arrival
from mirror.store.queries import dump
from mirror.store.queries.dump import Column
from mirror.sync.apply import Applier, apply_all
from tests.naive.bodies import ANN, created, modified, switcher, uploaded

KINDS: dict[str, type[object]] = {"integer": int, "boolean": int, "real": Real}
AT = 1_700_000_000_000_001


def put(database: Database, platform: str, *bodies: bytes) -> None:
    with database.write() as connection:
        journal.append(
            connection, platform, [Arrival(body, Micros(AT), "callback") for body in bodies]
        )
    apply_all(Applier(database, platform, Rules()))


@pytest.fixture
def library(database: Database) -> Database:
    with database.write() as connection:
        platforms.add(connection, "other", now=Micros(1))
    put(
        database,
        "default",
        created(ANN, "/a"),
        uploaded("z", ANN, "/a", file_id="f"),
        uploaded("b", ANN, "/a"),
        modified("z", name="née", tags=["y", "x"]),
        switcher("p", "Started"),
    )
    put(database, "other", uploaded("elsewhere", ANN, "/"))
    return database


def rows(database: Database, view: str, platform: str = "default") -> list[dict[str, object]]:
    names = [column.name for column in dump.columns(view)]
    with database.read() as connection:
        found = dump.rows(connection, view, platform)
        return [dict(zip(names, row, strict=True)) for row in found]


def test_rows_are_of_one_platform_and_in_order(library: Database) -> None:
    assert [row["material_id"] for row in rows(library, "media_tree")] == ["b", "z"]
    assert [row["material_id"] for row in rows(library, "media_tree", "other")] == ["elsewhere"]
    assert [row["seq"] for row in rows(library, "delivery_log")] == [1, 2, 3, 4, 5]


def test_values_are_alike_on_every_engine(library: Database) -> None:
    [_, row] = rows(library, "media_tree")
    assert row["created_at"] == "2023-11-14T22:13:20.000001Z"
    assert row["confirmed_at"] is None
    assert (row["name"], row["tags"]) == ("née", '["x","y"]')
    assert bool(row["in_doubt"]) is False
    [project] = rows(library, "project_board")
    assert project["interrupted_inputs"] == "[]"


@pytest.mark.parametrize("view", views.QUERIES)
def test_every_view_is_dumped(library: Database, view: str) -> None:
    for row in rows(library, view):
        for column in dump.columns(view):
            value = row[column.name]
            kind = KINDS.get(column.kind, str)
            assert value is None or isinstance(value, kind), column


def test_kinds_are_known() -> None:
    found = dict(dump.columns("media_tree"))
    assert (found["in_doubt"], found["tags"], found["created_at"]) == ("boolean", "json", "time")
    assert Column("duration_seconds", "real") in dump.columns("media_files")
    with pytest.raises(NotFound, match="no view 'x'"):
        dump.columns("x")
