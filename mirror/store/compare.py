"""Compares state with state, row for row, and checks that a state keeps the library's invariants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, FromClause, Table, and_, func, or_, select

from mirror.core import paths
from mirror.core.model import Seq
from mirror.store import schema

Row = Sequence[Any]


class Mismatch(Struct, frozen=True):
    """One row that two states do not agree on. `columns` gives each differing one as (live, rebuilt)."""

    table: str
    key: tuple[Any, ...]
    kind: Literal["missing", "extra", "differs"]
    columns: dict[str, tuple[Any, Any]] = {}


class Breach(Struct, frozen=True):
    """An invariant that a state does not keep, and the thing that breaks it."""

    invariant: str
    key: str
    detail: str


def changes_differ(
    connection: Connection, platform: str, one: int, other: int, after: Seq, until: Seq
) -> bool:
    """Tell whether two generations have different change rows for the deliveries in (after, until]."""
    mine, theirs = schema.changes.alias("mine"), schema.changes.alias("theirs")

    def of(table: FromClause, generation: int) -> ColumnElement[bool]:
        return and_(
            table.c.platform == platform,
            table.c.generation == generation,
            table.c.seq > after,
            table.c.seq <= until,
        )

    def count(table: FromClause, generation: int) -> int:
        counted = select(func.count()).select_from(table).where(of(table, generation))
        return connection.execute(counted).scalar_one()

    if count(mine, one) != count(theirs, other):
        return True
    same_place = and_(
        theirs.c.platform == mine.c.platform,
        theirs.c.generation == other,
        theirs.c.seq == mine.c.seq,
        theirs.c.ordinal == mine.c.ordinal,
    )
    rest = ("entity", "key", "op", "before", "after")
    differs = or_(
        theirs.c.seq.is_(None), *(mine.c[name].is_distinct_from(theirs.c[name]) for name in rest)
    )
    joined = mine.outerjoin(theirs, same_place)
    statement = select(mine.c.seq).select_from(joined).where(of(mine, one), differs).limit(1)
    return connection.execute(statement).first() is not None


def mismatches(
    live: tuple[Connection, str, int], rebuilt: tuple[Connection, str, int]
) -> Iterator[Mismatch]:
    """Yield every row of any state table that two states of the same journal do not agree on.

    Each is given as connection, platform and generation. Memory does not grow with the number of rows.
    """
    for table in schema.STATE:
        yield from _differences(
            table, _stream(live[0], table, *live[1:]), _stream(rebuilt[0], table, *rebuilt[1:])
        )


def _keys(table: Table) -> int:
    return len(table.primary_key) - 2


def _stream(
    connection: Connection,
    table: Table,
    platform: str,
    generation: int,
) -> Iterator[Row]:
    columns = list(table.c)[2:]
    keys = [column for column in table.primary_key if column.name not in {"platform", "generation"}]
    names = [column.name for column in keys]
    rest = [column for column in columns if column.name not in names]
    statement = (
        select(*keys, *rest)
        .where(table.c.platform == platform, table.c.generation == generation)
        .order_by(*keys)
        .execution_options(yield_per=5_000)
    )
    for row in connection.execute(statement):
        yield tuple(row)


def _differences(table: Table, live: Iterator[Row], rebuilt: Iterator[Row]) -> Iterator[Mismatch]:
    width = _keys(table)
    names = [c.name for c in table.primary_key][2:]
    names += [c.name for c in list(table.c)[2:] if c.name not in names]
    one, other = next(live, None), next(rebuilt, None)
    while one is not None or other is not None:
        if other is None or (one is not None and _key(one, width) < _key(other, width)):
            assert one is not None  # noqa: S101 - narrows for the type checker
            yield Mismatch(table.name, tuple(one[:width]), "extra")
            one = next(live, None)
        elif one is None or _key(other, width) < _key(one, width):
            yield Mismatch(table.name, tuple(other[:width]), "missing")
            other = next(rebuilt, None)
        else:
            if one != other:
                columns = {
                    name: (mine, theirs)
                    for name, mine, theirs in zip(names, one, other, strict=True)
                    if mine != theirs
                }
                yield Mismatch(table.name, tuple(one[:width]), "differs", columns)
            one, other = next(live, None), next(rebuilt, None)


def _key(row: Row, width: int) -> tuple[Any, ...]:
    """Order as the databases do: text by its UTF-8 bytes."""
    return tuple(part.encode() if isinstance(part, str) else part for part in row[:width])


def breaches(connection: Connection, platform: str, generation: int) -> Iterator[Breach]:
    """Yield what contradicts the invariants of docs/semantics.md in one state."""
    yield from _class_breaches(connection, platform, generation)
    yield from _material_breaches(connection, platform, generation)


def _class_breaches(connection: Connection, platform: str, generation: int) -> Iterator[Breach]:
    table, above = schema.classes, schema.classes.alias("above")
    statement = (
        select(
            table.c.class_id,
            table.c.owner_type,
            table.c.owner_id,
            table.c.path,
            table.c.parent_id,
            above.c.owner_type,
            above.c.owner_id,
            above.c.path,
        )
        .select_from(
            table.outerjoin(
                above,
                and_(
                    above.c.platform == table.c.platform,
                    above.c.generation == table.c.generation,
                    above.c.class_id == table.c.parent_id,
                ),
            )
        )
        .where(table.c.platform == platform, table.c.generation == generation)
        .order_by(table.c.class_id)
    )
    for (
        class_id,
        kind,
        owner,
        path,
        parent_id,
        above_kind,
        above_owner,
        above_path,
    ) in connection.execute(statement):
        key = str(class_id)
        if parent_id is None:
            if path != paths.ROOT:
                yield Breach("parents exist", key, f"class {path} has no parent")
        elif above_path is None:
            yield Breach("parents exist", key, f"the parent {parent_id} of {path} does not exist")
        elif (above_kind, above_owner, above_path) != (kind, owner, paths.parent(path)):
            yield Breach(
                "path is the parent's path plus the name",
                key,
                f"{path} hangs beneath {above_path} of {above_kind}:{above_owner}",
            )


def _material_breaches(connection: Connection, platform: str, generation: int) -> Iterator[Breach]:
    table, classes = schema.materials, schema.classes
    statement = (
        select(table.c.material_id, table.c.state, table.c.class_id)
        .select_from(
            table.outerjoin(
                classes,
                and_(
                    classes.c.platform == table.c.platform,
                    classes.c.generation == table.c.generation,
                    classes.c.class_id == table.c.class_id,
                ),
            )
        )
        .where(
            table.c.platform == platform,
            table.c.generation == generation,
            or_(
                and_(table.c.state == "live", classes.c.class_id.is_(None)),
                and_(table.c.state != "live", table.c.class_id.is_not(None)),
            ),
        )
        .order_by(table.c.material_id)
    )
    for material_id, state, class_id in connection.execute(statement):
        yield Breach(
            "a live material has one class, others none",
            material_id,
            f"it is {state} and its class is {class_id}",
        )


def counts(connection: Connection, platform: str, generation: int) -> dict[str, int]:
    """Return the number of rows of each state table."""
    found: dict[str, int] = {}
    for table in schema.STATE:
        statement = select(func.count()).where(
            table.c.platform == platform, table.c.generation == generation
        )
        found[table.name] = connection.execute(statement).scalar() or 0
    return found
