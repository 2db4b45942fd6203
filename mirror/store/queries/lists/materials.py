"""Materials, page by page: of a place, with a tag, of a file, or all.

Those of a place go by owner, path and id, all others by id. What is asked for decides which index
leads; everything else is looked at row by row.
"""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from msgspec import Struct, json

from mirror.core import paths
from mirror.core.model import ClassId, FileId, MaterialId, Micros, Origin, Owner, Seq, State
from mirror.store.queries.lists.common import Stamp
from mirror.store.queries.lists.library import equal, joined, mine, within
from mirror.store.queries.lists.paging import (
    LOOKED_AT,
    Condition,
    Filter,
    Listing,
    Page,
    Place,
    behind,
    contains,
)
from mirror.store.queries.tree import at_or_beneath
from mirror.store.schema import classes, doubts, tags
from mirror.store.schema import materials as table


class Materials(Struct, frozen=True):
    """Which materials. `state` None is any; of deleted and detached ones a place is the last one."""

    owner: Owner | None = None
    path: str = paths.ROOT
    class_id: ClassId | None = None
    name: str | None = None
    tag: str | None = None
    tag_kind: Literal["preset", "custom"] | None = None
    file_id: str | None = None
    state: State | None = "live"
    material_type: str | None = None
    origin: Origin | None = None
    in_doubt: bool | None = None

    @property
    def placed(self) -> bool:
        """Whether it matters where they are."""
        return self.owner is not None or self.path != paths.ROOT


class MediumRow(Struct, frozen=True):
    """A material in any state: where it is while it is live, else where it was last."""

    material_id: MaterialId
    state: State
    owner_type: str | None
    owner_id: str | None
    class_id: ClassId | None
    class_path: str | None
    name: str | None
    material_type: str | None
    file_id: FileId | None
    origin: Origin
    preset_tags: tuple[str, ...]
    tags: tuple[str, ...]
    in_doubt: bool
    created_at: Micros
    changed_at: Micros
    confirmed_at: Micros | None
    created_seq: Seq
    changed_seq: Seq
    last_owner_type: str | None
    last_owner_id: str | None
    last_class_path: str | None


def materials(
    connection: sa.Connection, stamp: Stamp, only: Materials, after: Place | None, limit: int
) -> Page[MediumRow]:
    """Those that are wanted, behind `after`."""
    by_place = only.placed and only.state == "live" and _led_by(only) is None
    page = _by_place if by_place else _by_id
    return page(connection, stamp, only, after, limit)


def _led_by(only: Materials) -> str | None:
    """What is more telling than a place."""
    if only.file_id is not None:
        return "file"
    if only.tag is not None:
        return "tag"
    return "class" if only.class_id is not None else None


_PLACE = ("owner_type", "owner_id", "path")


def _columns(stamp: Stamp) -> list[sa.ColumnElement[Any]]:
    # Counted, since PostgreSQL would answer an EXISTS by reading all doubts first.
    own = (
        sa.select(sa.func.count())
        .where(
            *mine(doubts, stamp), doubts.c.kind == "material", doubts.c.key == table.c.material_id
        )
        .correlate(table)
        .scalar_subquery()
    )
    names = (
        *("material_id", "state", "class_id", "name", "material_type", "file_id", "origin"),
        *("preset_tags", "tags", "created_at", "changed_at", "confirmed_at", "created_seq"),
        *("changed_seq", "last_owner_type", "last_owner_id", "last_path"),
    )
    return [
        *(table.c[name] for name in names),
        *(classes.c[name] for name in _PLACE),
        sa.or_(sa.func.coalesce(classes.c.in_doubt, sa.false()), own > 0).label("in_doubt"),
    ]


def _by_id(
    connection: sa.Connection, stamp: Stamp, only: Materials, after: Place | None, limit: int
) -> Page[MediumRow]:
    here = sa.and_(joined(classes, stamp), classes.c.class_id == table.c.class_id)
    source: sa.FromClause = table.outerjoin(classes, here)
    where, order = mine(table, stamp), [table.c.material_id]
    match _led_by(only):
        case "file":
            where.append(table.c.file_id == only.file_id)
        case "tag":
            tagged = _tagged(stamp, only, after)
            source = tagged.join(source, table.c.material_id == tagged.c.material_id)
        case "class":
            where.append(table.c.class_id == only.class_id)
        case _:
            pass
    if only.state == "detached":
        # The index has this very condition: a literal, or SQLite would not use it.
        where.append(table.c.state == sa.literal_column("'detached'"))
    filters = _filters(connection, only)
    # Whatever is in a class is live.
    if only.state != "detached" and (only.state, _led_by(only)) != ("live", "class"):
        filters += equal(state=only.state)
    if only.class_id is not None and _led_by(only) != "class":
        filters += equal(class_id=only.class_id)
    if only.placed:
        filters.append(lambda row: _was_within(row, only))
    if only.tag is not None and _led_by(only) != "tag":
        filters.append(lambda row: _has_tag(stamp, only, row))
    listing = Listing(_columns(stamp), order, where, filters, source)
    found = listing.page(connection, after, limit)
    return Page([_medium(row) for row in found.rows], found.next)


