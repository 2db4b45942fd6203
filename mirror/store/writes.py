"""Writes what a batch changed: net rows, outcomes, changes, doubts and the fenced checkpoint, in one transaction.

Rows go through the driver's own executemany; nothing here is one statement an event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from operator import attrgetter, itemgetter
from typing import Any, TypeVar

from msgspec import json
from sqlalchemy import Connection, Table, and_, bindparam, delete, insert, update

from mirror.core.changes import Change
from mirror.core.fold import Verdict
from mirror.core.model import Material, Micros, Seq
from mirror.errors import LeaseLost
from mirror.store import net, rows, schema
from mirror.store.engine import bulk
from mirror.store.net import Net
from mirror.store.rows import Row

_encode = json.Encoder(order=None).encode

V = TypeVar("V")


def write(connection: Connection, made: Net, now: Micros) -> None:
    """Write a batch within the caller's transaction; raise `LeaseLost` if its checkpoint is somebody else's by now."""
    advance(connection, made, now)
    Batch(connection, made.platform, made.generation).write(made)


class Batch:
    """Lays rows out a table at a time and writes them for one platform's generation."""

    def __init__(self, connection: Connection, platform: str, generation: int) -> None:
        """Bind an open write transaction."""
        self._connection = connection
        self._scope: Row = (platform, generation)

    def write(self, made: Net) -> None:
        """Write everything but the checkpoint."""
        self._rows(schema.owners, made.owners, rows.owner_row)
        self._classes(made)
        self._rows(schema.departures, made.departures, rows.departure_row)
        self._rows(schema.deletions, made.deletions, rows.deletion_row)
        self._rows(schema.heard, made.heard, rows.heard_row)
        self._rows(schema.materials, made.materials, rows.material_row, rows.MATERIAL_INDEXED)
        self._rows(schema.tangles, made.tangles, rows.tangle_row)
        self._rows(schema.files, made.files, rows.file_row)
        self._rows(schema.projects, made.projects, rows.project_row)
        self._rows(schema.tasks, made.tasks, rows.task_row)
        self._sets(schema.links, made.links, rows.link_row)
        self._sets(schema.doubts, made.doubts, rows.doubt_row)
        self._tags(made.materials)
        self._insert(schema.project_statuses, map(rows.status_row, made.history))
        self._insert(schema.corrections, map(rows.correction_row, made.corrections))
        self._insert(schema.samples, map(rows.sample_row, made.samples))
        self._verdicts(made.verdicts)

    def _rows(
        self,
        table: Table,
        pairs: Iterable[net.Row[V]],
        lay_out: Callable[[V], Row],
        indexed: tuple[str, ...] = (),
    ) -> None:
        """Write rows of one table. An update sets those of the `indexed` columns only that differ.

        The database writes a secondary index anew for every row whose statement names its columns.
        """
        added: list[Row] = []
        gone: list[Row] = []
        changed: dict[tuple[str, ...], list[Row]] = {}
        values = _values(indexed)
        for old, new in pairs:
            if new is None:
                if old is not None:
                    gone.append(lay_out(old))
            elif old is None:
                added.append(lay_out(new))
            else:
                same = tuple(
                    name
                    for name, was, now in zip(indexed, values(old), values(new), strict=True)
                    if was == now
                )
                changed.setdefault(same, []).append(lay_out(new))
        self._delete(table, gone)
        for same, some in changed.items():
            self._update(table, some, same)
        self._insert(table, added)

    def _classes(self, made: Net) -> None:
        """Write classes: paths are unique, and a class may stand where another one stood, so changed ones go first."""
        self._delete(schema.classes, [rows.class_row(old) for old, _ in made.classes if old])
        self._insert(schema.classes, (rows.class_row(new) for _, new in made.classes if new))

    def _sets(self, table: Table, pairs: Iterable[net.Set[V]], lay_out: Callable[[V], Row]) -> None:
        """Write things whose value is a set of rows: links of a material, doubts about a thing."""
        added: list[Row] = []
        gone: list[Row] = []
        for old, new in pairs:
            before, after = set(old), set(new)
            gone.extend(sorted(map(lay_out, before - after), key=repr))
            added.extend(sorted(map(lay_out, after - before), key=repr))
        self._delete(table, gone)
        self._insert(table, added)

    def _tags(self, pairs: Iterable[net.Row[Material]]) -> None:
        added: list[Row] = []
        gone: list[Row] = []
        for old, new in pairs:
            before, after = _tag_lists(old), _tag_lists(new)
            if before != after:
                material_id = (new or old).material_id  # type: ignore[union-attr]
                was, now = _tag_set(before), _tag_set(after)
                gone.extend((*tag, material_id) for tag in sorted(was - now))
                added.extend((*tag, material_id) for tag in sorted(now - was))
        self._delete(schema.tags, gone)
        self._insert(schema.tags, added)

    def _verdicts(self, verdicts: Iterable[Verdict]) -> None:
        outcomes: list[Row] = []
        changes: list[Row] = []
        for v in verdicts:
            outcomes.append((v.seq, v.event_type, v.outcome, v.detail, len(v.changes)))
            changes.extend(
                _change_row(v.seq, ordinal, change)
                for ordinal, change in enumerate(v.changes, start=1)
            )
        self._insert(schema.outcomes, outcomes)
        self._insert(schema.changes, changes)

    # ------------------------------------------------------------------ statements

    def _insert(self, table: Table, some: Iterable[Row]) -> None:
        scope = self._scope
        if batch := [scope + row for row in some]:
            bulk(self._connection, _insert(table), batch)

    def _update(self, table: Table, some: Sequence[Row], same: tuple[str, ...]) -> None:
        scope = self._scope
        statement, order = _update(table, same)
        bulk(self._connection, statement, [order(scope + row) for row in some])

    def _delete(self, table: Table, some: Sequence[Row]) -> None:
        if some:
            scope = self._scope
            statement, order = _delete(table)
            bulk(self._connection, statement, [order(scope + row) for row in some])


