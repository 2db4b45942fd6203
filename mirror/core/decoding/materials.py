"""Reads the payloads of `Storage.NewFileCreated` and `Material.*`."""

from __future__ import annotations

from typing import cast

from mirror.core.decoding import fields
from mirror.core.decoding.fields import FieldError, Record
from mirror.core.events import (
    FileCreated,
    ImportedMaterial,
    MaterialModified,
    MaterialsAdded,
    MaterialsDeleted,
    MaterialsImported,
    MaterialsMoved,
)
from mirror.core.model import FileId, MaterialId


def file_created(payload: Record) -> FileCreated:
    """Read `Storage.NewFileCreated`. The source context of a video edit is an id, else any text."""
    operation_type = fields.text_or_none(payload, "OperationType")
    if operation_type == "VideoEdit":
        context = fields.id_or_none(payload, "SourceContext")
    else:
        context = fields.text_or_none(payload, "SourceContext")
    return FileCreated(
        file_id=cast("FileId | None", fields.id_or_none(payload, "FileId")),
        material_id=MaterialId(fields.need_id(payload, "MaterialId")),
        place=fields.place(payload),
        operation_type=operation_type,
        task_id=fields.id_or_none(payload, "TaskId"),
        source_context=context,
    )


def materials_imported(payload: Record) -> MaterialsImported:
    """Read `Material.Imported`, whose set holds records or (in published samples) plain ids."""
    found: dict[str, str | None] = {}
    for index, item in enumerate(fields.items(payload, "MediaInfoSet", empty=False)):
        field = f"MediaInfoSet[{index}]"
        if type(item) is dict:
            try:
                material_id = fields.need_id(item, "MaterialId")
                file_id = fields.id_or_none(item, "FileId")
            except FieldError as error:
                raise error.within(field) from None
        else:
            material_id, file_id = fields.as_id(item, field), None
        found[material_id] = found.get(material_id) or file_id
    materials = (
        ImportedMaterial(MaterialId(material_id), cast("FileId | None", file_id))
        for material_id, file_id in found.items()
    )
    return MaterialsImported(tuple(materials), fields.place(payload))


def materials_added(payload: Record) -> MaterialsAdded:
    """Read `Material.Added`."""
    return MaterialsAdded(material_ids(payload), fields.place(payload))


def materials_moved(payload: Record) -> MaterialsMoved:
    """Read `Material.Moved`."""
    return MaterialsMoved(
        material_ids(payload),
        source=fields.place(payload, "SourceOwner", "SourceClassPath"),
        destination=fields.place(payload, "DestinationOwner", "DestinationClassPath"),
    )


def material_modified(payload: Record) -> MaterialModified:
    """Read `Material.Modified`."""
    return MaterialModified(
        MaterialId(fields.need_id(payload, "MaterialId")),
        name=fields.text_or_none(payload, "Name"),
        preset_tags=fields.tag_ids(payload, "PresetTagIdSet") or (),
        tags=fields.tags(payload, "TagSet") or (),
    )


def materials_deleted(payload: Record) -> MaterialsDeleted:
    """Read `Material.Deleted`."""
    return MaterialsDeleted(material_ids(payload))


def material_ids(payload: Record, *, empty: bool = False) -> tuple[MaterialId, ...]:
    """Return the material ids of a payload."""
    return cast("tuple[MaterialId, ...]", fields.ids(payload, "MaterialIdSet", empty=empty))
