"""What reconciliation read from the platform, as of a place in the journal.

What a delivery after that place named is left alone: the feed knows it better. Locations are left alone, too, where
classes of the owner have changed since.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from mirror.core import paths
from mirror.core.events import (
    ClassesObserved,
    MaterialsMissing,
    MaterialsObserved,
    ObservedMaterial,
    ObservedProject,
    ObservedTask,
    ProjectsObserved,
    TasksObserved,
)
from mirror.core.library import Library
from mirror.core.memory import ensure_literal, ensure_root, record
from mirror.core.model import (
    Link,
    Material,
    MediaClass,
    Owner,
    Place,
    Project,
    ProjectId,
    Task,
)
from mirror.core.shelf import NotLoaded
from mirror.core.transitions.classes import remove, strengthen
from mirror.core.transitions.creations import new_material
from mirror.core.transitions.files import describe_file, fill_file
from mirror.core.transitions.links import drop_placements_of, set_target
from mirror.core.transitions.locations import UNPLACED, place_of, put_in
from mirror.core.transitions.materials import bury
from mirror.core.transitions.projects import NOT_INTERRUPTED, UNKNOWN_STATUS

NEWER = "named by a later delivery: {}"


def materials_observed(library: Library, event: MaterialsObserved) -> str | None:
    """Apply materials as the platform's API showed them."""
    library.as_of = event.as_of_seq
    for owner in _owners(event):
        ensure_root(library, owner)
    skipped = [seen.material_id for seen in event.materials if not _observe(library, seen)]
    return _remark(skipped)


def _owners(event: MaterialsObserved) -> Iterator[Owner]:
    for seen in event.materials:
        yield seen.place.owner
        if seen.link is not None and seen.link.target_place is not None:
            yield seen.link.target_place.owner


def _remark(skipped: list[Any]) -> str | None:
    return NEWER.format(", ".join(map(str, skipped[:5]))) if skipped else None


def _observe(library: Library, seen: ObservedMaterial) -> bool:
    known = library.materials.get(seen.material_id)
    if known is not None and known.named_seq > library.as_of:
        return False
    row = _described(library, known or new_material(library, seen.material_id), seen)
    if row.file_id is not None:
        describe_file(
            library,
            row.file_id,
            seen.metadata,
            url=seen.url,
            cover_url=seen.cover_url,
            operation_type=seen.operation_type,
        )
    if seen.link is not None or seen.material_type not in {None, "LINK"}:
        set_target(library, seen.material_id, _target(seen))
    if _location_is_newer(library, row, seen.place.owner):
        _keep_location(library, row, was_lost=known is None or known.state == "deleted")
    else:
        if library.tangles.get(seen.material_id) is not None:
            library.tangles.put(seen.material_id, None)
        put_in(library, row, observed_class(library, seen.place))
        drop_placements_of(library, seen.material_id)
        library.settle("material", seen.material_id)
    return True


def _described(library: Library, row: Material, seen: ObservedMaterial) -> Material:
    fields: dict[str, Any] = {
        "name": seen.name,
        "material_type": seen.material_type,
        "file_id": seen.file_id,
        "operation_type": row.operation_type or seen.operation_type,
        "preset_tags": None if seen.preset_tags is None else tuple(sorted(set(seen.preset_tags))),
        "tags": None if seen.tags is None else tuple(sorted(set(seen.tags))),
    }
    said = {name: value for name, value in fields.items() if value is not None}
    return replace(
        row,
        origin="event" if row.origin == "event" else "observed",
        named_seq=max(row.named_seq, library.as_of),
        confirmed_at=library.now,
        **said,
    )


def _target(seen: ObservedMaterial) -> Link | None:
    if seen.link is None:
        return None
    return Link(
        seen.material_id,
        seen.link.kind,
        target_material_id=seen.link.target_material_id,
        target_place=seen.link.target_place,
        status=seen.link.status,
    )


def _location_is_newer(library: Library, row: Material, observed: Owner) -> bool:
    owners = {observed}
    here = None if row.class_id is None else place_of(library, row)
    if here is not None:
        library.tree(here.owner)
        owners.add(here.owner)
    return any(record(library, owner).structure_seq > library.as_of for owner in owners)


def _keep_location(library: Library, row: Material, *, was_lost: bool) -> None:
    """Take what was seen but for the place: classes have changed since it was read."""
    library.settle("material", row.material_id, "modified-twice")
    if was_lost:
        row = replace(row, state="detached")
        library.doubt("material", row.material_id, UNPLACED)
    library.materials.put(row.material_id, row)


