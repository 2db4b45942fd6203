"""Whole views, row by row, as they are at one moment, in an order that stays: for who takes them elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from mirror.errors import NotFound
from mirror.store.engine import Connection
from mirror.store.views import QUERIES, view

Kind = Literal["text", "integer", "real", "boolean", "time", "json"]

AT_ONCE = 1_000
"""Rows in memory together."""

ORDER: dict[str, tuple[str, ...]] = {
    "class_tree": ("owner_type", "owner_id", "class_path"),
    "media_tree": ("owner_type", "owner_id", "class_path", "material_id"),
    "media_gone": ("material_id",),
    "media_files": ("file_id",),
    "media_links": ("material_id", "kind", "class_id"),
    "material_tags": ("material_id", "kind", "tag"),
    "project_board": ("project_id",),
    "project_timeline": ("project_id", "seq"),
    "export_tasks": ("task_id",),
    "delivery_log": ("seq",),
    "change_log": ("seq", "ordinal"),
    "open_doubts": ("kind", "key", "reason"),
    "mirror_status": ("platform",),
}
"""What a row of each view is known by; dumps are in this order."""

_JSON = frozenset(
    {"after", "before", "interrupted_inputs", "interrupted_outputs", "preset_tags", "tags"}
)


class Column(NamedTuple):
    """A column of a view. A time is text, ISO 8601 in UTC; JSON is text, too."""

    name: str
    kind: Kind


def columns(name: str) -> list[Column]:
    """The columns of a view, in their order. Raises NotFound."""
    if name not in QUERIES:
        raise NotFound(f"There is no view '{name}'.")
    return [Column(str(column.key), _kind(column)) for column in view(name).columns]


def rows(connection: Connection, name: str, platform: str) -> Iterator[tuple[Any, ...]]:
    """All rows of a view that are of a platform. Raises NotFound."""
    found = columns(name)
    table = view(name)
    query = (
        sa.select(table)
        .where(table.c.platform == platform)
        .order_by(*(table.c[key] for key in ORDER[name]))
        .execution_options(yield_per=AT_ONCE)
    )
    times = [place for place, column in enumerate(found) if column.kind == "time"]
    for row in connection.execute(query):
        values = list(row)
        for place in times:
            values[place] = _iso(values[place])
        yield tuple(values)


def _kind(column: sa.ColumnClause[Any]) -> Kind:
    if column.key.endswith("_at"):
        return "time"
    if column.key in _JSON:
        return "json"
    if isinstance(column.type, sa.Boolean):
        return "boolean"
    if isinstance(column.type, sa.Integer):
        return "integer"
    return "real" if isinstance(column.type, sa.Float) else "text"


def _iso(value: datetime | str | None) -> str | None:
    """A time of either engine as `2026-01-31T23:59:59.000001Z`."""
    if isinstance(value, datetime):
        value = value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return None if value is None else f"{value.replace(' ', 'T')}Z"
