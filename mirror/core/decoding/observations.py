"""Turns the payload of each `Mirror.*` observation into its event, or raises `FieldError`.

The reconciler writes these bodies (`mirror.core.encode`) and journals them like any delivery.
Absent or null means not known; an empty set of tags means that there are none.
"""

from __future__ import annotations

from typing import cast

from mirror.core.decoding import fields
from mirror.core.decoding.fields import FieldError, Record
from mirror.core.decoding.materials import material_ids
from mirror.core.decoding.tasks import metadata
from mirror.core.events import (
    ClassesObserved,
    MaterialsMissing,
    MaterialsObserved,
    MetaData,
    ObservedLink,
    ObservedMaterial,
    ObservedProject,
    ObservedTask,
    ProjectsObserved,
    TasksObserved,
)
from mirror.core.model import FileId, MaterialId, ProjectId, Seq, TaskId


def materials_observed(payload: Record) -> MaterialsObserved:
    """Read `Mirror.Materials.Observed`. Of a material listed twice, the later reading holds."""
    found = {m.material_id: m for m in fields.parts(payload, "MaterialSet", _material)}
    return MaterialsObserved(_as_of_seq(payload), tuple(found.values()), _is_sample(payload))


def materials_missing(payload: Record) -> MaterialsMissing:
    """Read `Mirror.Materials.Missing`."""
    ids = material_ids(payload, empty=True)
    return MaterialsMissing(_as_of_seq(payload), ids, _is_sample(payload))


def classes_observed(payload: Record) -> ClassesObserved:
    """Read `Mirror.Classes.Observed`. An owner may have no class but the root."""
    return ClassesObserved(
        _as_of_seq(payload),
        fields.need_owner(payload, "Owner"),
        fields.class_paths(payload, "ClassPathSet", empty=True),
        cast("Seq | None", fields.whole_or_none(payload, "MediaAsOfSeq")),
    )


def projects_observed(payload: Record) -> ProjectsObserved:
    """Read `Mirror.Projects.Observed`."""
    complete = payload.get("Complete")
    if type(complete) is not bool:
        if complete is None:
            raise fields.missing(payload, "Complete")
        raise fields.wrong_kind("Complete", "a boolean", complete)
    found = {p.project_id: p for p in fields.parts(payload, "ProjectSet", _project)}
    return ProjectsObserved(_as_of_seq(payload), complete, tuple(found.values()))


def tasks_observed(payload: Record) -> TasksObserved:
    """Read `Mirror.Tasks.Observed`."""
    found = {t.task_id: t for t in fields.parts(payload, "TaskSet", _task)}
    return TasksObserved(_as_of_seq(payload), tuple(found.values()))


def _as_of_seq(payload: Record) -> Seq:
    seq = fields.whole_or_none(payload, "AsOfSeq")
    if seq is None:
        raise fields.missing(payload, "AsOfSeq")
    if seq < 0:
        raise FieldError("AsOfSeq", "is negative")
    return Seq(seq)


def _is_sample(payload: Record) -> bool:
    sample = payload.get("Sample")
    if sample is None or type(sample) is bool:
        return bool(sample)
    raise fields.wrong_kind("Sample", "a boolean", sample)


def _material(record: Record) -> ObservedMaterial:
    if (
        record.get("ClassPath") is None
    ):  # an event may leave the root out; the reconciler never does
        raise fields.missing(record, "ClassPath")
    return ObservedMaterial(
        MaterialId(fields.need_id(record, "MaterialId")),
        fields.place(record),
        name=fields.text_or_none(record, "Name"),
        material_type=fields.text_or_none(record, "MaterialType"),
        preset_tags=fields.tag_ids(record, "PresetTagIdSet"),
        tags=fields.tags(record, "TagSet"),
        file_id=cast("FileId | None", fields.id_or_none(record, "FileId")),
        operation_type=fields.text_or_none(record, "OperationType"),
        metadata=fields.part(record, "MetaData", metadata) or MetaData(),
        url=fields.text_or_none(record, "Url"),
        cover_url=fields.text_or_none(record, "CoverUrl"),
        link=fields.part(record, "Link", _link),
    )


def _link(record: Record) -> ObservedLink:
    target = fields.id_or_none(record, "TargetMaterialId")
    status = fields.text_or_none(record, "Status")
    place = None
    if record.get("TargetOwner") is not None or record.get("TargetClassPath") is not None:
        place = fields.place(record, "TargetOwner", "TargetClassPath")
    match fields.need_text(record, "Kind"):
        case "material" | "class" as kind:
            return ObservedLink(kind, cast("MaterialId | None", target), place, status)
        case _:
            raise FieldError("Kind", "is neither material nor class")


def _project(record: Record) -> ObservedProject:
    return ObservedProject(
        ProjectId(fields.need_id(record, "ProjectId")),
        category=fields.text_or_none(record, "Category"),
        name=fields.text_or_none(record, "Name"),
        status=fields.text_or_none(record, "Status"),
    )


def _task(record: Record) -> ObservedTask:
    return ObservedTask(
        TaskId(fields.need_id(record, "TaskId")),
        status=fields.text_or_none(record, "Status"),
        err_code=fields.whole_or_none(record, "ErrCode"),
        err_msg=fields.text_or_none(record, "ErrMsg"),
        material_id=cast("MaterialId | None", fields.id_or_none(record, "MaterialId")),
        file_id=cast("FileId | None", fields.id_or_none(record, "FileId")),
    )