def observed_class(library: Library, place: Place) -> MediaClass:
    """Return the class that a material was seen in; it and all above it have thereby been seen."""
    row = ensure_literal(library, place, "observed")
    for path in (*paths.upwards(place.path), paths.ROOT):
        above = library.standing(Place(place.owner, path))
        if above is not None and above.origin == "inferred":
            strengthen(library, above, "observed")
    return library.classes.get(row.class_id) or row


def materials_missing(library: Library, event: MaterialsMissing) -> str | None:
    """Apply that materials, asked for by id, were not there."""
    library.as_of = event.as_of_seq
    skipped = []
    for material_id in event.material_ids:
        row = library.materials.get(material_id) or new_material(library, material_id)
        if row.named_seq > library.as_of:
            skipped.append(material_id)
        else:
            named = max(row.named_seq, library.as_of)
            bury(library, replace(row, named_seq=named, confirmed_at=library.now))
    return _remark(skipped)


def classes_observed(library: Library, event: ClassesObserved) -> str | None:
    """Apply the complete set of an owner's classes."""
    library.as_of = event.as_of_seq
    root = ensure_root(library, event.owner)
    if record(library, event.owner).structure_seq > library.as_of:
        return NEWER.format(f"classes of {event.owner.type}:{event.owner.id}")
    wanted = {paths.ROOT}.union(*(paths.upwards(path) for path in event.paths))
    for path in (paths.ROOT, *event.paths):
        observed_class(library, Place(event.owner, path))
    for path in sorted(set(library.tree(event.owner)).difference(wanted)):
        extra = library.standing(Place(event.owner, path))
        if extra is not None:
            remove(library, extra, lose=False)
    for row in library.subtree(root):
        library.settle("class", str(row.class_id))
    library.owners.put(
        event.owner, replace(record(library, event.owner), observed_seq=library.as_of)
    )
    return None


def projects_observed(library: Library, event: ProjectsObserved) -> str | None:
    """Apply projects as the platform's API listed them; a complete listing tells which are gone."""
    if event.complete and not library.all_projects_loaded:
        raise NotLoaded("all_projects", ())
    library.as_of = event.as_of_seq
    skipped = [seen.project_id for seen in event.projects if not _observe_project(library, seen)]
    if event.complete:
        _mark_gone(library, {seen.project_id for seen in event.projects})
    return _remark(skipped)


def _observe_project(library: Library, seen: ObservedProject) -> bool:
    known = library.projects.get(seen.project_id)
    if known is not None and known.named_seq > library.as_of:
        return False
    row = known or Project(seen.project_id, library.now, library.seq)
    said = {
        name: value
        for name in ("category", "name", "status")
        if (value := getattr(seen, name)) is not None
    }
    library.settle("project", seen.project_id, UNKNOWN_STATUS)
    library.projects.put(
        seen.project_id,
        replace(
            row,
            gone=False,
            confirmed_at=library.now,
            named_seq=max(row.named_seq, library.as_of),
            **said,
            **_OBSERVED_PARTS.get(seen.status or "", {}),
        ),
    )
    return True


_NOT_RUNNING = {"running": False, "pvw_on": False, "pgm_on": False, **NOT_INTERRUPTED}
_RUNNING = {"running": True, **NOT_INTERRUPTED}
_OBSERVED_PARTS: dict[str, dict[str, Any]] = {
    "Idle": _NOT_RUNNING,
    "Stopped": _NOT_RUNNING,
    "Working": _RUNNING,
    "Started": _RUNNING,
}
"""What a status that the platform's API tells says of a project's parts; any other says nothing."""


def _mark_gone(library: Library, listed: set[ProjectId]) -> None:
    for project_id in sorted(library.projects.rows):
        row = library.projects.rows[project_id]
        if row is None or row.gone or project_id in listed or row.named_seq > library.as_of:
            continue
        library.settle("project", project_id)
        library.projects.put(project_id, replace(row, gone=True, confirmed_at=library.now))


def tasks_observed(library: Library, event: TasksObserved) -> str | None:
    """Apply export tasks as the platform's API showed them."""
    library.as_of = event.as_of_seq
    skipped = [seen.task_id for seen in event.tasks if not _observe_task(library, seen)]
    return _remark(skipped)


def _observe_task(library: Library, seen: ObservedTask) -> bool:
    known = library.tasks.get(seen.task_id)
    if known is not None and known.named_seq > library.as_of:
        return False
    row = known or Task(seen.task_id, library.now, library.seq)
    said = {
        name: value
        for name in ("status", "err_code", "err_msg", "material_id", "file_id")
        if (value := getattr(seen, name)) is not None
    }
    if seen.file_id is not None:
        fill_file(library, seen.file_id)
    library.tasks.put(
        seen.task_id,
        replace(
            row,
            confirmed_at=library.now,
            named_seq=max(row.named_seq, library.as_of),
            **said,
        ),
    )
    return True
