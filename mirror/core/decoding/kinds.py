"""The table of event types: how each is spelled, where its payload is and what reads it."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from mirror.core.decoding import classes, materials, observations, projects, tasks
from mirror.core.decoding.fields import Record
from mirror.core.events import Event


class Kind(Struct, frozen=True):
    """An event type. `needed` and `optional` are the fields that its payload has in platform.md."""

    event_type: str
    key: str
    read: Callable[[Record], Event]
    needed: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()

    def fits(self, payload: Record) -> bool:
        """Tell whether `payload` has every needed field and none that is not this event's."""
        present = {field for field, value in payload.items() if value is not None}
        return bool(self.needed) and self.needed <= present <= self.needed | self.optional


def _kind(
    event_type: str, key: str, read: Callable[[Record], Event], needed: str, optional: str = ""
) -> Kind:
    return Kind(event_type, key, read, frozenset(needed.split()), frozenset(optional.split()))


PLATFORM_KINDS: tuple[Kind, ...] = (
    _kind(
        "Storage.NewFileCreated",
        "StorageNewFileCreatedEvent",
        materials.file_created,
        "FileId MaterialId OperationType Owner ClassPath",
        "TaskId SourceContext Operator",
    ),
    _kind(
        "Material.Imported",
        "MaterialImportedEvent",
        materials.materials_imported,
        "MediaInfoSet Owner ClassPath",
    ),
    _kind(
        "Material.Added",
        "MaterialAddedEvent",
        materials.materials_added,
        "MaterialIdSet Owner ClassPath",
        "",
    ),
    _kind(
        "Material.Moved",
        "MaterialMovedEvent",
        materials.materials_moved,
        "MaterialIdSet SourceOwner SourceClassPath DestinationOwner DestinationClassPath",
    ),
    _kind(
        "Material.Modified",
        "MaterialModifiedEvent",
        materials.material_modified,
        "MaterialId",
        "Name PresetTagIdSet TagSet",
    ),
    _kind("Material.Deleted", "MaterialDeletedEvent", materials.materials_deleted, "MaterialIdSet"),
    _kind("Class.Created", "ClassCreatedEvent", classes.class_created, "Owner ClassPath"),
    _kind(
        "Class.Moved",
        "ClassMovedEvent",
        classes.classes_moved,
        "SourceOwner SourceClassPathSet DestinationOwner DestinationClassPath",
    ),
    _kind(
        "Class.Deleted",
        "ClassDeletedEvent",
        classes.classes_deleted,
        "Owner",
        "ClassPathSet SourceClassPathSet",
    ),
    _kind(
        "Project.StreamConnect.StatusChanged",
        "ProjectStreamConnectStatusChangedEvent",
        projects.stream_connect_changed,
        "ProjectId Status",
        "InputInterruptInfo OutputInterruptInfo",
    ),
    _kind(
        "Project.Switcher.StatusChanged",
        "ProjectSwitcherStatusChangedEvent",
        projects.switcher_changed,
        "ProjectId Status",
    ),
    _kind(
        "Project.MediaCast.StatusChanged",
        "ProjectMediaCastStatusChangedEvent",
        projects.media_cast_changed,
        "ProjectId Status",
        "SourceInterruptInfo DestinationInterruptInfo",
    ),
    _kind(
        "Task.VideoExportCompleted",
        "VideoExportCompletedEvent",
        tasks.export_completed,
        "TaskId Status",
        "ErrCode ErrMsg Output",
    ),
)

OBSERVATION_KINDS: tuple[Kind, ...] = (
    Kind(
        "Mirror.Materials.Observed",
        "MirrorMaterialsObservedEvent",
        observations.materials_observed,
    ),
    Kind("Mirror.Materials.Missing", "MirrorMaterialsMissingEvent", observations.materials_missing),
    Kind("Mirror.Classes.Observed", "MirrorClassesObservedEvent", observations.classes_observed),
    Kind("Mirror.Projects.Observed", "MirrorProjectsObservedEvent", observations.projects_observed),
    Kind("Mirror.Tasks.Observed", "MirrorTasksObservedEvent", observations.tasks_observed),
)