def _has_tag(stamp: Stamp, only: Materials, row: Any) -> Condition:  # noqa: ANN401 - columns by name
    kinds = ("preset", "custom") if only.tag_kind is None else (only.tag_kind,)
    return sa.exists().where(
        *mine(tags, stamp),
        tags.c.kind.in_(kinds),
        tags.c.tag == only.tag,
        tags.c.material_id == row.material_id,
    )


def _tagged(stamp: Stamp, only: Materials, after: Place | None) -> sa.Subquery:
    """Ids of those with the tag, of either kind or of one: as many as a page looks at."""
    found = []
    for kind in ("preset", "custom") if only.tag_kind is None else (only.tag_kind,):
        query = sa.select(tags.c.material_id).where(
            *mine(tags, stamp), tags.c.kind == kind, tags.c.tag == only.tag
        )
        if after is not None:
            query = query.where(tags.c.material_id > after[0])
        some = query.order_by(tags.c.material_id).limit(LOOKED_AT).subquery()
        found.append(sa.select(some.c.material_id))
    return sa.union(*found).subquery("tagged")


def _by_place(
    connection: sa.Connection, stamp: Stamp, only: Materials, after: Place | None, limit: int
) -> Page[MediumRow]:
    """The rest of the class where the last page ended, then the classes behind it."""
    if after is not None:
        *where, last = after
        here = [classes.c[name] == value for name, value in zip(_PLACE, where, strict=True)]
        first = _of_classes(connection, stamp, only, here, (last,), limit)
        if first.next is not None:
            return Page(first.rows, (*where, *first.next))
        if len(first.rows) == limit:
            return Page(first.rows, _place_of(first.rows[-1]))
        beyond = behind([classes.c[name] for name in _PLACE], tuple(where))
        rest = _of_classes(connection, stamp, only, [beyond], None, limit - len(first.rows))
        return Page(first.rows + rest.rows, rest.next)
    return _of_classes(connection, stamp, only, [], None, limit)


def _place_of(row: MediumRow) -> Place:
    return (row.owner_type, row.owner_id, row.class_path, row.material_id)


def _of_classes(
    connection: sa.Connection,
    stamp: Stamp,
    only: Materials,
    where: list[Condition],
    after: Place | None,
    limit: int,
) -> Page[MediumRow]:
    inside = sa.and_(joined(table, stamp), table.c.class_id == classes.c.class_id)
    order: list[sa.ColumnElement[Any]] = [table.c.material_id]
    if after is None:
        order = [*(classes.c[name] for name in _PLACE), *order]
    listing = Listing(
        _columns(stamp),
        order,
        [*mine(classes, stamp), *within(classes, only.owner, only.path), *where],
        _filters(connection, only),
        classes.join(table, inside),
    )
    found = listing.page(connection, after, limit)
    return Page([_medium(row) for row in found.rows], found.next)


def _filters(connection: sa.Connection, only: Materials) -> list[Filter]:
    found = equal(material_type=only.material_type, origin=only.origin)
    if only.in_doubt is not None:
        wanted = sa.true() if only.in_doubt else sa.false()
        found.append(lambda row: row.in_doubt == wanted)
    if only.name is not None:
        part, dialect = only.name, connection.dialect.name
        found.append(lambda row: contains(dialect, row.name, part))
    return found


def _was_within(row: Any, only: Materials) -> Condition:  # noqa: ANN401 - columns by name
    now, last = [row.class_id.is_not(None)], [row.class_id.is_(None)]
    if only.owner is not None:
        now += [row.owner_type == only.owner.type, row.owner_id == only.owner.id]
        last += [row.last_owner_type == only.owner.type, row.last_owner_id == only.owner.id]
    if only.path != paths.ROOT:
        now.append(at_or_beneath(row.path, only.path))
        last.append(at_or_beneath(row.last_path, only.path))
    return sa.or_(sa.and_(*now), sa.and_(*last))


def _medium(row: Any) -> MediumRow:  # noqa: ANN401 - a row of the query
    return MediumRow(
        row.material_id,
        row.state,
        row.owner_type,
        row.owner_id,
        row.class_id,
        row.path,
        row.name,
        row.material_type,
        row.file_id,
        row.origin,
        _texts(row.preset_tags),
        _texts(row.tags),
        bool(row.in_doubt),
        row.created_at,
        row.changed_at,
        row.confirmed_at,
        row.created_seq,
        row.changed_seq,
        row.last_owner_type,
        row.last_owner_id,
        row.last_path,
    )


_texts = json.Decoder(tuple[str, ...]).decode
