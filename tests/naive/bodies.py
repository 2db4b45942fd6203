"""Callback bodies for tests: one function an event, bytes out, as the platform spells them.

Owners are `(type, id)`; arguments left at None are left out of the body.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

Owner = tuple[str, str]
Payload = dict[str, Any]

ANN: Owner = ("PERSON", "ann")
BEN: Owner = ("PERSON", "ben")
CREW: Owner = ("TEAM", "crew")


def body(event_type: str, payload_key: str, payload: Mapping[str, Any]) -> bytes:
    """An envelope around one payload; None is left out."""
    kept = {key: value for key, value in payload.items() if value is not None}
    envelope = {"EventType": event_type, "Operator": "tester", payload_key: kept}
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()


def owner_object(owner: Owner) -> Payload:
    return {"Type": owner[0], "Id": owner[1]}


# ------------------------------------------------------------------------------ materials


def uploaded(
    material_id: str,
    owner: Owner,
    path: str | None,
    *,
    file_id: str | None = None,
    operation_type: str = "Upload",
    task_id: str | None = None,
    source_context: str | None = None,
) -> bytes:
    """`Storage.NewFileCreated`; the file's id is `file of <material>` unless given."""
    return body(
        "Storage.NewFileCreated",
        "StorageNewFileCreatedEvent",
        {
            "FileId": f"file of {material_id}" if file_id is None else file_id,
            "MaterialId": material_id,
            "OperationType": operation_type,
            "Owner": owner_object(owner),
            "ClassPath": path,
            "TaskId": task_id,
            "SourceContext": source_context,
        },
    )


def imported(items: Sequence[str | tuple[str, str]], owner: Owner, path: str | None) -> bytes:
    """`Material.Imported`; an item is a material id, or a material id and a file id."""
    return body(
        "Material.Imported",
        "MaterialImportedEvent",
        {
            "MediaInfoSet": [
                item if isinstance(item, str) else {"MaterialId": item[0], "FileId": item[1]}
                for item in items
            ],
            "Owner": owner_object(owner),
            "ClassPath": path,
        },
    )


def added(material_ids: Sequence[str], owner: Owner, path: str | None) -> bytes:
    return body(
        "Material.Added",
        "MaterialAddedEvent",
        {
            "MaterialIdSet": list(material_ids),
            "Owner": owner_object(owner),
            "ClassPath": path,
        },
    )


def moved(
    material_ids: Sequence[str],
    source_owner: Owner,
    source: str | None,
    destination: str | None,
    *,
    destination_owner: Owner | None = None,
) -> bytes:
    """`Material.Moved`, within one owner unless a destination owner is given."""
    return body(
        "Material.Moved",
        "MaterialMovedEvent",
        {
            "MaterialIdSet": list(material_ids),
            "SourceOwner": owner_object(source_owner),
            "SourceClassPath": source,
            "DestinationOwner": owner_object(destination_owner or source_owner),
            "DestinationClassPath": destination,
        },
    )


def modified(
    material_id: str,
    *,
    name: str | None = None,
    preset_tags: Sequence[str] | None = None,
    tags: Sequence[str] | None = None,
) -> bytes:
    return body(
        "Material.Modified",
        "MaterialModifiedEvent",
        {
            "MaterialId": material_id,
            "Name": name,
            "PresetTagIdSet": None if preset_tags is None else list(preset_tags),
            "TagSet": None if tags is None else list(tags),
        },
    )


def deleted(material_ids: Sequence[str]) -> bytes:
    return body("Material.Deleted", "MaterialDeletedEvent", {"MaterialIdSet": list(material_ids)})


# -------------------------------------------------------------------------------- classes


def created(owner: Owner, path: str | None) -> bytes:
    """`Class.Created`."""
    return body(
        "Class.Created",
        "ClassCreatedEvent",
        {"Owner": owner_object(owner), "ClassPath": path},
    )


def moved_class(
    source_owner: Owner,
    sources: str | Sequence[str],
    destination: str | None,
    *,
    destination_owner: Owner | None = None,
) -> bytes:
    """`Class.Moved`, of one path or of several."""
    return body(
        "Class.Moved",
        "ClassMovedEvent",
        {
            "SourceOwner": owner_object(source_owner),
            "SourceClassPathSet": [sources] if isinstance(sources, str) else list(sources),
            "DestinationOwner": owner_object(destination_owner or source_owner),
            "DestinationClassPath": destination,
        },
    )


def class_deleted(owner: Owner, *paths: str) -> bytes:
    return body(
        "Class.Deleted",
        "ClassDeletedEvent",
        {"Owner": owner_object(owner), "ClassPathSet": list(paths)},
    )


# --------------------------------------------------------------------- projects and tasks


def stream_connect(
    project_id: str,
    status: str,
    *,
    end_point: str | None = None,
    output: Mapping[str, str] | None = None,
) -> bytes:
    """`output` is the `OutputInterruptInfo`: Id, Name, Url."""
    return body(
        "Project.StreamConnect.StatusChanged",
        "ProjectStreamConnectStatusChangedEvent",
        {
            "ProjectId": project_id,
            "Status": status,
            "InputInterruptInfo": None if end_point is None else {"EndPoint": end_point},
            "OutputInterruptInfo": None if output is None else dict(output),
        },
    )


