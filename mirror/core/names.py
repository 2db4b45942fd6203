"""Tells which things an event names: what a batch must load before it can be applied."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar, assert_never

from msgspec import Struct

from mirror.core.events import (
    ClassCreated,
    ClassesDeleted,
    ClassesMoved,
    ClassesObserved,
    Event,
    ExportCompleted,
    FileCreated,
    MaterialModified,
    MaterialsAdded,
    MaterialsDeleted,
    MaterialsImported,
    MaterialsMissing,
    MaterialsMoved,
    MaterialsObserved,
    ProjectsObserved,
    ProjectStatusChanged,
    TasksObserved,
)
from mirror.core.model import FileId, MaterialId, Owner, ProjectId, TaskId

_Key = TypeVar("_Key")


class Names(Struct, frozen=True):
    """The keys that one event names, each once, in the order in which it names them.

    Owners: Owner, or SourceOwner and then DestinationOwner. The targets of observed links are not
    named: a link only says where it points. A file's task and project are facts about the file.
    """

    owners: tuple[Owner, ...] = ()
    material_ids: tuple[MaterialId, ...] = ()
    file_ids: tuple[FileId, ...] = ()
    project_ids: tuple[ProjectId, ...] = ()
    task_ids: tuple[TaskId, ...] = ()


def named(event: Event) -> Names:  # noqa: C901 - one arm for each event
    """Return what `event` names."""
    match event:
        case FileCreated(file_id=file_id, material_id=material_id, place=place):
            return Names((place.owner,), (material_id,), _given(file_id))
        case MaterialsImported(materials=imported, place=place):
            return Names(
                (place.owner,),
                tuple(m.material_id for m in imported),
                _unique(m.file_id for m in imported),
            )
        case MaterialsAdded(material_ids=material_ids, place=place):
            return Names((place.owner,), material_ids)
        case MaterialsMoved(material_ids=material_ids, source=source, destination=destination):
            return Names(_both(source.owner, destination.owner), material_ids)
        case MaterialModified(material_id=material_id):
            return Names((), (material_id,))
        case MaterialsDeleted(material_ids=material_ids):
            return Names((), material_ids)
        case ClassCreated(place=place):
            return Names((place.owner,))
        case ClassesMoved(source_owner=owner, destination=destination):
            return Names(_both(owner, destination.owner))
        case ClassesDeleted(owner=owner):
            return Names((owner,))
        case ProjectStatusChanged(project_id=project_id):
            return Names(project_ids=(project_id,))
        case ExportCompleted(task_id=task_id, output=output):
            if output is None:
                return Names(task_ids=(task_id,))
            return Names((), _given(output.material_id), _given(output.file_id), (), (task_id,))
        case MaterialsObserved(materials=observed):
            return Names(
                _unique(m.place.owner for m in observed),
                tuple(m.material_id for m in observed),
                _unique(m.file_id for m in observed),
            )
        case MaterialsMissing(material_ids=material_ids):
            return Names((), material_ids)
        case ClassesObserved(owner=owner):
            return Names((owner,))
        case ProjectsObserved(projects=projects):
            return Names(project_ids=tuple(p.project_id for p in projects))
        case TasksObserved(tasks=tasks):
            return Names(
                (),
                _unique(t.material_id for t in tasks),
                _unique(t.file_id for t in tasks),
                (),
                tuple(t.task_id for t in tasks),
            )
        case _:
            assert_never(event)


def _both(source: Owner, destination: Owner) -> tuple[Owner, ...]:
    return (source,) if source == destination else (source, destination)


def _given(key: _Key | None) -> tuple[_Key, ...]:
    return () if key is None else (key,)


def _unique(keys: Iterable[_Key | None]) -> tuple[_Key, ...]:
    return tuple(dict.fromkeys(key for key in keys if key is not None))
