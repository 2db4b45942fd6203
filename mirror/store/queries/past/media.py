"""Materials as they were at a moment, class by class, and those that were in no class."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from msgspec import UNSET, Struct, UnsetType, json

from mirror.core.model import ClassId, MaterialId
from mirror.store.queries.past.classes import Standing
from mirror.store.queries.past.moment import Moment, raw
from mirror.store.queries.past.rows import GoneRow, MaterialRow
from mirror.store.queries.past.things import MATERIAL, Thing, mine, things
from mirror.store.schema import changes, classes, materials

# Made from fields by name, which no type checker can count.
_gone_row: Callable[..., GoneRow] = GoneRow

ABSENT = 0
"""In place of a class id: the material was not there yet."""


class _Said(Struct):
    class_id: int | UnsetType | None = UNSET
    file_id: str | UnsetType | None = UNSET


_said: Callable[[str], _Said] = json.Decoder(_Said).decode


class Whereabouts:
    """Where every material was that has come, gone or moved between a moment and the nearer end of the log."""

    def __init__(self, connection: sa.Connection, at: Moment) -> None:
        self._connection = connection
        self._at = at
        self.places: dict[str, int | None] = {}  # None: it was in no class
        self.files: dict[str, str | None] = {}  # of those whose file has changed, too
        for row in raw(connection, at, MATERIAL.entity, None, _TELLING):
            told = row.after if at.early else row.before
            if told is None:
                self.places[row.key] = ABSENT
                continue
            said = _said(told)
            if said.class_id is not UNSET:
                self.places[row.key] = said.class_id
            elif at.early and row.op == "insert":
                self.places[row.key] = None
            if said.file_id is not UNSET:
                self.files[row.key] = said.file_id
        self._inside: dict[int | None, list[str]] = {}
        for material_id in sorted(self.places):
            self._inside.setdefault(self.places[material_id], []).append(material_id)

    def members(
        self, class_id: ClassId | None, after: str | None = None, limit: int | None = None
    ) -> list[str]:
        """The first materials of a class, by id; of None, those that were in no class."""
        came = self._inside.get(class_id, [])
        came = came[0 if after is None else bisect_right(came, after) :]
        stayed: list[str] = []
        if not self._at.early:
            for material_id in self._here(class_id, after):
                if material_id not in self.places:
                    stayed.append(material_id)
                    if limit is not None and len(stayed) >= limit:
                        break
        return sorted([*came, *stayed])[:limit]

    def _here(self, class_id: ClassId | None, after: str | None) -> Iterator[str]:
        """The materials that are in it today."""
        while True:
            query = sa.select(materials.c.material_id).where(
                *mine(self._at, materials), materials.c.class_id == class_id
            )
            if after is not None:
                query = query.where(materials.c.material_id > after)
            some = self._connection.execute(
                query.order_by(materials.c.material_id).limit(_FETCHED)
            ).scalars()
            found = some.all()
            yield from found
            if len(found) < _FETCHED:
                return
            after = found[-1]

    def occupied(self, class_ids: Sequence[ClassId]) -> set[ClassId]:
        """The classes that held anything, and perhaps some that did not."""
        found = {class_id for class_id in class_ids if class_id in self._inside}
        if not self._at.early:
            here = sa.exists().where(
                *mine(self._at, materials), materials.c.class_id == classes.c.class_id
            )
            query = sa.select(classes.c.class_id).where(
                *mine(self._at, classes), classes.c.class_id.in_(class_ids), here
            )
            found.update(self._connection.execute(query).scalars())
        return found

    def live_with(self, file_ids: Collection[str]) -> dict[str, int]:
        """How many live materials showed each file."""
        counts = dict.fromkeys(file_ids, 0)
        if not self._at.early:
            query = sa.select(
                materials.c.material_id, materials.c.file_id, materials.c.class_id
            ).where(*mine(self._at, materials), materials.c.file_id.in_(list(file_ids)))
            for material_id, file_id, class_id in self._connection.execute(query):
                if material_id not in self.files and self.places.get(material_id, class_id):
                    counts[file_id] += 1
        others = [m for m, file_id in self.files.items() if file_id in counts]
        unmoved = [m for m in others if m not in self.places]
        today = _classes_of(self._connection, self._at, unmoved)
        for material_id in others:
            if self.places.get(material_id, today.get(material_id)):
                counts[str(self.files[material_id])] += 1
        return counts


_FETCHED = 500
_TELLING = sa.or_(
    changes.c.op != "update",
    changes.c.before.contains('"class_id":'),
    changes.c.before.contains('"file_id":'),
)
"""Changes that tell where a material is or which file it shows; a name like this is read in vain, no more."""


def _classes_of(
    connection: sa.Connection, at: Moment, keys: Collection[str]
) -> dict[str, int | None]:
    found = things(connection, at, MATERIAL, keys)
    return {key: thing.fields.get("class_id") for key, thing in found.items()}


def material_rows(
    connection: sa.Connection,
    at: Moment,
    material_ids: Collection[str],
    places: dict[ClassId, Standing],
) -> list[MaterialRow]:
    """Live materials as `media_tree` would have shown them."""
    found = things(connection, at, MATERIAL, material_ids)
    return [
        _row(material_id, found[material_id], places[found[material_id].fields["class_id"]])
        for material_id in material_ids
    ]


def _row(material_id: str, thing: Thing, place: Standing) -> MaterialRow:
    fields = thing.fields
    present: dict[str, Any] = thing.present or {}
    return MaterialRow(
        place.owner.type,
        place.owner.id,
        place.class_id,
        place.path,
        MaterialId(material_id),
        fields.get("name"),
        fields.get("material_type"),
        fields.get("file_id"),
        fields["origin"],
        thing.texts("preset_tags"),
        thing.texts("tags"),
        present["created_at"],
        thing.changed_at,
        present["created_seq"],
        thing.changed_seq,
    )


def gone_rows(
    connection: sa.Connection, at: Moment, material_ids: Collection[str]
) -> list[GoneRow]:
    """Materials in no class as `media_gone` would have shown them."""
    found = things(connection, at, MATERIAL, material_ids)
    return [
        _gone_row(
            MaterialId(material_id),
            thing.fields["state"],
            *(thing.fields.get(name) for name in GoneRow.__struct_fields__[2:7]),
            thing.changed_at,
            thing.changed_seq,
        )
        for material_id, thing in found.items()
    ]
