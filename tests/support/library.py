"""Fills a database with a library of any size, row by row as the state tables hold it."""

import sqlalchemy as sa

from mirror.core.model import Micros
from mirror.store import journal, platforms
from mirror.store.engine import Database, bulk
from mirror.store.journal import Arrival
from mirror.store.schema import (
    changes,
    classes,
    doubts,
    files,
    links,
    materials,
    metadata,
    outcomes,
)

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
    _rows(connection, classes, [(*scope, *row) for row in tree])
    number_of_classes = len(tree)
    material, file, outcome, change = [], [], [], []
    for number in range(size):
        of = {
            "material_id": f"m{number:07}",
            "state": "live",
            "class_id": number % number_of_classes + 1,
            "origin": "event",
            "created_at": AT,
            "created_seq": number + 1,
            "changed_at": AT,
            "changed_seq": number + 1,
            "name": f"Material {number}",
            "file_id": f"f{number // 2:07}",
            "preset_tags": "[]",
            "tags": '["a"]',
            "named_seq": number + 1,
            "moves": "[]",
            "repeatable": False,
        }
        material.append(tuple(of.get(column.name) for column in list(materials.c)[2:]))
        file.append((f"f{number:07}", AT, number + 1, *[None] * 12))
        outcome.append((number + 1, "Material.Added", "applied", None, 1))
        change.append((number + 1, 1, "material", f"m{number:07}", "insert", None, "{}"))
    doubt = [("material", f"m{number:07}", "unplaced", AT, 1) for number in range(0, size, 100)]
    link = [
        (f"m{number:07}", "placement", number % number_of_classes + 1, None, None, None, None, None)
        for number in range(0, size, 10)
    ]
    for table, rows in (
        (materials, material),
        (files, file),
        (outcomes, outcome),
        (changes, change),
        (doubts, doubt),
        (links, link),
    ):
        _rows(connection, table, [(*scope, *row) for row in rows])


def _tree(each: int) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for owner in OWNERS:
        root = len(rows) + 1
        rows.append((root, *owner, "/", None, "inferred", AT, 1, AT, 1, False))
        for number in range(each):
            top = root + 1 + number - number % 10
            at_top = number % 10 == 0
            path = f"/c{number - number % 10:03}" + ("" if at_top else f"/c{number:03}")
            above = root if at_top else top
            rows.append((len(rows) + 1, *owner, path, above, "event", AT, 1, AT, 1, False))
    return rows


def _rows(connection: sa.Connection, table: sa.Table, rows: list[tuple[object, ...]]) -> None:
    bulk(connection, sa.insert(table), rows)
