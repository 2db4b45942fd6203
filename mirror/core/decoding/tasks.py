"""Reads the payload of `Task.VideoExportCompleted`."""

from __future__ import annotations

from typing import cast

from mirror.core.decoding import fields
from mirror.core.decoding.fields import Record
from mirror.core.events import ExportCompleted, ExportOutput, MetaData
from mirror.core.model import FileId, MaterialId, TaskId


def export_completed(payload: Record) -> ExportCompleted:
    """Read `Task.VideoExportCompleted`. Addresses in the output stay as they are."""
    return ExportCompleted(
        TaskId(fields.need_id(payload, "TaskId")),
        fields.need_text(payload, "Status"),
        err_code=fields.whole_or_none(payload, "ErrCode"),
        err_msg=fields.text_or_none(payload, "ErrMsg"),
        output=fields.part(payload, "Output", _export_output),
    )


def _export_output(output: Record) -> ExportOutput:
    return ExportOutput(
        material_id=cast("MaterialId | None", fields.id_or_none(output, "MaterialId")),
        file_id=cast("FileId | None", fields.id_or_none(output, "VodFileId")),
        url=fields.text_or_none(output, "URL"),
        cover_url=fields.text_or_none(output, "CoverURL"),
        metadata=fields.part(output, "MetaData", metadata) or MetaData(),
    )


def metadata(record: Record) -> MetaData:
    """Read `MetaData`. A fact of the wrong type spoils the delivery, like any other field."""
    return MetaData(
        size_bytes=fields.whole_or_none(record, "Size"),
        duration_seconds=fields.number_or_none(record, "Duration"),
        width=fields.whole_or_none(record, "Width"),
        height=fields.whole_or_none(record, "Height"),
        container=fields.text_or_none(record, "Container"),
        bitrate=fields.whole_or_none(record, "Bitrate"),
    )
