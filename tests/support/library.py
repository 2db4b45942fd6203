"""Fills a database with a library of any size, row by row as the state tables hold it."""

from collections.abc import Iterable

import sqlalchemy as sa

from mirror.core.model import Micros
from mirror.store import journal, platforms
from mirror.store.engine import Database, bulk
from mirror.store.journal import Arrival
from mirror.store.schema import metadata

AT = 1_700_000_000_123_456
OWNERS = [("TEAM", f"team-{number}") for number in range(4)]


def insert(connection: sa.Connection, table: str, *rows: dict[str, object]) -> None:
    """Inserts rows that say only what matters; the rest is empty in a way its column allows."""
    target = metadata.tables[table]
    for row in rows:
        values = {"platform": "default", "generation": 1, **row}
        missing = {
            column.name: _nothing(column)
            for column in target.columns
            if not column.nullable and column.name not in values
        }
        connection.execute(sa.insert(target).values({**missing, **values}))


def _nothing(column: sa.Column[object]) -> object:
    if isinstance(column.type, sa.Boolean):
        return False
    if isinstance(column.type, sa.Integer):
        return 1
    return "[]"  # an empty list, or a word like any other


def fill(database: Database, size: int, classes_each: int = 50) -> None:
    """Puts `size` live materials, as many files, deliveries and changes into `default`.

    They lie in the classes `/c000`, `/c000/c001` … of four teams; beside them stands the half of
    another generation, as a rebuild leaves it, and another platform.
    """
    with database.write() as connection:
        platforms.add(connection, "studio", now=Micros(1))
        journal.append(connection, "default", [Arrival(b"{}", Micros(AT))] * size)
    with database.write() as connection:
        for platform, generation, count in (
            ("default", 1, size),
            ("default", 2, size // 2),
            ("studio", 1, 10),
        ):
            _fill(connection, (platform, generation), count, classes_each)


def _fill(connection: sa.Connection, scope: tuple[str, int], size: int, classes_each: int) -> None:
    tree = _tree(classes_each)
    places = [number % len(tree) + 1 for number in range(size)]
    names = [f"m{number:07}" for number in range(size)]
    bulk_rows(connection, "classes", scope, tree)
    bulk_rows(
        connection,
        "materials",
        scope,
        (
            {
                "material_id": name,
                "state": "live",
                "class_id": place,
                "created_at": AT,
                "name": f"Material {name}",
                "file_id": f"f{number // 2:07}",
                "tags": '["a"]',
            }
            for number, (name, place) in enumerate(zip(names, places, strict=True))
        ),
    )
    bulk_rows(connection, "files", scope, ({"file_id": f"f{number:07}"} for number in range(size)))
    bulk_rows(
        connection,
        "outcomes",
        scope,
        ({"seq": seq, "event_type": "Material.Added"} for seq in range(1, size + 1)),
    )
    bulk_rows(
        connection,
        "changes",
        scope,
        (
            {"seq": seq, "ordinal": 1, "entity": "material", "key": name, "op": "insert"}
            for seq, name in enumerate(names, start=1)
        ),
    )
    bulk_rows(
        connection,
        "doubts",
        scope,
        (
            {"kind": "material", "key": name, "reason": "unplaced", "since_seq": seq}
            for seq, name in list(enumerate(names, start=1))[::100]
        ),
    )
    bulk_rows(
        connection,
        "links",
        scope,
        (
            {"material_id": name, "kind": "placement", "class_key": place}
            for name, place in list(zip(names, places, strict=True))[::10]
        ),
    )


def _tree(each: int) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for kind, name in OWNERS:
        owner = {"owner_type": kind, "owner_id": name}
        root = _grow(rows, owner, "/", None)
        for tens in range(0, each, 10):
            top = _grow(rows, owner, f"/c{tens:03}", root)
            for number in range(tens + 1, tens + 10):
                _grow(rows, owner, f"/c{tens:03}/c{number:03}", top)
    return rows


def _grow(
    rows: list[dict[str, object]], owner: dict[str, str], path: str, parent_id: int | None
) -> int:
    """Adds a class and returns its id."""
    rows.append({"class_id": len(rows) + 1, "path": path, "parent_id": parent_id, **owner})
    return len(rows)


def bulk_rows(
    connection: sa.Connection,
    name: str,
    scope: tuple[str, int],
    rows: Iterable[dict[str, object]],
) -> None:
    """Inserts rows that say only what matters, many at once."""
    table = metadata.tables[name]
    columns = list(table.columns)[len(scope) :]
    empty = {c.name: None if c.nullable else _nothing(c) for c in columns}
    filled = ({**empty, **row} for row in rows)
    values = [(*scope, *(row[column.name] for column in columns)) for row in filled]
    bulk(connection, sa.insert(table), values)
