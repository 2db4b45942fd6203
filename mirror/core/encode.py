"""Turns an observation into the bytes that the reconciler journals: the inverse of `decode`.

`decode(encode(event), "reconcile")` gives the event back, and equal events give equal bytes.
"""

from __future__ import annotations

from typing import assert_never

import msgspec

from mirror.core.events import (
    ClassesObserved,
    MaterialsMissing,
    MaterialsObserved,
    MetaData,
    Observation,
    ObservedLink,
    ObservedMaterial,
    ObservedProject,
    ObservedTask,
    ProjectsObserved,
    TasksObserved,
)
from mirror.core.model import Owner

_ENCODER = msgspec.json.Encoder()


def encode(event: Observation) -> bytes:
    """Return `event` as the body of a delivery; what is not known is left out."""
    event_type, payload = _described(event)
    key = event_type.replace(".", "") + "Event"
    return _ENCODER.encode({"EventType": event_type, key: {"AsOfSeq": event.as_of_seq} | payload})


def _described(event: Observation) -> tuple[str, dict[str, object]]:
    match event:
        case MaterialsObserved(materials=materials, sample=sample):
            listed = [_material(m) for m in materials]
            return "Mirror.Materials.Observed", _known(MaterialSet=listed, Sample=sample or None)
        case MaterialsMissing(material_ids=material_ids, sample=sample):
            missing = _known(MaterialIdSet=material_ids, Sample=sample or None)
            return "Mirror.Materials.Missing", missing
        case ClassesObserved(owner=owner, paths=paths, media_as_of_seq=seq):
            found = _known(Owner=_owner(owner), ClassPathSet=paths, MediaAsOfSeq=seq)
            return "Mirror.Classes.Observed", found
        case ProjectsObserved(complete=complete, projects=projects):
            listed = [_project(p) for p in projects]
            return "Mirror.Projects.Observed", {"Complete": complete, "ProjectSet": listed}
        case TasksObserved(tasks=tasks):
            return "Mirror.Tasks.Observed", {"TaskSet": [_task(t) for t in tasks]}
        case _:
            assert_never(event)


def _known(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}


def _owner(owner: Owner) -> dict[str, object]:
    return {"Type": owner.type, "Id": owner.id}


def _material(seen: ObservedMaterial) -> dict[str, object]:
    return _known(
        MaterialId=seen.material_id,
        Owner=_owner(seen.place.owner),
        ClassPath=seen.place.path,
        Name=seen.name,
        MaterialType=seen.material_type,
        PresetTagIdSet=seen.preset_tags,
        TagSet=seen.tags,
        FileId=seen.file_id,
        OperationType=seen.operation_type,
        MetaData=_metadata(seen.metadata) or None,
        Url=seen.url,
        CoverUrl=seen.cover_url,
        Link=None if seen.link is None else _link(seen.link),
    )


def _metadata(metadata: MetaData) -> dict[str, object]:
    return _known(
        Size=metadata.size_bytes,
        Duration=metadata.duration_seconds,
        Width=metadata.width,
        Height=metadata.height,
        Container=metadata.container,
        Bitrate=metadata.bitrate,
    )


def _link(link: ObservedLink) -> dict[str, object]:
    place = link.target_place
    return _known(
        Kind=link.kind,
        TargetMaterialId=link.target_material_id,
        TargetOwner=None if place is None else _owner(place.owner),
        TargetClassPath=None if place is None else place.path,
        Status=link.status,
    )


def _project(seen: ObservedProject) -> dict[str, object]:
    return _known(
        ProjectId=seen.project_id,
        Name=seen.name,
        Category=seen.category,
        Status=seen.status,
    )


def _task(seen: ObservedTask) -> dict[str, object]:
    return _known(
        TaskId=seen.task_id,
        Status=seen.status,
        ErrCode=seen.err_code,
        ErrMsg=seen.err_msg,
        MaterialId=seen.material_id,
        FileId=seen.file_id,
    )
