"""Bytes in; an event, `Unrecognised` or `Quarantined` out, by the rules of platform.md."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.naive.paths import Owner, normalise

MAX_DEPTH = 64
MAX_ID_BYTES = 255
MAX_PATH_BYTES = 2_000

Payload = dict[str, Any]


@dataclass(frozen=True)
class Unrecognised:
    event_type: str


@dataclass(frozen=True)
class Quarantined:
    event_type: str | None
    reason: str


@dataclass(frozen=True)
class Entry:
    """One material of a creation."""

    material_id: str
    file_id: str | None


@dataclass(frozen=True)
class Creation:
    """`Storage.NewFileCreated`, `Material.Imported` and `Material.Added` alike."""

    entries: tuple[Entry, ...]
    owner: Owner
    path: str
    operation_type: str | None = None
    task_id: str | None = None
    project_id: str | None = None


@dataclass(frozen=True)
class MaterialsMoved:
    material_ids: tuple[str, ...]
    source_owner: Owner
    source_path: str
    destination_owner: Owner
    destination_path: str


@dataclass(frozen=True)
class MaterialModified:
    """None and empty both mean: not changed."""

    material_id: str
    name: str | None
    preset_tags: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True)
class MaterialsDeleted:
    material_ids: tuple[str, ...]


@dataclass(frozen=True)
class ClassCreated:
    owner: Owner
    path: str


@dataclass(frozen=True)
class ClassMoved:
    source_owner: Owner
    sources: tuple[str, ...]
    destination_owner: Owner
    destination: str


@dataclass(frozen=True)
class ClassDeleted:
    owner: Owner
    paths: tuple[str, ...]


@dataclass(frozen=True)
class ProjectStatus:
    """`input` and `output` say what an interruption would interrupt."""

    category: str
    project_id: str
    status: str
    input: str = "unknown"
    output: str = "unknown"


@dataclass(frozen=True)
class MetaData:
    size_bytes: int | None = None
    duration_seconds: float | None = None
    width: int | None = None
    height: int | None = None
    container: str | None = None
    bitrate: int | None = None


@dataclass(frozen=True)
class ExportCompleted:
    task_id: str
    status: str
    err_code: int | None
    err_msg: str | None
    material_id: str | None
    file_id: str | None
    metadata: MetaData


@dataclass(frozen=True)
class ObservedLink:
    kind: str
    target_material_id: str | None
    target_owner: Owner | None
    target_class_path: str | None
    status: str | None


@dataclass(frozen=True)
class ObservedMaterial:
    """None means: not known, kept as it is."""

    material_id: str
    owner: Owner
    path: str
    name: str | None
    material_type: str | None
    preset_tags: tuple[str, ...] | None
    tags: tuple[str, ...] | None
    file_id: str | None
    operation_type: str | None
    metadata: MetaData
    link: ObservedLink | None


@dataclass(frozen=True)
class MaterialsObserved:
    as_of_seq: int
    materials: tuple[ObservedMaterial, ...]


@dataclass(frozen=True)
class MaterialsMissing:
    as_of_seq: int
    material_ids: tuple[str, ...]


@dataclass(frozen=True)
class ClassesObserved:
    as_of_seq: int
    owner: Owner
    paths: tuple[str, ...]


@dataclass(frozen=True)
class ObservedProject:
    project_id: str
    name: str | None
    category: str | None
    status: str | None


@dataclass(frozen=True)
class ProjectsObserved:
    as_of_seq: int
    complete: bool
    projects: tuple[ObservedProject, ...]


@dataclass(frozen=True)
class ObservedTask:
    task_id: str
    status: str | None
    err_code: int | None
    err_msg: str | None
    material_id: str | None
    file_id: str | None


@dataclass(frozen=True)
class TasksObserved:
    as_of_seq: int
    tasks: tuple[ObservedTask, ...]


Observation = (
    MaterialsObserved | MaterialsMissing | ClassesObserved | ProjectsObserved | TasksObserved
)
Event = (
    Creation
    | MaterialsMoved
    | MaterialModified
    | MaterialsDeleted
    | ClassCreated
    | ClassMoved
    | ClassDeleted
    | ProjectStatus
    | ExportCompleted
    | Observation
)


class Malformed(Exception):
    """The body cannot be used: which part of it, and why."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what} {why}")


# ------------------------------------------------------------------------------- the body


