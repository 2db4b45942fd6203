"""Classes, files and links, page by page."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from mirror.core import paths
from mirror.core.model import ClassId, Owner
from mirror.store.queries.lists.common import Stamp
from mirror.store.queries.lists.paging import Condition, Filter, Listing, Page, Place, contains
from mirror.store.queries.past import ClassRow, FileRow, LinkRow
from mirror.store.queries.tree import at_or_beneath
from mirror.store.schema import classes as class_table
from mirror.store.schema import files as file_table
from mirror.store.schema import links as link_table
from mirror.store.schema import materials as material_table


def mine(table: sa.FromClause, stamp: Stamp) -> list[Condition]:
    """Rows of the platform's live generation."""
    return [table.c.platform == stamp.platform, table.c.generation == stamp.generation]


def joined(table: sa.FromClause, stamp: Stamp) -> Condition:
    """The same, as a part of what a join is on."""
    return sa.and_(*mine(table, stamp))


def within(table: sa.FromClause, owner: Owner | None, path: str) -> list[Condition]:
    """Classes at a path and beneath, of one owner or of all."""
    found: list[Condition] = []
    if owner is not None:
        found += [table.c.owner_type == owner.type, table.c.owner_id == owner.id]
    if path != paths.ROOT:
        found.append(at_or_beneath(table.c.path, path))
    return found


# ------------------------------------------------------------------------------------- classes


class Classes(Struct, frozen=True):
    """Which classes: at a path and beneath, by part of their name, in doubt or not."""

    owner: Owner | None = None
    path: str = paths.ROOT
    depth: int | None = None  # levels below the path
    name: str | None = None
    in_doubt: bool | None = None


def classes(
    connection: sa.Connection, stamp: Stamp, only: Classes, after: Place | None, limit: int
) -> Page[ClassRow]:
    """By owner and path (byte by byte)."""
    table = class_table
    directly = (
        sa.select(sa.func.count())
        .where(
            *mine(material_table, stamp),
            material_table.c.class_id == table.c.class_id,
        )
        .correlate(table)
        .scalar_subquery()
    )
    filters: list[Filter] = []
    if only.in_doubt is not None:
        filters.append(lambda row: row.in_doubt == sa.literal(only.in_doubt, sa.Boolean()))
    if only.depth is not None:
        deepest = paths.depth(only.path) + only.depth
        filters.append(lambda row: _depth(row.path) <= deepest)
    if only.name is not None:
        # Every name within a path that was passed counts; the rest is looked at below.
        part, dialect = only.name, connection.dialect.name
        filters.append(lambda row: contains(dialect, row.path, part))
    columns = [
        *(table.c[name] for name in ("class_id", "owner_type", "owner_id", "path", "parent_id")),
        *(table.c[name] for name in ("origin", "changed_seq", "in_doubt")),
        directly.label("material_count"),
    ]
    order = [table.c.owner_type, table.c.owner_id, table.c.path]
    where = [*mine(table, stamp), *within(table, only.owner, only.path)]
    found = Listing(columns, order, where, filters).page(connection, after, limit)
    rows = [_class(row) for row in found.rows]
    if only.name is not None:
        sought = only.name.lower()
        rows = [row for row in rows if sought in row.name.lower()]
    return Page(rows, found.next)


def _depth(path: sa.ColumnElement[str]) -> sa.ColumnElement[int]:
    slashes = sa.func.length(path) - sa.func.length(sa.func.replace(path, "/", ""))
    return sa.case((path == paths.ROOT, 0), else_=slashes)


def _class(row: Any) -> ClassRow:  # noqa: ANN401 - a row of the query
    root = row.parent_id is None
    return ClassRow(
        ClassId(row.class_id),
        row.owner_type,
        row.owner_id,
        row.path,
        None if root else paths.parent(row.path),
        "" if root else paths.name(row.path),
        paths.depth(row.path),
        row.origin,
        row.material_count,
        row.changed_seq,
        bool(row.in_doubt),
    )


