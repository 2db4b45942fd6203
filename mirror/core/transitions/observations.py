"""Classes, projects and tasks that reconciliation read from the platform, as of a place in the journal.

What a delivery after that place named is left alone: the feed knows it better.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from mirror.core import corrections, paths
from mirror.core.events import (
    ClassesObserved,
    ObservedProject,
    ObservedTask,
    ProjectsObserved,
    TasksObserved,
)
from mirror.core.library import Library
from mirror.core.memory import INFERRED_CLASS, ensure_root, is_preset, record
from mirror.core.model import (
    MediaClass,
    Place,
    Project,
    ProjectId,
    Task,
)
from mirror.core.shelf import NotLoaded
from mirror.core.transitions.classes import observed_class, remove
from mirror.core.transitions.files import fill_file
from mirror.core.transitions.observed_materials import skipped_remark
from mirror.core.transitions.projects import NOT_INTERRUPTED, UNKNOWN_STATUS
from mirror.core.transitions.repeats import STATUS_AGAIN


def classes_observed(library: Library, event: ClassesObserved) -> str | None:
    """Apply the complete set of an owner's classes."""
    library.as_of = event.as_of_seq
    root = ensure_root(library, event.owner)
    if record(library, event.owner).structure_seq > library.as_of:
        return skipped_remark([f"classes of {event.owner.type}:{event.owner.id}"])
    wanted = {paths.ROOT}.union(*(paths.upwards(path) for path in event.paths))
    misread = any(library.class_doubts(row.class_id) for row in library.subtree(root))
    for path in (paths.ROOT, *event.paths):
        place = Place(event.owner, path)
        if library.standing(place) is None:
            corrections.class_missed(library, place, misread=misread)
        observed_class(library, place)
    for path in sorted(set(library.tree(event.owner)).difference(wanted)):
        extra = library.standing(Place(event.owner, path))
        if extra is not None and not _is_hidden(library, extra, wanted):
            corrections.class_gone(library, extra, misread=misread)
            remove(library, extra, lose=False)
    until = event.as_of_seq if event.media_as_of_seq is None else event.media_as_of_seq
    for row in library.subtree(root):
        library.settle("class", str(row.class_id), INFERRED_CLASS)
        library.settle_older("class", str(row.class_id), until)
    library.owners.put(
        event.owner, replace(record(library, event.owner), observed_seq=library.as_of)
    )
    return None


def _is_hidden(library: Library, row: MediaClass, wanted: set[str]) -> bool:
    """Tell whether a class may be there though it was not listed: an API that lists no preset at all hides them."""
    return is_preset(library, row.place) and wanted.isdisjoint(library.rules.presets)


def projects_observed(library: Library, event: ProjectsObserved) -> str | None:
    """Apply projects as the platform's API listed them; a complete listing tells which are gone."""
    if event.complete and not library.all_projects_loaded:
        raise NotLoaded("all_projects", ())
    library.as_of = event.as_of_seq
    skipped = [seen.project_id for seen in event.projects if not _observe_project(library, seen)]
    if event.complete:
        _mark_gone(library, {seen.project_id for seen in event.projects})
    return skipped_remark(skipped)


def _observe_project(library: Library, seen: ObservedProject) -> bool:
    known = library.projects.get(seen.project_id)
    if known is not None and known.named_seq > library.as_of:
        return False
    corrections.project_seen(library, known, seen)
    row = known or Project(seen.project_id, library.now, library.seq)
    said = {
        name: value
        for name in ("category", "name", "status")
        if (value := getattr(seen, name)) is not None
    }
    library.settle("project", seen.project_id, UNKNOWN_STATUS, STATUS_AGAIN)
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
    return skipped_remark(skipped)


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