def switcher(project_id: str, status: str) -> bytes:
    return body(
        "Project.Switcher.StatusChanged",
        "ProjectSwitcherStatusChangedEvent",
        {"ProjectId": project_id, "Status": status},
    )


def media_cast(
    project_id: str, status: str, *, source: str | None = None, destination: str | None = None
) -> bytes:
    """`source` and `destination` are the ids of what is interrupted."""
    return body(
        "Project.MediaCast.StatusChanged",
        "ProjectMediaCastStatusChangedEvent",
        {
            "ProjectId": project_id,
            "Status": status,
            "SourceInterruptInfo": source
            and {"SourceInfo": {"Id": source, "Type": "CME"}, "Reason": "SystemError"},
            "DestinationInterruptInfo": destination
            and {"DestinationInfo": {"Id": destination}, "Reason": "SystemError"},
        },
    )


def export(
    task_id: str,
    *,
    status: str = "SUCCESS",
    err_code: int = 0,
    err_msg: str = "",
    material_id: str | None = None,
    file_id: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> bytes:
    """`Task.VideoExportCompleted`, without output where neither material nor file is given."""
    output = None
    if material_id is not None or file_id is not None:
        output = {
            "MaterialId": material_id,
            "VodFileId": file_id,
            "MetaData": None if metadata is None else dict(metadata),
        }
    return body(
        "Task.VideoExportCompleted",
        "VideoExportCompletedEvent",
        {
            "TaskId": task_id,
            "Status": status,
            "ErrCode": err_code,
            "ErrMsg": err_msg,
            "Output": output,
        },
    )


# ----------------------------------------------------------------------- the observations


def seen(
    material_id: str,
    owner: Owner,
    path: str,
    *,
    name: str | None = None,
    material_type: str | None = None,
    preset_tags: Sequence[str] | None = None,
    tags: Sequence[str] | None = None,
    file_id: str | None = None,
    operation_type: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    link: Mapping[str, Any] | None = None,
) -> Payload:
    """One material, for `materials_observed`."""
    row = {
        "MaterialId": material_id,
        "Owner": owner_object(owner),
        "ClassPath": path,
        "Name": name,
        "MaterialType": material_type,
        "PresetTagIdSet": None if preset_tags is None else list(preset_tags),
        "TagSet": None if tags is None else list(tags),
        "FileId": file_id,
        "OperationType": operation_type,
        "MetaData": None if metadata is None else dict(metadata),
        "Link": None if link is None else dict(link),
    }
    return {key: value for key, value in row.items() if value is not None}


def materials_observed(as_of_seq: int, *materials: Payload, sample: bool | None = None) -> bytes:
    """To be delivered with source `reconcile`, as are all observations."""
    return body(
        "Mirror.Materials.Observed",
        "MirrorMaterialsObservedEvent",
        {"AsOfSeq": as_of_seq, "MaterialSet": list(materials), "Sample": sample},
    )


def materials_missing(as_of_seq: int, *material_ids: str) -> bytes:
    return body(
        "Mirror.Materials.Missing",
        "MirrorMaterialsMissingEvent",
        {"AsOfSeq": as_of_seq, "MaterialIdSet": list(material_ids)},
    )


def classes_observed(as_of_seq: int, owner: Owner, *paths: str) -> bytes:
    return body(
        "Mirror.Classes.Observed",
        "MirrorClassesObservedEvent",
        {"AsOfSeq": as_of_seq, "Owner": owner_object(owner), "ClassPathSet": list(paths)},
    )


def seen_project(
    project_id: str,
    *,
    name: str | None = None,
    category: str | None = None,
    status: str | None = None,
) -> Payload:
    row = {"ProjectId": project_id, "Name": name, "Category": category, "Status": status}
    return {key: value for key, value in row.items() if value is not None}


def projects_observed(as_of_seq: int, *projects: Payload, complete: bool = False) -> bytes:
    return body(
        "Mirror.Projects.Observed",
        "MirrorProjectsObservedEvent",
        {"AsOfSeq": as_of_seq, "Complete": complete, "ProjectSet": list(projects)},
    )


def seen_task(
    task_id: str,
    *,
    status: str | None = None,
    err_code: int | None = None,
    err_msg: str | None = None,
    material_id: str | None = None,
    file_id: str | None = None,
) -> Payload:
    row = {
        "TaskId": task_id,
        "Status": status,
        "ErrCode": err_code,
        "ErrMsg": err_msg,
        "MaterialId": material_id,
        "FileId": file_id,
    }
    return {key: value for key, value in row.items() if value is not None}


def tasks_observed(as_of_seq: int, *tasks: Payload) -> bytes:
    return body(
        "Mirror.Tasks.Observed",
        "MirrorTasksObservedEvent",
        {"AsOfSeq": as_of_seq, "TaskSet": list(tasks)},
    )