# --------------------------------------------------------------------------------------- files


class Files(Struct, frozen=True):
    """Which VOD files."""

    file_id: str | None = None
    operation_type: str | None = None
    task_id: str | None = None
    project_id: str | None = None


def files(
    connection: sa.Connection, stamp: Stamp, only: Files, after: Place | None, limit: int
) -> Page[FileRow]:
    """By id."""
    table = file_table
    showing = (
        sa.select(sa.func.count(material_table.c.class_id))
        .where(*mine(material_table, stamp), material_table.c.file_id == table.c.file_id)
        .correlate(table)
        .scalar_subquery()
    )
    names = FileRow.__struct_fields__[:-1]
    columns = [*(table.c[name] for name in names), showing.label("live_materials")]
    where = mine(table, stamp)
    if only.file_id is not None:
        where.append(table.c.file_id == only.file_id)
    filters = equal(
        operation_type=only.operation_type, task_id=only.task_id, project_id=only.project_id
    )
    found = Listing(columns, [table.c.file_id], where, filters).page(connection, after, limit)
    return Page([FileRow(*row) for row in found.rows], found.next)


def equal(**wanted: object) -> list[Filter]:
    """Columns that have to be what is given; None is not given."""

    def made(name: str, value: object) -> Filter:
        return lambda row: row[name] == value

    return [made(name, value) for name, value in wanted.items() if value is not None]


# --------------------------------------------------------------------------------------- links


class Links(Struct, frozen=True):
    """Which links: of one material, to one, in a place."""

    owner: Owner | None = None
    path: str = paths.ROOT
    material_id: str | None = None
    target_material_id: str | None = None
    kind: str | None = None
    status: str | None = None


def links(
    connection: sa.Connection, stamp: Stamp, only: Links, after: Place | None, limit: int
) -> Page[LinkRow]:
    """By material, kind and class. Those of media that are gone show nowhere, and are left out."""
    table, medium, place = link_table, material_table, class_table
    # A placement is where its class is, any other link where its material is.
    at = sa.case((table.c.kind == "placement", table.c.class_key), else_=medium.c.class_id)
    source = table.join(
        medium, sa.and_(joined(medium, stamp), medium.c.material_id == table.c.material_id)
    ).join(place, sa.and_(joined(place, stamp), place.c.class_id == at))
    columns = [
        *(table.c[name] for name in ("material_id", "kind", "class_key")),
        *(place.c[name] for name in ("owner_type", "owner_id", "class_id", "path")),
        *(table.c[name] for name in ("target_material_id", "target_owner_type")),
        *(table.c[name] for name in ("target_owner_id", "target_path", "status")),
    ]
    where = mine(table, stamp)
    if only.material_id is not None:
        where.append(table.c.material_id == only.material_id)
    if only.target_material_id is not None:
        where.append(table.c.target_material_id == only.target_material_id)
    filters = equal(kind=only.kind, status=only.status)
    if only.owner is not None or only.path != paths.ROOT:
        filters.append(lambda row: sa.and_(*_placed(row, only)))
    order = [table.c.material_id, table.c.kind, table.c.class_key]
    found = Listing(columns, order, where, filters, source).page(connection, after, limit)
    rows = [
        LinkRow(
            row.material_id,
            row.kind,
            row.owner_type,
            row.owner_id,
            row.class_id,
            row.path,
            row.target_material_id,
            row.target_owner_type,
            row.target_owner_id,
            row.target_path,
            row.status,
        )
        for row in found.rows
    ]
    return Page(rows, found.next)


def _placed(row: Any, only: Links) -> list[Condition]:  # noqa: ANN401 - columns by name
    found: list[Condition] = []
    if only.owner is not None:
        found += [row.owner_type == only.owner.type, row.owner_id == only.owner.id]
    if only.path != paths.ROOT:
        found.append(at_or_beneath(row.path, only.path))
    return found