_TagLists = tuple[tuple[str, ...], tuple[str, ...]]


def _tag_lists(row: Material | None) -> _TagLists:
    return ((), ()) if row is None else (row.preset_tags, row.tags)


def _tag_set(lists: _TagLists) -> set[tuple[str, str]]:
    preset, custom = lists
    return {("preset", tag) for tag in preset} | {("custom", tag) for tag in custom}


def _change_row(seq: Seq, ordinal: int, change: Change) -> Row:
    return (
        seq,
        ordinal,
        change.entity,
        change.key,
        change.op,
        None if change.before is None else _encode(change.before).decode(),
        None if change.after is None else _encode(change.after).decode(),
    )


def advance(connection: Connection, made: Net, now: Micros) -> None:
    """Move the checkpoint; raise `LeaseLost` unless it stands where the batch began."""
    table = schema.checkpoints
    moved = connection.execute(
        update(table)
        .where(
            table.c.platform == made.platform,
            table.c.generation == made.generation,
            table.c.seq == made.seq,
            table.c.epoch == made.epoch,
        )
        .values(
            seq=made.to,
            logical_at=made.logical_at,
            next_class_id=made.next_class_id,
            updated_at=now,
        )
    )
    if moved.rowcount != 1:
        raise LeaseLost(
            f"Platform '{made.platform}': the checkpoint moved on from {made.seq} without this applier; "
            "another one or a rebuild took over, and nothing was written here."
        )


# ---------------------------------------------------------------------- statements, made once

_Order = Callable[[Row], Row]


@cache
def _insert(table: Table) -> Any:  # noqa: ANN401 - an insert statement
    return insert(table).values({column.name: bindparam(column.name) for column in table.c})


@cache
def _values(names: tuple[str, ...]) -> Callable[[object], Row]:
    if not names:
        return lambda _: ()
    if len(names) == 1:
        (name,) = names
        return lambda row: (getattr(row, name),)
    return attrgetter(*names)


@cache
def _update(table: Table, same: tuple[str, ...]) -> tuple[Any, _Order]:
    keys = [column.name for column in table.primary_key]
    rest = [column.name for column in table.c if column.name not in {*keys, *same}]
    statement = (
        update(table)
        .where(and_(*(table.c[name] == bindparam(f"key_{name}") for name in keys)))
        .values({name: bindparam(name) for name in rest})
    )
    return statement, _picked(table, (*rest, *keys))


@cache
def _delete(table: Table) -> tuple[Any, _Order]:
    keys = [column.name for column in table.primary_key]
    statement = delete(table).where(
        and_(*(table.c[name] == bindparam(f"key_{name}") for name in keys))
    )
    return statement, _picked(table, keys)


def _picked(table: Table, names: Sequence[str]) -> _Order:
    places = [column.name for column in table.c]
    return itemgetter(*(places.index(name) for name in names))
