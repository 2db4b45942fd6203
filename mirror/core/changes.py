"""What a delivery changed, as people see it: one change for each row whose public fields differ.

A change holds changed fields only: an insert has no `before`, a delete no `after`. Times and journal places of the
rows themselves are not part of it; the change's own delivery tells them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from mirror.core.library import Library
from mirror.core.model import (
    ClassId,
    Link,
    Material,
    MediaClass,
    Place,
    Project,
)
from mirror.core.shelf import Shelf

Fields = dict[str, Any]
Entity = Literal["class", "material", "file", "link", "project", "task"]
Operation = Literal["insert", "update", "delete"]


class Change(Struct, frozen=True):
    """One decided effect on one row."""

    entity: Entity
    key: str
    op: Operation
    before: Fields | None
    after: Fields | None


Values = tuple[Any, ...]
"""What a row shows, in the order of its names."""

Touched = dict[tuple[Shelf[Any, Any], Any], Any]
Earlier = Touched | None
"""Rows as they were before the delivery, where it touched them; None describes the state now."""

_CLASS = ("owner_type", "owner_id", "class_path", "parent_id", "origin")
_PLACE = ("owner_type", "owner_id", "class_path")
_LAST_PLACE = ("last_owner_type", "last_owner_id", "last_class_path")
_NOWHERE = (None, None, None)
_LINK = (
    "kind",
    "class_id",
    *_PLACE,
    "target_material_id",
    "target_owner_type",
    "target_owner_id",
    "target_class_path",
    "status",
)
_MATERIAL = (
    "state",
    "class_id",
    "origin",
    "name",
    "material_type",
    "file_id",
    "preset_tags",
    "tags",
)
_FILE = (
    "operation_type",
    "task_id",
    "project_id",
    "size_bytes",
    "duration_seconds",
    "width",
    "height",
    "container",
    "bitrate",
)
_PROJECT = (
    "category",
    "name",
    "status",
    "running",
    "pvw_on",
    "pgm_on",
    "interrupted_inputs",
    "interrupted_outputs",
    "gone",
)
_STATUS = {
    "status",
    "running",
    "pvw_on",
    "pgm_on",
    "interrupted_inputs",
    "interrupted_outputs",
}
"""Changes of these are a change of a project's status."""
_TASK = ("status", "err_code", "err_msg", "material_id", "file_id", "url")


def settle_changes(library: Library) -> list[Change]:
    """Return what the current delivery changed, in the order of first touch, and stamp the changed rows with it."""
    first: Touched = {}
    for shelf, key, old in library.ledger.entries:
        first.setdefault((shelf, key), old)
    found: list[Change] = []
    for (shelf, key), old in first.items():
        new = shelf.rows.get(key)
        if old is new:
            continue
        if shelf is library.links:
            found.extend(_link_changes(library, key, old or (), new or (), first))
            continue
        described = _DESCRIBED.get(shelf.name)
        if described is None:
            continue
        entity, names, describe = described
        change = _change(
            entity,
            str(key),
            names,
            None if old is None else describe(library, old, first),
            None if new is None else describe(library, new, None),
        )
        if change is None:
            continue
        found.append(change)
        if new is not None:
            shelf.stamp(key, _stamped(library, new, change))
    return found


def _stamped(library: Library, row: Any, change: Change) -> Any:  # noqa: ANN401 - any stamped row
    stamped = replace(row, changed_at=library.now, changed_seq=library.seq)
    if not isinstance(row, Project):
        return stamped
    if change.before is not None and _STATUS.isdisjoint({*change.before, *(change.after or ())}):
        return stamped
    return stamped if row.status is None else replace(stamped, status_at=library.now)


def _change(
    entity: Entity, key: str, names: tuple[str, ...], before: Values | None, after: Values | None
) -> Change | None:
    if before == after:
        return None
    if before is None:
        return Change(entity, key, "insert", None, _known(names, after or ()))
    if after is None:
        return Change(entity, key, "delete", _known(names, before), None)
    was: Fields = {}
    now: Fields = {}
    for name, old, new in zip(names, before, after, strict=True):
        if old != new:
            was[name] = old
            now[name] = new
    return Change(entity, key, "update", was, now)


def _known(names: tuple[str, ...], values: Values) -> Fields:
    return {n: v for n, v in zip(names, values, strict=True) if v is not None and v != ()}


def _class_at(library: Library, class_id: ClassId | None, earlier: Earlier) -> MediaClass | None:
    if class_id is None:
        return None
    if earlier is not None:
        old: MediaClass | None = earlier.get((library.classes, class_id))
        if old is not None:
            return old
    return library.classes.get(class_id)


def _describe_class(_library: Library, row: MediaClass, _: Earlier) -> Values:
    return (*row.owner, row.path, row.parent_id, row.origin)


def _described_place(place: Place | None) -> Values:
    return _NOWHERE if place is None else (*place.owner, place.path)


def _describe_material(library: Library, row: Material, earlier: Earlier) -> Values:
    # A class above that moves is that class's change, not the material's: the path is told with class_id only.
    here = _class_at(library, row.class_id, earlier)
    shown = _NOWHERE if here is None else (*here.owner, here.path)
    return (*_material(row), *shown, *_described_place(row.last_place))


def _describe_link(library: Library, link: Link, earlier: Earlier) -> Values:
    here = _class_at(library, link.class_id, earlier)
    shown = _NOWHERE if here is None else (*here.owner, here.path)
    target = _described_place(link.target_place)
    return (link.kind, link.class_id, *shown, link.target_material_id, *target, link.status)


def _attributes(names: tuple[str, ...]) -> Callable[[Library, Any, Earlier], Values]:
    values = attrgetter(*names)

    def describe(_: Library, row: Any, __: Earlier) -> Values:  # noqa: ANN401 - any row with these fields
        described: Values = values(row)
        return described

    return describe


_material = attrgetter(*_MATERIAL)

_DESCRIBED: dict[str, tuple[Entity, tuple[str, ...], Callable[[Library, Any, Earlier], Values]]] = {
    "classes": ("class", _CLASS, _describe_class),
    "materials": ("material", (*_MATERIAL, *_PLACE, *_LAST_PLACE), _describe_material),
    "files": ("file", _FILE, _attributes(_FILE)),
    "projects": ("project", _PROJECT, _attributes(_PROJECT)),
    "tasks": ("task", _TASK, _attributes(_TASK)),
}


def _link_changes(
    library: Library, key: str, old: tuple[Link, ...], new: tuple[Link, ...], earlier: Earlier
) -> Iterator[Change]:
    before = {(link.kind, link.class_id): _describe_link(library, link, earlier) for link in old}
    after = {(link.kind, link.class_id): _describe_link(library, link, None) for link in new}
    for identity in {**before, **after}:
        change = _change("link", key, _LINK, before.get(identity), after.get(identity))
        if change is not None:
            yield change