def decode(body: bytes, source: str) -> tuple[str | None, Event | Unrecognised | Quarantined]:
    """The event type (canonical where it is known) and what the body means."""
    try:
        parsed = parse(body)
    except Malformed as reason:
        return None, Quarantined(None, str(reason))

    # "quarantined (… no `EventType` …)", "`EventType` matches case-insensitively".
    if not isinstance(parsed, dict):
        return None, Quarantined(None, "not an object")
    spelled = parsed.get("EventType")
    if not isinstance(spelled, str) or not spelled or not storable(spelled):
        return None, Quarantined(None, "no EventType")
    kinds = OBSERVATIONS if source == "reconcile" else {}
    for event_type, (payload_key, read) in {**EVENTS, **kinds}.items():
        if event_type.lower() == spelled.lower():
            try:
                return event_type, read_payload(parsed, event_type, payload_key, read)
            except Malformed as reason:
                return event_type, Quarantined(event_type, str(reason))

    # "a JSON object of unknown `EventType`, or a `Mirror.*` type from any source but `reconcile`".
    return spelled, Unrecognised(spelled)


def parse(body: bytes) -> object:
    """“strict UTF-8 JSON without BOM and NaN”, not too deep."""
    try:
        text = body.decode("utf-8", "strict")
        if text.startswith("\ufeff"):
            raise Malformed("body", "begins with a byte order mark")
        value: object = json.loads(text, parse_constant=refuse, parse_float=finite)
        if nesting(value) > MAX_DEPTH:
            raise Malformed("body", "is too deep")
    except (ValueError, RecursionError) as error:
        raise Malformed("body", f"is not strict JSON: {error}") from error
    return value


def refuse(constant: str) -> object:
    raise Malformed(constant, "is no JSON")


def finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise Malformed(digits, "is out of range")
    return number


