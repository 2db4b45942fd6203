"""One material, with all that the mirror knows about it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from mirror.core.model import (
    ClassId,
    Doubt,
    File,
    Link,
    MaterialId,
    Micros,
    Origin,
    Place,
    Seq,
    State,
)
from mirror.errors import NotFound
from mirror.store import rows
from mirror.store.checkpoints import live_generation
from mirror.store.schema import classes, doubts, files, links, materials


class Material(Struct, frozen=True):
    """A material, its file, its links and the doubts about it. Times are microseconds since 1970.

    `place` is where it is while it is live, and where it was last otherwise; None if that was
    never known. `in_doubt` also says that a class above it is in doubt.
    """

    material_id: MaterialId
    state: State
    place: Place | None
    class_id: ClassId | None  # set exactly while it is live
    origin: Origin
    name: str | None
    material_type: str | None
    preset_tags: tuple[str, ...]
    tags: tuple[str, ...]
    file: File | None
    links: tuple[Link, ...]
    doubts: tuple[Doubt, ...]
    in_doubt: bool | None  # None at an earlier moment: that is not kept
    created_at: Micros
    created_seq: Seq
    changed_at: Micros
    changed_seq: Seq
    confirmed_at: Micros | None  # when reconciliation last saw it


def material(connection: sa.Connection, platform: str, material_id: str) -> Material:
    """The material of that id, also a deleted one. Raises NotFound."""
    mine = _Mine(connection, platform)
    found = mine.rows(materials, materials.c.material_id == material_id)
    if not found:
        raise NotFound(f"Platform '{platform}' has no material '{material_id}'.")
    known = rows.material_from(found[0])
    place, class_in_doubt = known.last_place, False
    for row in mine.rows(classes, classes.c.class_id == known.class_id):
        above = rows.class_from(row)
        place, class_in_doubt = above.place, above.in_doubt
    file = mine.rows(files, files.c.file_id == known.file_id)
    own = mine.rows(doubts, doubts.c.kind == "material", doubts.c.key == material_id)
    return Material(
        material_id=known.material_id,
        state=known.state,
        place=place,
        class_id=known.class_id,
        origin=known.origin,
        name=known.name,
        material_type=known.material_type,
        preset_tags=known.preset_tags,
        tags=known.tags,
        file=rows.file_from(file[0]) if file else None,
        links=tuple(map(rows.link_from, mine.rows(links, links.c.material_id == material_id))),
        doubts=tuple(map(rows.doubt_from, own)),
        in_doubt=class_in_doubt or bool(own),
        created_at=known.created_at,
        created_seq=known.created_seq,
        changed_at=known.changed_at,
        changed_seq=known.changed_seq,
        confirmed_at=known.confirmed_at,
    )


class _Mine:
    """Reads rows of one platform's live generation, as `mirror.store.rows` takes them."""

    def __init__(self, connection: sa.Connection, platform: str) -> None:
        self._connection = connection
        self._platform = platform
        self._generation = live_generation(connection, platform)

    def rows(self, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> list[sa.Row[Any]]:
        columns = list(table.columns)[2:]
        query = sa.select(*columns).where(
            table.c.platform == self._platform,
            table.c.generation == self._generation,
            *conditions,
        )
        return list(self._connection.execute(query.order_by(*table.primary_key)))
