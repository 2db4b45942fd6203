"""How each event changes the library: one module a family, one function an event.

Pure: what a transition decides follows from the event and the rows in the library alone.
"""

from __future__ import annotations

from typing import assert_never

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
from mirror.core.library import Library
from mirror.core.transitions import (
    class_moves,
    classes,
    creations,
    material_moves,
    materials,
    observations,
    observed_materials,
    projects,
)


def decide(library: Library, event: Event) -> str | None:  # noqa: C901 - one arm for each event
    """Change the library as the event says; return a remark on how it was read, or None.

    Raises `NotLoaded` when rows are missing from memory; the caller takes back what was changed, loads and repeats.
    """
    match event:
        case FileCreated():
            creations.file_created(library, event)
        case MaterialsImported():
            creations.materials_imported(library, event)
        case MaterialsAdded():
            creations.materials_added(library, event)
        case MaterialsMoved():
            material_moves.materials_moved(library, event)
        case MaterialModified():
            materials.material_modified(library, event)
        case MaterialsDeleted():
            materials.materials_deleted(library, event)
        case ClassCreated():
            return classes.class_created(library, event)
        case ClassesMoved():
            return class_moves.classes_moved(library, event)
        case ClassesDeleted():
            return classes.classes_deleted(library, event)
        case ProjectStatusChanged():
            return projects.project_status_changed(library, event)
        case ExportCompleted():
            projects.export_completed(library, event)
        case MaterialsObserved():
            return observed_materials.materials_observed(library, event)
        case MaterialsMissing():
            return observed_materials.materials_missing(library, event)
        case ClassesObserved():
            return observations.classes_observed(library, event)
        case ProjectsObserved():
            return observations.projects_observed(library, event)
        case TasksObserved():
            return observations.tasks_observed(library, event)
        case _:
            assert_never(event)
    return None