def nesting(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max((nesting(item) for item in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((nesting(item) for item in value), default=0)
    return 0


def read_payload(
    body: Payload, event_type: str, payload_key: str, read: Callable[[Payload], Event]
) -> Event:
    """“Dispatch on `EventType`, never on which key is present."""
    payload = body.get(payload_key)
    if payload is not None:
        return read(mapping(payload, payload_key))
    # “use a foreign key only when the proper one is absent and the shape fits”
    if event_type in EVENTS:
        for key, foreign in body.items():
            if key in {known for known, _ in EVENTS.values()} and isinstance(foreign, dict):
                try:
                    return read(foreign)
                except Malformed:
                    continue
    raise Malformed(payload_key, "is missing")


# ----------------------------------------------------------------------------- the fields


def storable(text: str) -> bool:
    """“U+0000, lone surrogates … are quarantined”."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def mapping(value: object, what: str) -> Payload:
    if not isinstance(value, dict):
        raise Malformed(what, "is not an object")
    return value


def optional_mapping(payload: Payload, key: str) -> Payload:
    """Absent, null and empty are one."""
    value = payload.get(key)
    return {} if value is None else mapping(value, key)


def sequence(payload: Payload, key: str) -> list[object]:
    value = payload.get(key)
    if not isinstance(value, list):
        raise Malformed(key, "is not an array")
    return value


def filled_sequence(payload: Payload, key: str) -> list[object]:
    value = sequence(payload, key)
    if not value:
        raise Malformed(key, "is empty")
    return value


def text_of(value: object, what: str) -> str:
    if not isinstance(value, str) or not storable(value):
        raise Malformed(what, "is not storable text")
    return value


def optional_text(payload: Payload, key: str) -> str | None:
    value = payload.get(key)
    return None if value is None else text_of(value, key)


def filled_text(payload: Payload, key: str) -> str:
    text = text_of(payload.get(key), key)
    if not text:
        raise Malformed(key, "is empty")
    return text


def id_of(value: object, what: str) -> str:
    """“ids above 255 bytes … are quarantined”; an id that is needed is not empty."""
    text = text_of(value, what)
    if not text or len(text.encode()) > MAX_ID_BYTES:
        raise Malformed(what, "is empty or too long")
    return text


def optional_id(payload: Payload, key: str) -> str | None:
    """Absent, null and empty all say: none."""
    value = payload.get(key)
    return None if value is None or value == "" else id_of(value, key)


def ids_of(payload: Payload, key: str) -> tuple[str, ...]:
    """“Repeated ids in a set count once”."""
    return unique(id_of(value, key) for value in filled_sequence(payload, key))


def unique(values: Any) -> tuple[Any, ...]:  # noqa: ANN401  # whatever can be compared
    return tuple(dict.fromkeys(values))


def texts_of(payload: Payload, key: str) -> tuple[str, ...] | None:
    """Tags: kept sorted and unique."""
    if payload.get(key) is None:
        return None
    return tuple(sorted({text_of(value, key) for value in sequence(payload, key)}))


def preset_tags_of(payload: Payload, key: str) -> tuple[str, ...] | None:
    if payload.get(key) is None:
        return None
    return tuple(sorted({id_of(value, key) for value in sequence(payload, key)}))


def integer_of(payload: Payload, key: str) -> int | None:
    value = payload.get(key)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise Malformed(key, "is not an integer")
    return value


def number_of(payload: Payload, key: str) -> float | None:
    value = payload.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Malformed(key, "is not a number")
    try:
        return float(value)
    except OverflowError as error:
        raise Malformed(key, "is out of range") from error


def owner_of(payload: Payload, key: str) -> Owner:
    """“Owner type is upper-cased; `PESRON` and `PERESON` become `PERSON`; other types are kept”."""
    owner = mapping(payload.get(key), key)
    owner_type = id_of(owner.get("Type"), f"{key}.Type").upper()
    if owner_type in {"PESRON", "PERESON"}:
        owner_type = "PERSON"
    return id_of(owner_type, f"{key}.Type"), id_of(owner.get("Id"), f"{key}.Id")


def path_of(value: object, what: str) -> str:
    path = normalise(text_of(value, what))
    if len(path.encode()) > MAX_PATH_BYTES:
        raise Malformed(what, "is too long")
    return path


def optional_path(payload: Payload, key: str) -> str:
    """“A null or missing `ClassPath` with a valid owner is the root”."""
    value = payload.get(key)
    return path_of("" if value is None else value, key)


# ----------------------------------------------------------------------------- the events


def new_file_created(payload: Payload) -> Creation:
    operation_type = optional_text(payload, "OperationType") or None
    # “`SourceContext` is the project id for VideoEdit and the stream address for LiveStreamClip …”
    project_id = None
    if operation_type == "VideoEdit":
        project_id = optional_id(payload, "SourceContext")
    else:
        optional_text(payload, "SourceContext")
    return Creation(
        entries=(entry_of(payload),),
        owner=owner_of(payload, "Owner"),
        path=optional_path(payload, "ClassPath"),
        operation_type=operation_type,
        task_id=optional_id(payload, "TaskId"),
        project_id=project_id,
    )


def imported(payload: Payload) -> Creation:
    entries: dict[str, Entry] = {}
    for item in filled_sequence(payload, "MediaInfoSet"):
        # “`MediaInfoSet` as plain material-id strings”
        entry = (
            Entry(id_of(item, "MediaInfoSet"), None)
            if isinstance(item, str)
            else entry_of(mapping(item, "MediaInfoSet"))
        )
        entries.setdefault(entry.material_id, entry)
    return Creation(
        entries=tuple(entries.values()),
        owner=owner_of(payload, "Owner"),
        path=optional_path(payload, "ClassPath"),
    )


def entry_of(payload: Payload) -> Entry:
    return Entry(id_of(payload.get("MaterialId"), "MaterialId"), optional_id(payload, "FileId"))


def added(payload: Payload) -> Creation:
    return Creation(
        entries=tuple(Entry(material_id, None) for material_id in ids_of(payload, "MaterialIdSet")),
        owner=owner_of(payload, "Owner"),
        path=optional_path(payload, "ClassPath"),
    )


def materials_moved(payload: Payload) -> MaterialsMoved:
    return MaterialsMoved(
        material_ids=ids_of(payload, "MaterialIdSet"),
        source_owner=owner_of(payload, "SourceOwner"),
        source_path=optional_path(payload, "SourceClassPath"),
        destination_owner=owner_of(payload, "DestinationOwner"),
        destination_path=optional_path(payload, "DestinationClassPath"),
    )


def material_modified(payload: Payload) -> MaterialModified:
    return MaterialModified(
        material_id=id_of(payload.get("MaterialId"), "MaterialId"),
        name=optional_text(payload, "Name"),
        preset_tags=preset_tags_of(payload, "PresetTagIdSet") or (),
        tags=texts_of(payload, "TagSet") or (),
    )


def materials_deleted(payload: Payload) -> MaterialsDeleted:
    return MaterialsDeleted(material_ids=ids_of(payload, "MaterialIdSet"))


def class_created(payload: Payload) -> ClassCreated:
    return ClassCreated(owner_of(payload, "Owner"), optional_path(payload, "ClassPath"))


def class_moved(payload: Payload) -> ClassMoved:
    return ClassMoved(
        source_owner=owner_of(payload, "SourceOwner"),
        sources=paths_of(filled_sequence(payload, "SourceClassPathSet"), "SourceClassPathSet"),
        destination_owner=owner_of(payload, "DestinationOwner"),
        destination=optional_path(payload, "DestinationClassPath"),
    )


def class_deleted(payload: Payload) -> ClassDeleted:
    # “`Class.Deleted` with `SourceClassPathSet` in place of `ClassPathSet`”
    key = "ClassPathSet" if payload.get("ClassPathSet") else "SourceClassPathSet"
    return ClassDeleted(
        owner=owner_of(payload, "Owner"), paths=paths_of(filled_sequence(payload, key), key)
    )


def paths_of(values: list[object], what: str) -> tuple[str, ...]:
    return unique(path_of(value, what) for value in values)


def stream_connect(payload: Payload) -> ProjectStatus:
    # Inputs: "EndPoint ('unknown' if absent)"; outputs: "Id, or Name, or 'unknown'".
    incoming = optional_mapping(payload, "InputInterruptInfo")
    outgoing = optional_mapping(payload, "OutputInterruptInfo")
    optional_text(outgoing, "Url")
    return ProjectStatus(
        category="STREAM_CONNECT",
        project_id=id_of(payload.get("ProjectId"), "ProjectId"),
        status=filled_text(payload, "Status"),
        input=optional_text(incoming, "EndPoint") or "unknown",
        output=optional_id(outgoing, "Id") or optional_text(outgoing, "Name") or "unknown",
    )


def switcher(payload: Payload) -> ProjectStatus:
    return ProjectStatus(
        category="SWITCHER",
        project_id=id_of(payload.get("ProjectId"), "ProjectId"),
        status=filled_text(payload, "Status"),
    )


def media_cast(payload: Payload) -> ProjectStatus:
    # "media-cast: SourceInfo.Id or 'unknown'"; "DestinationInfo.Id or 'unknown'".
    source = optional_mapping(payload, "SourceInterruptInfo")
    destination = optional_mapping(payload, "DestinationInterruptInfo")
    source_info = optional_mapping(source, "SourceInfo")
    destination_info = optional_mapping(destination, "DestinationInfo")
    return ProjectStatus(
        category="MEDIA_CAST",
        project_id=id_of(payload.get("ProjectId"), "ProjectId"),
        status=filled_text(payload, "Status"),
        input=optional_id(source_info, "Id") or "unknown",
        output=optional_id(destination_info, "Id") or "unknown",
    )


def export_completed(payload: Payload) -> ExportCompleted:
    output = optional_mapping(payload, "Output")
    return ExportCompleted(
        task_id=id_of(payload.get("TaskId"), "TaskId"),
        status=filled_text(payload, "Status"),
        err_code=integer_of(payload, "ErrCode"),
        err_msg=optional_text(payload, "ErrMsg"),
        material_id=optional_id(output, "MaterialId"),
        file_id=optional_id(output, "VodFileId"),
        metadata=metadata_of(output),
    )


def metadata_of(payload: Payload) -> MetaData:
    metadata = optional_mapping(payload, "MetaData")
    return MetaData(
        size_bytes=integer_of(metadata, "Size"),
        duration_seconds=number_of(metadata, "Duration"),
        width=integer_of(metadata, "Width"),
        height=integer_of(metadata, "Height"),
        container=optional_text(metadata, "Container"),
        bitrate=integer_of(metadata, "Bitrate"),
    )


# ----------------------------------------------------------------------- the observations


def as_of_seq(payload: Payload) -> int:
    value = payload.get("AsOfSeq")
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Malformed("AsOfSeq", "is missing")
    return value


def first_of_each(rows: list[Any], key: str) -> tuple[Any, ...]:
    """“Repeated ids in a set count once”: the first of them."""
    found: dict[str, Any] = {}
    for row in rows:
        found.setdefault(getattr(row, key), row)
    return tuple(found.values())


def observed_material(value: object) -> ObservedMaterial:
    payload = mapping(value, "MaterialSet")
    return ObservedMaterial(
        material_id=id_of(payload.get("MaterialId"), "MaterialId"),
        owner=owner_of(payload, "Owner"),
        path=path_of(payload.get("ClassPath"), "ClassPath"),
        name=optional_text(payload, "Name"),
        material_type=optional_text(payload, "MaterialType") or None,
        preset_tags=preset_tags_of(payload, "PresetTagIdSet"),
        tags=texts_of(payload, "TagSet"),
        file_id=optional_id(payload, "FileId"),
        operation_type=optional_text(payload, "OperationType") or None,
        metadata=metadata_of(payload),
        link=observed_link(payload),
    )


def observed_link(material: Payload) -> ObservedLink | None:
    if material.get("Link") is None:
        return None
    payload = mapping(material["Link"], "Link")
    if payload.get("Kind") not in {"material", "class"}:
        raise Malformed("Link.Kind", "is unknown")
    target_owner, target_path = payload.get("TargetOwner"), payload.get("TargetClassPath")
    return ObservedLink(
        kind=payload["Kind"],
        target_material_id=optional_id(payload, "TargetMaterialId"),
        target_owner=None if target_owner is None else owner_of(payload, "TargetOwner"),
        target_class_path=None if target_path is None else path_of(target_path, "TargetClassPath"),
        status=optional_text(payload, "Status") or None,
    )


def materials_observed(payload: Payload) -> MaterialsObserved:
    rows = [observed_material(value) for value in sequence(payload, "MaterialSet")]
    return MaterialsObserved(as_of_seq(payload), first_of_each(rows, "material_id"))


def materials_missing(payload: Payload) -> MaterialsMissing:
    # A reading may have found nothing: the sets of observations may be empty.
    some = ids_of(payload, "MaterialIdSet") if sequence(payload, "MaterialIdSet") else ()
    return MaterialsMissing(as_of_seq(payload), some)


def classes_observed(payload: Payload) -> ClassesObserved:
    # An owner may have nothing but its root: the set may be empty.
    return ClassesObserved(
        as_of_seq(payload),
        owner_of(payload, "Owner"),
        paths_of(sequence(payload, "ClassPathSet"), "ClassPathSet"),
    )


def projects_observed(payload: Payload) -> ProjectsObserved:
    complete = payload.get("Complete")
    if complete is not None and not isinstance(complete, bool):
        raise Malformed("Complete", "is neither true nor false")
    rows = [
        ObservedProject(
            project_id=id_of(project.get("ProjectId"), "ProjectId"),
            name=optional_text(project, "Name"),
            category=optional_text(project, "Category") or None,
            status=optional_text(project, "Status") or None,
        )
        for project in (mapping(value, "ProjectSet") for value in sequence(payload, "ProjectSet"))
    ]
    return ProjectsObserved(as_of_seq(payload), bool(complete), first_of_each(rows, "project_id"))


def tasks_observed(payload: Payload) -> TasksObserved:
    rows = [
        ObservedTask(
            task_id=id_of(task.get("TaskId"), "TaskId"),
            status=optional_text(task, "Status") or None,
            err_code=integer_of(task, "ErrCode"),
            err_msg=optional_text(task, "ErrMsg"),
            material_id=optional_id(task, "MaterialId"),
            file_id=optional_id(task, "FileId"),
        )
        for task in (mapping(value, "TaskSet") for value in sequence(payload, "TaskSet"))
    ]
    return TasksObserved(as_of_seq(payload), first_of_each(rows, "task_id"))


EVENTS: dict[str, tuple[str, Callable[[Payload], Event]]] = {
    "Storage.NewFileCreated": ("StorageNewFileCreatedEvent", new_file_created),
    "Material.Imported": ("MaterialImportedEvent", imported),
    "Material.Added": ("MaterialAddedEvent", added),
    "Material.Moved": ("MaterialMovedEvent", materials_moved),
    "Material.Modified": ("MaterialModifiedEvent", material_modified),
    "Material.Deleted": ("MaterialDeletedEvent", materials_deleted),
    "Class.Created": ("ClassCreatedEvent", class_created),
    "Class.Moved": ("ClassMovedEvent", class_moved),
    "Class.Deleted": ("ClassDeletedEvent", class_deleted),
    "Project.StreamConnect.StatusChanged": (
        "ProjectStreamConnectStatusChangedEvent",
        stream_connect,
    ),
    "Project.Switcher.StatusChanged": ("ProjectSwitcherStatusChangedEvent", switcher),
    "Project.MediaCast.StatusChanged": ("ProjectMediaCastStatusChangedEvent", media_cast),
    "Task.VideoExportCompleted": ("VideoExportCompletedEvent", export_completed),
}

OBSERVATIONS: dict[str, tuple[str, Callable[[Payload], Event]]] = {
    "Mirror.Materials.Observed": ("MirrorMaterialsObservedEvent", materials_observed),
    "Mirror.Materials.Missing": ("MirrorMaterialsMissingEvent", materials_missing),
    "Mirror.Classes.Observed": ("MirrorClassesObservedEvent", classes_observed),
    "Mirror.Projects.Observed": ("MirrorProjectsObservedEvent", projects_observed),
    "Mirror.Tasks.Observed": ("MirrorTasksObservedEvent", tasks_observed),
}
