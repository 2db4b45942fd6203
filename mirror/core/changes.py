"""What a delivery changed, as people see it: one change for each row whose public fields differ.

A change holds changed fields only: an insert has no `before`, a delete no `after`. Times and journal places of the
rows themselves are not part of it; the change's own delivery tells them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from mirror.core.library import Library
from mirror.core.model import (
    ClassId,
    Link,
    Material,
    MediaClass,
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
_TASK = ("status", "err_code", "err_msg", "material_id", "file_id", "url")


def settle_changes(library: Library) -> list[Change]:
    """Return what the current delivery changed, in the order of first touch, and stamp the changed rows with it."""
    first: dict[tuple[Shelf[Any, Any], Any], Any] = {}
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
        entity, describe = described
        change = _change(
            entity,
            str(key),
            None if old is None else describe(library, old, first),
            None if new is None else describe(library, new, None),
        )
        if change is None:
            continue
        found.append(change)
        if new is not None:
            shelf.put(key, _stamp(library, new, change))
    return found


def _stamp(library: Library, row: Any, change: Change) -> Any:  # noqa: ANN401 - any stamped row
    stamped = replace(row, changed_at=library.now, changed_seq=library.seq)
    if isinstance(row, Project) and change.before is not None:
        parts = {
            "status",
            "running",
            "pvw_on",
            "pgm_on",
            "interrupted_inputs",
            "interrupted_outputs",
        }
        if parts.isdisjoint(change.before) and parts.isdisjoint(change.after or ()):
            return stamped
    if isinstance(row, Project) and row.status is not None:
        return replace(stamped, status_at=library.now)
    return stamped


def _change(entity: Entity, key: str, before: Fields | None, after: Fields | None) -> Change | None:
    if before is None and after is None:
        return None
    if before is None:
        return Change(entity, key, "insert", None, _known(after or {}))
    if after is None:
        return Change(entity, key, "delete", _known(before), None)
    if before == after:
        return None
    names = [n for n in after if before[n] != after[n]]
    return Change(
        entity,
        key,
        "update",
        {n: before[n] for n in names},
        {n: after[n] for n in names},
    )


def _known(fields: Fields) -> Fields:
    return {n: v for n, v in fields.items() if v is not None and v != ()}


Earlier = dict[tuple[Shelf[Any, Any], Any], Any] | None
"""Rows as they were before the delivery, where it touched them; None describes the state now."""


def _class_at(library: Library, class_id: ClassId | None, earlier: Earlier) -> MediaClass | None:
    if class_id is None:
        return None
    if earlier is not None:
        old: MediaClass | None = earlier.get((library.classes, class_id))
        if old is not None:
            return old
    return library.classes.get(class_id)


def _describe_class(_library: Library, row: MediaClass, _: Earlier) -> Fields:
    return {
        "owner_type": row.owner.type,
        "owner_id": row.owner.id,
        "class_path": row.path,
        "parent_id": row.parent_id,
        "origin": row.origin,
    }


def _describe_material(library: Library, row: Material, earlier: Earlier) -> Fields:
    fields: Fields = {name: getattr(row, name) for name in _MATERIAL}
    here = _class_at(library, row.class_id, earlier)
    fields["owner_type"] = here.owner.type if here else None
    fields["owner_id"] = here.owner.id if here else None
    # A class above that moves is that class's change, not the material's: the path is told with class_id only.
    fields["class_path"] = here.path if here else None
    last = row.last_place
    fields["last_owner_type"] = last.owner.type if last else None
    fields["last_owner_id"] = last.owner.id if last else None
    fields["last_class_path"] = last.path if last else None
    return fields


def _attributes(names: tuple[str, ...]) -> Callable[[Library, Any, Earlier], Fields]:
    def describe(_: Library, row: Any, __: Earlier) -> Fields:  # noqa: ANN401 - any row with these fields
        return {name: getattr(row, name) for name in names}

    return describe


_DESCRIBED: dict[str, tuple[Entity, Callable[[Library, Any, Earlier], Fields]]] = {
    "classes": ("class", _describe_class),
    "materials": ("material", _describe_material),
    "files": ("file", _attributes(_FILE)),
    "projects": ("project", _attributes(_PROJECT)),
    "tasks": ("task", _attributes(_TASK)),
}


def _link_changes(
    library: Library, key: str, old: tuple[Link, ...], new: tuple[Link, ...], earlier: Earlier
) -> Iterator[Change]:
    before = {(link.kind, link.class_id): _describe_link(library, link, earlier) for link in old}
    after = {(link.kind, link.class_id): _describe_link(library, link, None) for link in new}
    for identity in {**before, **after}:
        change = _change("link", key, before.get(identity), after.get(identity))
        if change is not None:
            yield change


def _describe_link(library: Library, link: Link, earlier: Earlier) -> Fields:
    here = _class_at(library, link.class_id, earlier)
    target = link.target_place
    return {
        "kind": link.kind,
        "class_id": link.class_id,
        "owner_type": here.owner.type if here else None,
        "owner_id": here.owner.id if here else None,
        "class_path": here.path if here else None,
        "target_material_id": link.target_material_id,
        "target_owner_type": target.owner.type if target else None,
        "target_owner_id": target.owner.id if target else None,
        "target_class_path": target.path if target else None,
        "status": link.status,
    }
