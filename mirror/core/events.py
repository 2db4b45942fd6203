"""What can happen: one frozen value for each thing a delivery may say, and the union of them all.

Owners and paths in events are normalised. Ids in sets are unique and keep their order.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from mirror.core.model import FileId, MaterialId, Owner, Place, ProjectId, Seq, TaskId

Category = Literal["STREAM_CONNECT", "SWITCHER", "MEDIA_CAST"]


class MetaData(Struct, frozen=True):
    """Technical facts of a VOD file; None is not known."""

    size_bytes: int | None = None
    duration_seconds: float | None = None
    width: int | None = None
    height: int | None = None
    container: str | None = None
    bitrate: int | None = None


class FileCreated(Struct, frozen=True):
    """`Storage.NewFileCreated`: a new VOD file and the material that shows it."""

    file_id: FileId | None
    material_id: MaterialId
    place: Place
    operation_type: str | None = None
    task_id: str | None = None
    source_context: str | None = None


class ImportedMaterial(Struct, frozen=True):
    """One member of `MediaInfoSet`; some senders give the material id alone."""

    material_id: MaterialId
    file_id: FileId | None = None


class MaterialsImported(Struct, frozen=True):
    """`Material.Imported`: materials made from VOD files that existed before."""

    materials: tuple[ImportedMaterial, ...]
    place: Place


class MaterialsAdded(Struct, frozen=True):
    """`Material.Added`: copies or links; the event does not say which."""

    material_ids: tuple[MaterialId, ...]
    place: Place


class MaterialsMoved(Struct, frozen=True):
    """`Material.Moved`."""

    material_ids: tuple[MaterialId, ...]
    source: Place
    destination: Place


class MaterialModified(Struct, frozen=True):
    """`Material.Modified`: an empty field is not changed."""

    material_id: MaterialId
    name: str | None = None
    preset_tags: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class MaterialsDeleted(Struct, frozen=True):
    """`Material.Deleted`."""

    material_ids: tuple[MaterialId, ...]


class ClassCreated(Struct, frozen=True):
    """`Class.Created`."""

    place: Place


class ClassesMoved(Struct, frozen=True):
    """`Class.Moved`: the destination exists (they move into it) or not (the one class is renamed); it does not say."""

    source_owner: Owner
    source_paths: tuple[str, ...]
    destination: Place


class ClassesDeleted(Struct, frozen=True):
    """`Class.Deleted`."""

    owner: Owner
    paths: tuple[str, ...]


class ProjectStatusChanged(Struct, frozen=True):
    """A status event of a stream-connect, switcher or media-cast project.

    `interrupted_input` and `interrupted_output` name the part that an interruption is about.
    """

    category: Category
    project_id: ProjectId
    status: str
    interrupted_input: str | None = None
    interrupted_output: str | None = None
    detail: str | None = None


class ExportOutput(Struct, frozen=True):
    """What an export made."""

    material_id: MaterialId | None = None
    file_id: FileId | None = None
    url: str | None = None
    cover_url: str | None = None
    metadata: MetaData = MetaData()


class ExportCompleted(Struct, frozen=True):
    """`Task.VideoExportCompleted`."""

    task_id: TaskId
    status: str
    err_code: int | None = None
    err_msg: str | None = None
    output: ExportOutput | None = None


class ObservedLink(Struct, frozen=True):
    """Where an observed link points."""

    kind: Literal["material", "class"]
    target_material_id: MaterialId | None = None
    target_place: Place | None = None
    status: str | None = None


class ObservedMaterial(Struct, frozen=True):
    """A material as the platform's API showed it. None is not known and changes nothing."""

    material_id: MaterialId
    place: Place
    name: str | None = None
    material_type: str | None = None
    preset_tags: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    file_id: FileId | None = None
    operation_type: str | None = None
    metadata: MetaData = MetaData()
    url: str | None = None
    cover_url: str | None = None
    link: ObservedLink | None = None


class MaterialsObserved(Struct, frozen=True):
    """`Mirror.Materials.Observed`. `as_of_seq` is the journal's head when the API read began."""

    as_of_seq: Seq
    materials: tuple[ObservedMaterial, ...]
    sample: bool = False  # drawn at random, to estimate how many rows are wrong


class MaterialsMissing(Struct, frozen=True):
    """`Mirror.Materials.Missing`: asked for by id and not there."""

    as_of_seq: Seq
    material_ids: tuple[MaterialId, ...]
    sample: bool = False


class ClassesObserved(Struct, frozen=True):
    """`Mirror.Classes.Observed`: the complete set of one owner's classes."""

    as_of_seq: Seq
    owner: Owner
    paths: tuple[str, ...]
    media_as_of_seq: Seq | None = None  # the media below were read since then (default: as_of_seq)


class ObservedProject(Struct, frozen=True):
    """A project as the platform's API showed it."""

    project_id: ProjectId
    category: str | None = None
    name: str | None = None
    status: str | None = None


class ProjectsObserved(Struct, frozen=True):
    """`Mirror.Projects.Observed`. A `complete` one lists every project there is."""

    as_of_seq: Seq
    complete: bool
    projects: tuple[ObservedProject, ...]


class ObservedTask(Struct, frozen=True):
    """An export task as the platform's API showed it."""

    task_id: TaskId
    status: str | None = None
    err_code: int | None = None
    err_msg: str | None = None
    material_id: MaterialId | None = None
    file_id: FileId | None = None


class TasksObserved(Struct, frozen=True):
    """`Mirror.Tasks.Observed`."""

    as_of_seq: Seq
    tasks: tuple[ObservedTask, ...]


Observation = (
    MaterialsObserved | MaterialsMissing | ClassesObserved | ProjectsObserved | TasksObserved
)
ClassEvent = ClassCreated | ClassesMoved | ClassesDeleted
Event = (
    FileCreated
    | MaterialsImported
    | MaterialsAdded
    | MaterialsMoved
    | MaterialModified
    | MaterialsDeleted
    | ClassEvent
    | ProjectStatusChanged
    | ExportCompleted
    | Observation
)


class Decoded(Struct, frozen=True):
    """A delivery that was understood; `event_type` is the platform's spelling of it, canonical."""

    event_type: str
    event: Event


class Undecoded(Struct, frozen=True):
    """A delivery that was not: unrecognised or quarantined, with the reason. `event_type` is as given, if readable."""

    outcome: Literal["unrecognised", "quarantined"]
    reason: str
    event_type: str | None = None
