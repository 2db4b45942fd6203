"""Classes as nodes of a tree that is opened step by step: the roots, and what is directly in a class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from mirror.core import paths
from mirror.core.model import ClassId, Origin, Owner
from mirror.errors import NotFound
from mirror.store.queries.lists import Stamp
from mirror.store.queries.lists.library import mine
from mirror.store.schema import classes, materials


class Node(Struct, frozen=True):
    """A class, with how much is directly in it. A root has the empty name and no parent."""

    class_id: ClassId
    owner: Owner
    path: str
    parent_id: ClassId | None
    origin: Origin
    in_doubt: bool | None  # None at an earlier moment: that is not kept
    material_count: int | None  # None at a moment so far from here that counting takes seconds
    class_count: int

    @property
    def name(self) -> str:
        """The last part of its path."""
        return "" if self.parent_id is None else paths.name(self.path)


def roots(connection: sa.Connection, stamp: Stamp, limit: int) -> list[Node]:
    """The roots of the first `limit` owners, by type and id."""
    order = (classes.c.owner_type, classes.c.owner_id)
    return _nodes(connection, stamp, [classes.c.path == paths.ROOT], order, limit)


def children(connection: sa.Connection, stamp: Stamp, class_id: ClassId, limit: int) -> list[Node]:
    """The first `limit` classes directly in a class, by name (byte by byte)."""
    return _nodes(connection, stamp, [classes.c.parent_id == class_id], (classes.c.path,), limit)


def lineage(connection: sa.Connection, stamp: Stamp, class_id: ClassId) -> list[Node]:
    """A class and those above it, the root first. Raises NotFound."""
    where = (*mine(classes, stamp), classes.c.class_id == class_id)
    columns = (classes.c.owner_type, classes.c.owner_id, classes.c.path)
    row = connection.execute(sa.select(*columns).where(*where)).first()
    if row is None:
        raise no_class(stamp.platform, class_id)
    chain = [paths.ROOT, *paths.chain(row.path)]
    above = [
        classes.c.owner_type == row.owner_type,
        classes.c.owner_id == row.owner_id,
        classes.c.path.in_(chain),
    ]
    return _nodes(connection, stamp, above, (classes.c.path,), len(chain))


def no_class(platform: str, class_id: ClassId) -> NotFound:
    """The error for a class that is not there."""
    return NotFound(
        f"Platform '{platform}' has no class {class_id}: it was deleted, merged into another, "
        "or never there."
    )


def _nodes(
    connection: sa.Connection,
    stamp: Stamp,
    where: Sequence[sa.ColumnElement[bool]],
    order: Sequence[sa.ColumnElement[Any]],
    limit: int,
) -> list[Node]:
    """A page of classes is picked first, and then counted into."""
    names = ("class_id", "owner_type", "owner_id", "path", "parent_id", "origin", "in_doubt")
    columns = [classes.c[name] for name in names]
    picked = (
        sa.select(*columns)
        .where(*mine(classes, stamp), *where)
        .order_by(*order)
        .limit(limit)
        .subquery("picked")
    )
    inner = classes.alias("inner_classes")
    query = sa.select(
        picked,
        _count(stamp, materials, materials.c.class_id == picked.c.class_id, picked),
        _count(stamp, inner, inner.c.parent_id == picked.c.class_id, picked),
    )
    rows = connection.execute(query.order_by(*(picked.c[str(one.key)] for one in order)))
    return [
        Node(class_id, Owner(kind, name), path, parent_id, origin, bool(doubt), media, inside)
        for class_id, kind, name, path, parent_id, origin, doubt, media, inside in rows
    ]


def _count(
    stamp: Stamp, table: sa.FromClause, inside: sa.ColumnElement[bool], of: sa.FromClause
) -> sa.ScalarSelect[int]:
    query = sa.select(sa.func.count()).select_from(table).where(*mine(table, stamp), inside)
    return query.correlate(of).scalar_subquery()
