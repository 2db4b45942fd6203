"""Writes what a batch changed: net rows, outcomes, changes, doubts and the fenced checkpoint, in one transaction.

Rows go through the driver's own executemany; nothing here is one statement an event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from msgspec import json
from sqlalchemy import Connection, Table, and_, bindparam, delete, insert, update

from mirror.core.changes import Change
from mirror.core.fold import Verdict
from mirror.core.library import Library
from mirror.core.model import Doubt, Link, Material, Micros, Seq
from mirror.core.shelf import Shelf
from mirror.errors import LeaseLost
from mirror.store import rows, schema
from mirror.store.engine import bulk
from mirror.store.rows import Row

_encode = json.Encoder(order=None).encode


class Batch:
    """Collects rows a table at a time and writes them for one platform's generation."""

    def __init__(self, connection: Connection, platform: str, generation: int) -> None:
        """Bind an open write transaction."""
        self._connection = connection
        self._scope: Row = (platform, generation)

    def write(self, library: Library, verdicts: Sequence[Verdict]) -> None:
        """Write everything that folding these deliveries changed."""
        library.refresh_class_doubt()
        for shelf, table, lay_out in (
            (library.owners, schema.owners, rows.owner_row),
            (library.classes, schema.classes, rows.class_row),
            (library.departures, schema.departures, rows.departure_row),
            (library.deletions, schema.deletions, rows.deletion_row),
            (library.materials, schema.materials, rows.material_row),
            (library.tangles, schema.tangles, rows.tangle_row),
            (library.files, schema.files, rows.file_row),
            (library.projects, schema.projects, rows.project_row),
            (library.tasks, schema.tasks, rows.task_row),
        ):
            self._shelf(shelf, table, lay_out)
        self._sets(library.links, schema.links, rows.link_row)
        self._sets(library.doubts, schema.doubts, rows.doubt_row)
        self._tags(library)
        self._insert(schema.project_statuses, map(rows.status_row, library.history))
        self._insert(schema.corrections, map(rows.correction_row, library.corrections))
        self._insert(schema.samples, map(rows.sample_row, library.samples))
        self._verdicts(verdicts)

    def _shelf(self, shelf: Shelf[Any, Any], table: Table, lay_out: Callable[[Any], Row]) -> None:
        added: list[Row] = []
        changed: list[Row] = []
        gone: list[Row] = []
        for _, old, new in shelf.changes():
            if new is None:
                gone.append(lay_out(old))
            elif old is None:
                added.append(lay_out(new))
            else:
                changed.append(lay_out(new))
        self._delete(table, gone)
        if table is schema.classes:  # the unique path: a class may stand where another one stood
            self._delete(table, changed)
            added.extend(changed)
        else:
            self._update(table, changed)
        self._insert(table, added)

    def _sets(
        self,
        shelf: Shelf[Any, tuple[Any, ...]],
        table: Table,
        lay_out: Callable[[Any], Row],
    ) -> None:
        """Write shelves whose value is a set of rows: links of a material, doubts about a thing."""
        added: list[Row] = []
        gone: list[Row] = []
        for _, old, new in shelf.changes():
            before: set[Doubt | Link] = set(old or ())
            after: set[Doubt | Link] = set(new or ())
            gone.extend(sorted(map(lay_out, before - after), key=repr))
            added.extend(sorted(map(lay_out, after - before), key=repr))
        self._delete(table, gone)
        self._insert(table, added)

    def _tags(self, library: Library) -> None:
        added: list[Row] = []
        gone: list[Row] = []
        for material_id, old, new in library.materials.changes():
            before, after = _tag_set(old), _tag_set(new)
            gone.extend((*tag, material_id) for tag in sorted(before - after))
            added.extend((*tag, material_id) for tag in sorted(after - before))
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
        if batch := [(*self._scope, *row) for row in some]:
            bulk(self._connection, _insert(table), batch)

    def _update(self, table: Table, some: Sequence[Row]) -> None:
        if some:
            statement, order = _update(table)
            bulk(self._connection, statement, [order((*self._scope, *row)) for row in some])

    def _delete(self, table: Table, some: Sequence[Row]) -> None:
        if some:
            statement, order = _delete(table)
            bulk(self._connection, statement, [order((*self._scope, *row)) for row in some])


def _tag_set(row: Material | None) -> set[tuple[str, str]]:
    if row is None:
        return set()
    return {("preset", tag) for tag in row.preset_tags} | {("custom", tag) for tag in row.tags}


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


def advance(  # noqa: PLR0913 - the checkpoint's columns
    connection: Connection,
    platform: str,
    generation: int,
    *,
    seq: Seq,
    epoch: int,
    library: Library,
    to: Seq,
    now: Micros,
) -> None:
    """Move the checkpoint from `seq` to `to`; raise `LeaseLost` unless it stands where this applier left it."""
    table = schema.checkpoints
    moved = connection.execute(
        update(table)
        .where(
            table.c.platform == platform,
            table.c.generation == generation,
            table.c.seq == seq,
            table.c.epoch == epoch,
        )
        .values(
            seq=to,
            logical_at=library.now,
            next_class_id=library.next_class_id.rows["next"],
            updated_at=now,
        )
    )
    if moved.rowcount != 1:
        raise LeaseLost(
            f"Platform '{platform}': the checkpoint moved on from {seq} without this applier; "
            "another one or a rebuild took over, and nothing was written here."
        )


# ---------------------------------------------------------------------- statements, made once

_Order = Callable[[Row], Row]


@cache
def _insert(table: Table) -> Any:  # noqa: ANN401 - an insert statement
    return insert(table).values({column.name: bindparam(column.name) for column in table.c})


@cache
def _update(table: Table) -> tuple[Any, _Order]:
    keys = [column.name for column in table.primary_key]
    rest = [column.name for column in table.c if column.name not in keys]
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
