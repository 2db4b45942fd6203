"""Things by their keys, as they were at a moment: from their present rows, and the change rows of each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from msgspec import Struct, json

from mirror.core.model import Micros, Seq
from mirror.core.past import Fields
from mirror.store import schema
from mirror.store.queries.past.moment import Moment, arrivals, changed_by, sought
from mirror.store.state import chunks


class Kind(Struct, frozen=True):
    """An entity: its table, and which column holds each field that change rows tell."""

    entity: str
    table: sa.Table
    fields: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...] = ()  # a field, and its column where that has another name
    more: tuple[str, ...] = ()  # columns that never change

    @property
    def key(self) -> sa.Column[Any]:
        """The column of the entity's id."""
        return list(self.table.c)[2]

    def columns(self) -> list[sa.ColumnElement[Any]]:
        """Everything that is read of a present row."""
        named = dict(self.renamed)
        return [
            self.key.label("key"),
            *(self.table.c[named.get(name, name)].label(name) for name in self.fields),
            *(self.table.c[name] for name in ("changed_at", "changed_seq", *self.more)),
        ]


_OWNER = ("owner_type", "owner_id")
_LISTS = frozenset({"preset_tags", "tags", "interrupted_inputs", "interrupted_outputs"})

CLASS = Kind(
    "class",
    schema.classes,
    (*_OWNER, "class_path", "parent_id", "origin"),
    (("class_path", "path"),),
    ("in_doubt",),
)
MATERIAL = Kind(
    "material",
    schema.materials,
    (
        *("state", "class_id", "origin", "name", "material_type", "file_id"),
        *("preset_tags", "tags", "last_owner_type", "last_owner_id", "last_class_path"),
    ),
    (("last_class_path", "last_path"),),
    ("created_at", "created_seq", "confirmed_at"),
)
FILE = Kind(
    "file",
    schema.files,
    (
        *("operation_type", "task_id", "project_id", "size_bytes", "duration_seconds"),
        *("width", "height", "container", "bitrate"),
    ),
)
PROJECT = Kind(
    "project",
    schema.projects,
    (
        *("category", "name", "status", "running", "pvw_on", "pgm_on"),
        *("interrupted_inputs", "interrupted_outputs", "gone"),
    ),
    more=("status_at",),
)
TASK = Kind(
    "task",
    schema.tasks,
    ("status", "err_code", "err_msg", "material_id", "file_id"),
    more=("completed_at",),
)

KINDS = {kind.entity: kind for kind in (MATERIAL, CLASS, PROJECT, FILE, TASK)}


class Thing(Struct, frozen=True):
    """One thing at a moment. `present` is its row of today; `touched`: it has changed since the moment."""

    fields: Fields
    changed_seq: Seq
    changed_at: Micros
    touched: bool
    present: Fields | None

    def texts(self, name: str) -> tuple[str, ...]:
        """A list field."""
        return tuple(self.fields.get(name) or ())


def things(
    connection: sa.Connection, at: Moment, kind: Kind, keys: Collection[Any]
) -> dict[Any, Thing]:
    """Those of `keys` that were there at the moment."""
    rows = {row["key"]: row for row in _present(connection, at, kind, keys)}
    touched = [key for key in keys if key not in rows or rows[key]["changed_seq"] > at.at]
    by_text = {str(key): key for key in touched}
    changed = sought(connection, at, kind.entity, by_text) if touched else {}
    last = changed_by(connection, at, kind.entity, by_text) if touched else {}
    came = arrivals(connection, at.platform, list(last.values()))
    found: dict[Any, Thing] = {}
    for key in keys:
        row = rows.get(key)
        if row is not None and row["changed_seq"] <= at.at:
            seq, time, fields = row["changed_seq"], row["changed_at"], fields_of(kind, row)
        else:
            seq = last.get(str(key), Seq(0))
            change = changed.get(str(key))
            known = None if row is None or at.early else fields_of(kind, row)
            told_of = None if change is None else change.on(known)
            if told_of is None or seq == 0:
                continue
            time, fields = came[seq], told_of
        found[key] = Thing(fields, seq, time, row is None or row["changed_seq"] > at.at, row)
    return found


def _present(
    connection: sa.Connection, at: Moment, kind: Kind, keys: Collection[Any]
) -> list[Fields]:
    found: list[Fields] = []
    for some in chunks(keys):
        query = sa.select(*kind.columns()).where(*mine(at, kind.table), kind.key.in_(some))
        found.extend(dict(row) for row in connection.execute(query).mappings())
    return found


def fields_of(kind: Kind, row: Fields) -> Fields:
    """A present row's fields as a change row would tell them."""
    return {name: json.decode(row[name]) if name in _LISTS else row[name] for name in kind.fields}


def mine(at: Moment, table: sa.FromClause) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    """Rows of the moment's platform and generation."""
    return table.c.platform == at.platform, table.c.generation == at.generation


def page(
    connection: sa.Connection, at: Moment, kind: Kind, after: str | None, limit: int
) -> dict[str, Thing]:
    """Up to `limit` things that were there, in the order of their keys; for entities whose rows are never deleted."""
    found: dict[str, Thing] = {}
    while len(found) < limit:
        query = sa.select(kind.key).where(*mine(at, kind.table))
        if after is not None:
            query = query.where(kind.key > after)
        keys: Sequence[str] = (
            connection.execute(query.order_by(kind.key).limit(max(limit, _AT_LEAST)))
            .scalars()
            .all()
        )
        if not keys:
            break
        found |= things(connection, at, kind, keys)
        after = keys[-1]
    return dict(list(found.items())[:limit])


_AT_LEAST = 200


__all__ = [
    "CLASS",
    "FILE",
    "KINDS",
    "MATERIAL",
    "PROJECT",
    "TASK",
    "Kind",
    "Thing",
    "fields_of",
    "mine",
    "page",
    "things",
]
