"""What is in doubt: how much for which reason, and the things themselves, the newest doubt first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import sqlalchemy as sa
from msgspec import Struct

from mirror.core.model import ClassId, Owner
from mirror.store.queries.lists import DoubtRow, Page, Place, Stamp
from mirror.store.queries.lists.library import equal, mine
from mirror.store.queries.oversight.newest import Newest
from mirror.store.schema import classes, materials, projects
from mirror.store.schema import doubts as table

MANY = 100_000
"""Doubts that are counted, at most."""


class Reasons(Struct, frozen=True):
    """How many doubts there are by reason; `all` is false where there are more than MANY."""

    counts: Mapping[str, int]
    all: bool


class Thing(NamedTuple):
    """What a doubt is about: its name, and where a class stands. Nothing of one that is not known."""

    name: str | None = None
    owner: Owner | None = None
    path: str | None = None
    class_id: ClassId | None = None


class Suspicion(Struct, frozen=True):
    """A doubt and what it is about."""

    doubt: DoubtRow
    thing: Thing


def reasons(connection: sa.Connection, stamp: Stamp) -> Reasons:
    """Reasons, the most frequent first."""
    some = sa.select(table.c.reason).where(*mine(table, stamp)).limit(MANY + 1).subquery()
    count = sa.func.count()
    query = sa.select(some.c.reason, count).group_by(some.c.reason)
    rows = connection.execute(query.order_by(count.desc(), some.c.reason)).all()
    found: dict[str, int] = {row[0]: row[1] for row in rows}
    return Reasons(found, sum(found.values()) <= MANY)


def suspicions(
    connection: sa.Connection, stamp: Stamp, reason: str | None, after: Place | None, limit: int
) -> Page[Suspicion]:
    """Doubts, newest first; `after` is the seq, kind, key and reason where a page ended."""
    order = ("since_seq", "kind", "key", "reason")
    listing = Newest(table, DoubtRow.__struct_fields__, order, equal(reason=reason))
    found = listing.page(connection, stamp, after, limit)
    rows = [DoubtRow(*row) for row in found.rows]
    known = things(connection, stamp, {(row.kind, row.key) for row in rows})
    return Page(
        [Suspicion(row, known.get((row.kind, row.key), Thing())) for row in rows], found.next
    )


def things(
    connection: sa.Connection, stamp: Stamp, wanted: Collection[tuple[str, str]]
) -> dict[tuple[str, str], Thing]:
    """What is called so: kinds and keys go in, those that are known come out."""
    keys: dict[str, list[str]] = {}
    for kind, key in sorted(wanted):
        keys.setdefault(kind, []).append(key)
    found: dict[tuple[str, str], Thing] = {}
    for kind, column in (
        ("material", materials.c.material_id),
        ("project", projects.c.project_id),
    ):
        for key, name in _named(connection, stamp, column, keys.get(kind, [])):
            found[kind, key] = Thing(name)
    numbers = [int(key) for key in keys.get("class", []) if key.isascii() and key.isdigit()]
    numbers = [number for number in numbers if number < 2**63]
    query = sa.select(
        classes.c.class_id, classes.c.owner_type, classes.c.owner_id, classes.c.path
    ).where(*mine(classes, stamp), classes.c.class_id.in_(numbers))
    for row in connection.execute(query) if numbers else ():
        owner = Owner(row.owner_type, row.owner_id)
        found["class", str(row.class_id)] = Thing(None, owner, row.path, row.class_id)
    return found


def _named(
    connection: sa.Connection, stamp: Stamp, column: sa.Column[str], keys: list[str]
) -> list[tuple[str, str | None]]:
    if not keys:
        return []
    query = sa.select(column, column.table.c.name)
    rows = connection.execute(query.where(*mine(column.table, stamp), column.in_(keys)))
    return [(row[0], row[1]) for row in rows]
