"""One box to find things: by id, path, tag or part of a name.

Ids, paths and tags are found by their indexes. No index helps with parts of names: so many materials
are looked at for one page, by id, and the page says how far it got.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from msgspec import Struct, json

from mirror.core import paths
from mirror.core.model import ClassId, MaterialId, Owner, State
from mirror.store.queries.lists import Stamp
from mirror.store.queries.lists.library import joined, mine
from mirror.store.queries.lists.paging import contains
from mirror.store.schema import classes, files, materials, tags

LOOKED_AT = 100_000
"""Materials whose names are looked at for one page."""
CLASSES_LOOKED_AT = 20_000
FEW = 20
"""Things that are found by id, path or tag, at most."""

Why = Literal["id", "file", "tag", "name", "path"]


class Hit(Struct, frozen=True):
    """A material that was found, and by what. Its place is the last one if it is not live."""

    why: Why
    material_id: MaterialId
    state: State
    name: str | None
    material_type: str | None
    owner: Owner | None
    path: str | None
    class_id: ClassId | None
    tags: tuple[str, ...]


class ClassHit(NamedTuple):
    """A class that was found, and by what."""

    why: Why
    class_id: ClassId
    owner: Owner
    path: str


class Sought(Struct, frozen=True):
    """What is looked for; `after` is the material id where the last page ended."""

    text: str
    after: str | None = None
    limit: int = 50


class Found(Struct, frozen=True):
    """A page. With `next`, names of materials behind that id have not been looked at yet."""

    classes: tuple[ClassHit, ...]
    media: tuple[Hit, ...]
    looked_at: int  # materials whose names were looked at for this page
    next: str | None


def find(connection: sa.Connection, stamp: Stamp, sought: Sought) -> Found:
    """What is called so, has that id or tag, or stands at that path."""
    named = _Names(connection, stamp, sought)
    if sought.after is not None:
        return Found((), tuple(named.hits()), named.looked_at, named.next)
    exact = [*_by_id(connection, stamp, sought.text), *_by_tag(connection, stamp, sought.text)]
    known = {hit.material_id for hit in exact}
    rest = [hit for hit in named.hits() if hit.material_id not in known]
    found = _classes(connection, stamp, sought.text)
    return Found(tuple(found), (*exact, *rest), named.looked_at, named.next)


# ------------------------------------------------------------------------------------- classes


def _classes(connection: sa.Connection, stamp: Stamp, text: str) -> list[ClassHit]:
    why: Why = "path" if text.startswith(paths.ROOT) else "name"
    columns = (classes.c.class_id, classes.c.owner_type, classes.c.owner_id, classes.c.path)
    query = sa.select(*columns).where(*mine(classes, stamp))
    if why == "path":
        path = paths.normalise(text)
        begins = sa.and_(classes.c.path >= path, classes.c.path < _behind(path))
        query = query.where(begins if path != paths.ROOT else classes.c.path == path)
        query = query.order_by(classes.c.path, classes.c.class_id).limit(FEW)
        return [_class(why, row) for row in connection.execute(query)]
    looked = query.order_by(classes.c.class_id).limit(CLASSES_LOOKED_AT).subquery("looked")
    # The name is the end of the path; a part of it that holds a slash is no name.
    part = contains(connection.dialect.name, looked.c.path, text)
    rows = connection.execute(sa.select(looked).where(part).order_by(looked.c.path))
    named = (row for row in rows if text.lower() in paths.name(row.path).lower())
    return [_class(why, row) for row, _ in zip(named, range(FEW), strict=False)]


def _class(why: Why, row: Any) -> ClassHit:  # noqa: ANN401 - a row of the query
    return ClassHit(why, row.class_id, Owner(row.owner_type, row.owner_id), row.path)


def _behind(text: str) -> str:
    """The first text behind all that begin with `text`."""
    return text + "\U0010ffff"


# ----------------------------------------------------------------------------------- materials

_NAMES = ("material_id", "state", "name", "material_type", "class_id", "tags", "preset_tags")
_LAST = ("last_owner_type", "last_owner_id", "last_path")


def _hits(
    connection: sa.Connection,
    stamp: Stamp,
    why: Why,
    which: sa.Select[Any] | list[str],
    limit: int,
) -> list[Hit]:
    """The materials with these ids."""
    here = sa.and_(joined(classes, stamp), classes.c.class_id == materials.c.class_id)
    query = (
        sa.select(
            *(materials.c[name] for name in (*_NAMES, *_LAST)),
            *(classes.c[name] for name in ("owner_type", "owner_id", "path")),
        )
        .select_from(materials.outerjoin(classes, here))
        .where(*mine(materials, stamp), materials.c.material_id.in_(which))
        .order_by(materials.c.material_id)
        .limit(limit)
    )
    return [_hit(why, row) for row in connection.execute(query)]


def _hit(why: Why, row: Any) -> Hit:  # noqa: ANN401 - a row of the query
    live = row.path is not None
    kind = row.owner_type if live else row.last_owner_type
    name = row.owner_id if live else row.last_owner_id
    return Hit(
        why,
        row.material_id,
        row.state,
        row.name,
        row.material_type,
        None if kind is None else Owner(kind, name),
        row.path if live else row.last_path,
        row.class_id,
        (*_texts(row.preset_tags), *_texts(row.tags)),
    )


_texts = json.Decoder(tuple[str, ...]).decode


def _by_id(connection: sa.Connection, stamp: Stamp, text: str) -> list[Hit]:
    own = _hits(connection, stamp, "id", [text], 1)
    known = sa.select(files.c.file_id).where(*mine(files, stamp), files.c.file_id == text)
    if connection.execute(known).first() is None:
        return own
    showing = sa.select(materials.c.material_id).where(
        *mine(materials, stamp), materials.c.file_id == text
    )
    some = list(connection.execute(showing.limit(FEW)).scalars())
    return [*own, *_hits(connection, stamp, "file", some, FEW)]


def _by_tag(connection: sa.Connection, stamp: Stamp, text: str) -> list[Hit]:
    found: list[str] = []
    for kind in ("preset", "custom"):
        query = sa.select(tags.c.material_id).where(
            *mine(tags, stamp), tags.c.kind == kind, tags.c.tag == text
        )
        found += connection.execute(query.order_by(tags.c.material_id).limit(FEW)).scalars()
    return _hits(connection, stamp, "tag", sorted(set(found)), FEW)


class _Names:
    """Materials by a part of their name, so many of them looked at."""

    def __init__(self, connection: sa.Connection, stamp: Stamp, sought: Sought) -> None:
        self._connection = connection
        self._stamp = stamp
        self._sought = sought
        self.looked_at = 0
        self.next: str | None = None

    def hits(self) -> list[Hit]:
        """Those of one page; then `looked_at` and `next` are known."""
        sought, limit = self._sought, self._sought.limit
        table = materials
        candidates = sa.select(table.c.material_id, table.c.name).where(*mine(table, self._stamp))
        if sought.after is not None:
            candidates = candidates.where(table.c.material_id > sought.after)
        candidates = candidates.order_by(table.c.material_id)
        looked = candidates.limit(LOOKED_AT).subquery("looked")
        part = contains(self._connection.dialect.name, looked.c.name, sought.text)
        query = sa.select(looked.c.material_id).where(part).order_by(looked.c.material_id)
        found = list(self._connection.execute(query.limit(limit + 1)).scalars())
        if found[limit:]:
            self.next = found[limit - 1]
        else:
            last = sa.select(sa.func.count(), sa.func.max(looked.c.material_id))
            self.looked_at, end = self._connection.execute(last).one()
            self.next = end if self.looked_at == LOOKED_AT else None
        return _hits(self._connection, self._stamp, "name", found[:limit], limit)


__all__ = ["FEW", "LOOKED_AT", "ClassHit", "Found", "Hit", "Sought", "find"]
