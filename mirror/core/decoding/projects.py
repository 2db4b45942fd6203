"""Reads the payloads of `Project.*.StatusChanged`.

An interruption names the part it is about and tells it in words. Neither ever holds an address.
"""

from __future__ import annotations

from msgspec import Struct

from mirror.core.decoding import fields
from mirror.core.decoding.fields import Record
from mirror.core.events import Category, ProjectStatusChanged
from mirror.core.model import ProjectId
from mirror.core.secrets import mask_addresses

UNKNOWN = "unknown"


def stream_connect_changed(payload: Record) -> ProjectStatusChanged:
    """Read `Project.StreamConnect.StatusChanged`. An output's `Url` is a secret and is not read."""
    status = fields.need_text(payload, "Status")
    if status == "InputInterrupted":
        return _changed("STREAM_CONNECT", payload, status, given=_input(payload))
    if status == "OutputInterrupted":
        return _changed("STREAM_CONNECT", payload, status, made=_output(payload))
    return _changed("STREAM_CONNECT", payload, status)


def switcher_changed(payload: Record) -> ProjectStatusChanged:
    """Read `Project.Switcher.StatusChanged`."""
    return _changed("SWITCHER", payload, fields.need_text(payload, "Status"))


def media_cast_changed(payload: Record) -> ProjectStatusChanged:
    """Read `Project.MediaCast.StatusChanged`."""
    status = fields.need_text(payload, "Status")
    if status == "SourceInterrupted":
        return _changed("MEDIA_CAST", payload, status, given=_source(payload))
    if status == "DestinationInterrupted":
        return _changed("MEDIA_CAST", payload, status, made=_destination(payload))
    return _changed("MEDIA_CAST", payload, status)


class _Interruption(Struct, frozen=True):
    name: str
    detail: str


def _changed(
    category: Category,
    payload: Record,
    status: str,
    given: _Interruption | None = None,
    made: _Interruption | None = None,
) -> ProjectStatusChanged:
    told = given or made
    return ProjectStatusChanged(
        category,
        ProjectId(fields.need_id(payload, "ProjectId")),
        status,
        interrupted_input=None if given is None else given.name,
        interrupted_output=None if made is None else made.name,
        detail=None if told is None else told.detail,
    )


def _input(payload: Record) -> _Interruption:
    def read(info: Record) -> _Interruption:
        end_point = mask_addresses(fields.text_or_none(info, "EndPoint") or UNKNOWN)
        return _Interruption(end_point, f"input {end_point}")

    return fields.part(payload, "InputInterruptInfo", read) or read({})


def _output(payload: Record) -> _Interruption:
    def read(info: Record) -> _Interruption:
        output_id = mask_addresses(fields.id_or_none(info, "Id") or "")
        name = mask_addresses(fields.text_or_none(info, "Name") or "")
        label = f"{name} ({output_id})" if name and output_id else name or output_id or UNKNOWN
        return _Interruption(output_id or name or UNKNOWN, f"output {label}")

    return fields.part(payload, "OutputInterruptInfo", read) or read({})


def _source(payload: Record) -> _Interruption:
    def read(info: Record) -> _Interruption:
        return _cast_part("source", info, "SourceInfo")

    return fields.part(payload, "SourceInterruptInfo", read) or read({})


def _destination(payload: Record) -> _Interruption:
    def read(info: Record) -> _Interruption:
        return _cast_part("destination", info, "DestinationInfo")

    return fields.part(payload, "DestinationInterruptInfo", read) or read({})


def _cast_part(side: str, info: Record, field: str) -> _Interruption:
    def part_id(record: Record) -> str:
        return fields.id_or_none(record, "Id") or UNKNOWN

    name = mask_addresses(fields.part(info, field, part_id) or UNKNOWN)
    reason = fields.text_or_none(info, "Reason")
    ending = "" if reason is None else f": {mask_addresses(reason)}"
    return _Interruption(name, f"{side} {name}{ending}")
