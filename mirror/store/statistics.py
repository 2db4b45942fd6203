"""What the engines should believe about the tables before, and unless, somebody runs ANALYZE.

Without statistics SQLite takes every index for selective after its first column, and PostgreSQL
the first two columns for a forty-thousandth of the rows. Ours all start with the platform and the
generation, which nearly all rows share, so they would read a library to find one material.

PostgreSQL gathers its own soon, but not about these two columns: a generation that a rebuild has
just begun is in no statistics, and would be taken for empty while it grows.
"""

from __future__ import annotations

import sqlalchemy as sa

from mirror.store.schema import (
    STATE,
    checkpoints,
    heads,
    journal,
    metadata,
    platforms,
    unconfirmed,
)

SIZES = {
    "journal": 1_000_000,
    "materials": 1_000_000,
    "files": 1_000_000,
    "tags": 1_000_000,
    "outcomes": 1_000_000,
    "changes": 1_000_000,
    "classes": 10_000,
    "links": 10_000,
    "project_statuses": 10_000,
    "platforms": 10,
    "heads": 10,
    "callback_tokens": 20,
    "checkpoints": 20,
}
OTHERS = 1_000
SMALL = 10_000
"""Below so many materials no statistics are needed, and those of then mislead later."""
SHARED = {"platform": 10, "generation": 2}
"""How many platforms there are, and generations of each: one live, one that a rebuild makes."""


def statements(dialect: str) -> list[str]:
    """Statements that write the statistics down, while nothing guards the tables."""
    if dialect != "sqlite":
        return [statement for table in _KNOWN for statement in _of_some_rows(table)]
    rows = [
        f"('{table.name}', '{name}', '{size} {' '.join(map(str, _selectivity(columns, size)))}')"
        for table in metadata.sorted_tables
        for name, columns, size in _indexes(table)
    ]
    return [
        "ANALYZE sqlite_schema",  # makes the table, where there is none yet
        "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES\n" + ",\n".join(rows),
    ]


_KNOWN = (platforms, heads, journal, unconfirmed, checkpoints, *STATE)


def _of_some_rows(table: sa.Table) -> list[str]:
    """Let PostgreSQL learn how rows lie, and that platform and generation are the same in all; keep to the latter.

    The rows differ in every column, or it would note which platform they have in common.
    """
    shared = [column.name for column in table.columns if column.name in SHARED]
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    values = ", ".join(_nth(column) for column in table.columns)
    alter = f"ALTER TABLE {table.name} "
    return [
        alter + ", ".join(f"ALTER COLUMN {name} SET (n_distinct = 1)" for name in shared),
        f"INSERT INTO {table.name} ({names}) SELECT {values} FROM generate_series(1, 200) AS n",  # noqa: S608
        f"ANALYZE {table.name}",
        f"DELETE FROM {table.name}",  # noqa: S608 - names of ours, as above
        alter + ", ".join(f"ALTER COLUMN {name} SET STATISTICS 0" for name in shared),
    ]


def _nth(column: sa.Column[object]) -> str:
    if isinstance(column.type, sa.Boolean):
        return "n % 2 = 0"
    if isinstance(column.type, sa.LargeBinary):
        return "''"
    return "n" if isinstance(column.type, (sa.Integer, sa.Float)) else "'t' || n"


def mislead(connection: sa.Connection) -> bool:
    """Tells whether somebody ran ANALYZE while there was little: the library grows, they don't.

    Or whether an index has none, as one that was dropped and made again.
    """
    if connection.dialect.name != "sqlite":
        return False
    if "sqlite_stat1" not in _tables(connection):
        return True
    query = "SELECT idx, stat FROM sqlite_stat1 WHERE tbl = 'materials'"
    found: dict[str, str] = {row[0]: row[1] for row in connection.exec_driver_sql(query)}
    known = {name for name, _, size in _indexes(metadata.tables["materials"]) if size != OTHERS}
    return not known <= set(found) or int(found["materials"].split()[0]) < SMALL


def restore(connection: sa.Connection) -> None:
    """Writes our statistics over what is there; connections that are opened from now on know."""
    for table in _tables(connection):
        connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 - one of two names
    for statement in statements("sqlite"):
        connection.exec_driver_sql(statement)


def _tables(connection: sa.Connection) -> set[str]:
    """Those of SQLite's tables of statistics that are there."""
    names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {"sqlite_stat1", "sqlite_stat4"} & set(names.scalars())


def _indexes(table: sa.Table) -> list[tuple[str, list[str], int]]:
    """Name, columns and rows of the primary key, which goes by the table's name, and of indexes."""
    size = SIZES.get(table.name, OTHERS)
    found = [(table.name, [column.name for column in table.primary_key.columns], size)]
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        if index.info.get("only", "sqlite") != "sqlite":
            continue
        partial = index.dialect_options["sqlite"]["where"] is not None
        names = [column.name for column in index.columns]
        found.append((str(index.name), names, OTHERS if partial else size))
    return found


def _selectivity(columns: list[str], size: int) -> list[int]:
    """How many rows share the first column's value, the first two columns' and so on down to 1."""
    found: list[int] = []
    left = size
    after = own = sum(column not in SHARED for column in columns)
    for column in columns:
        if column in SHARED:
            left //= SHARED[column]
        else:
            after -= 1
        found.append(round(left ** (after / own)) if own else left)
    return [*found[:-1], 1]
