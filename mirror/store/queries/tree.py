"""The tree of classes, with how much is in each and some of what it is."""

from __future__ import annotations

import sqlalchemy as sa
from msgspec import Struct
from msgspec.structs import replace

from mirror.core import paths
from mirror.core.model import ClassId, FileId, MaterialId, Origin, Owner, Seq
from mirror.errors import NotFound
from mirror.store import schema
from mirror.store.checkpoints import live_generation
from mirror.store.schema import classes, materials


class Medium(Struct, frozen=True):
    """A live material as a tree shows it."""

    material_id: MaterialId
    name: str | None
    material_type: str | None
    file_id: FileId | None


class Branch(Struct, frozen=True):
    """A class of a tree: parents come before children, siblings by name."""

    owner: Owner
    class_id: ClassId
    path: str
    name: str
    depth: int  # 0 for the owner's root
    origin: Origin
    in_doubt: bool | None  # None at an earlier moment: that is not kept
    material_count: int  # directly in it
    material_total: int  # and beneath it
    class_total: int  # classes beneath it
    media: tuple[Medium, ...] = ()


class OwnerRow(Struct, frozen=True):
    """An owner, and how much it has. `observed_seq` is set once its classes were all observed."""

    owner: Owner
    class_count: int
    material_count: int
    observed_seq: Seq | None


def owners(connection: sa.Connection, platform: str) -> list[OwnerRow]:
    """Every owner that the mirror has heard of, by type and id. Raises NotFound."""
    known = schema.owners
    mine = _mine(connection, platform)
    owner = (classes.c.owner_type, classes.c.owner_id)
    same = sa.and_(
        known.c.platform == classes.c.platform,
        known.c.generation == classes.c.generation,
        known.c.owner_type == classes.c.owner_type,
        known.c.owner_id == classes.c.owner_id,
    )
    rows = connection.execute(
        sa.select(*owner, sa.func.count(), sa.func.sum(_DIRECTLY), known.c.observed_seq)
        .select_from(classes.outerjoin(known, same))
        .where(mine)
        .group_by(*owner, known.c.observed_seq)
        .order_by(*owner)
    )
    return [
        OwnerRow(Owner(kind, name), class_count, int(material_count), observed)
        for kind, name, class_count, material_count, observed in rows
    ]


def tree(
    connection: sa.Connection,
    platform: str,
    owner: Owner | None = None,
    path: str = paths.ROOT,
    *,
    depth: int | None = None,
    media: int = 0,
) -> list[Branch]:
    """The class at `path` and those beneath it, of one owner or of all, down to `depth` below it.

    Each comes with its first `media` live materials by id. Raises NotFound where no class is.
    """
    path = paths.normalise(path)
    found = _branches(connection, platform, owner, path)
    if not found:
        whose = "" if owner is None else f" of {owner.type}:{owner.id}"
        raise NotFound(
            f"Platform '{platform}' has no class '{path}'{whose}: `mirror tree` shows which it has."
        )
    deepest = None if depth is None else paths.depth(path) + depth
    shown = [branch for branch in found if deepest is None or branch.depth <= deepest]
    if not media:
        return shown
    generation = live_generation(connection, platform)
    scope: dict[str, object] = {"platform": platform, "generation": generation, "limit": media}
    return [replace(branch, media=_media(connection, scope, branch.class_id)) for branch in shown]


_DIRECTLY = (
    sa.select(sa.func.count())
    .where(
        materials.c.platform == classes.c.platform,
        materials.c.generation == classes.c.generation,
        materials.c.class_id == classes.c.class_id,
    )
    .correlate(classes)
    .scalar_subquery()
)


def _mine(connection: sa.Connection, platform: str) -> sa.ColumnElement[bool]:
    generation = live_generation(connection, platform)
    return sa.and_(classes.c.platform == platform, classes.c.generation == generation)


def _branches(
    connection: sa.Connection, platform: str, owner: Owner | None, path: str
) -> list[Branch]:
    """Whole subtrees, as the totals need them, in the order of a drawn tree."""
    query = sa.select(
        classes.c.owner_type,
        classes.c.owner_id,
        classes.c.class_id,
        classes.c.parent_id,
        classes.c.path,
        classes.c.origin,
        classes.c.in_doubt,
        _DIRECTLY,
    ).where(_mine(connection, platform))
    if owner is not None:
        query = query.where(classes.c.owner_type == owner.type, classes.c.owner_id == owner.id)
    if path != paths.ROOT:
        query = query.where(at_or_beneath(classes.c.path, path))
    # Not by the path as text: `/a-b` would come between `/a` and `/a/b`.
    rows = sorted(connection.execute(query), key=lambda row: (row[0], row[1], row[4].split("/")))
    materials_in: dict[int | None, int] = {}
    classes_in: dict[int | None, int] = {}
    for _, _, class_id, parent_id, *_, count in reversed(rows):
        materials_in[class_id] = total = materials_in.get(class_id, 0) + count
        materials_in[parent_id] = materials_in.get(parent_id, 0) + total
        classes_in[parent_id] = classes_in.get(parent_id, 0) + classes_in.get(class_id, 0) + 1
    return [
        Branch(
            Owner(kind, name),
            class_id,
            path,
            paths.name(path),
            paths.depth(path),
            origin,
            in_doubt,
            count,
            materials_in[class_id],
            classes_in.get(class_id, 0),
        )
        for kind, name, class_id, _, path, origin, in_doubt, count in rows
    ]


def at_or_beneath(column: sa.ColumnElement[str], path: str) -> sa.ColumnElement[bool]:
    """Paths from `path` down, as one range of an index: `0` is the character after `/`."""
    within = sa.and_(column >= path, column < path + "0")
    return sa.and_(within, sa.or_(column == path, column >= path + "/"))


_MEDIA = (
    sa.select(*(materials.c[name] for name in Medium.__struct_fields__))
    .where(
        materials.c.platform == sa.bindparam("platform"),
        materials.c.generation == sa.bindparam("generation"),
        materials.c.class_id == sa.bindparam("class_id"),
    )
    .order_by(materials.c.material_id)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)


def _media(
    connection: sa.Connection, scope: dict[str, object], class_id: ClassId
) -> tuple[Medium, ...]:
    rows = connection.execute(_MEDIA, {**scope, "class_id": class_id})
    return tuple(Medium(*row) for row in rows)
