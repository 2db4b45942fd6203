"""How entities lie in the state tables: one pair of functions an entity.

`…_row` gives the columns after (platform, generation) in the order of schema.py; `…_from` takes them back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import json
from msgspec.structs import astuple

from mirror.core.model import (
    ClassId,
    Correction,
    Deletion,
    Departure,
    Doubt,
    File,
    Heard,
    Link,
    Material,
    MediaClass,
    Move,
    Owner,
    OwnerRecord,
    Place,
    Project,
    ProjectStatus,
    Sample,
    Step,
    Tangle,
    Task,
)

Row = tuple[Any, ...]

# Made from slices of a row, whose lengths no type checker can count.
_owner_record: Callable[..., OwnerRecord] = OwnerRecord
_media_class: Callable[..., MediaClass] = MediaClass
_material: Callable[..., Material] = Material
_project: Callable[..., Project] = Project

_EMPTY = "[]"
_moves = json.Decoder(tuple[Move, ...]).decode
_steps = json.Decoder(tuple[Step, ...]).decode
_names = json.Decoder(tuple[str, ...]).decode


def _list(values: Sequence[object]) -> str:
    return json.encode(values).decode() if values else _EMPTY


def _texts(value: str) -> tuple[str, ...]:
    return () if value == _EMPTY else _names(value)


def _place(place: Place | None) -> Row:
    return (None, None, None) if place is None else (*place.owner, place.path)


def _place_from(owner_type: str | None, owner_id: str | None, path: str | None) -> Place | None:
    if owner_type is None or owner_id is None or path is None:
        return None
    return Place(Owner(owner_type, owner_id), path)


def _place_in(row: Sequence[Any]) -> Place:
    return Place(Owner(row[0], row[1]), row[2])


def owner_row(r: OwnerRecord) -> Row:
    """Lay out an owner."""
    return (
        *r.owner,
        r.structure_seq,
        r.observed_seq,
        r.last_class_event,
        r.last_class_event_at,
        _list(r.lost_presets),
    )


def owner_from(row: Sequence[Any]) -> OwnerRecord:
    """Read an owner back."""
    return _owner_record(Owner(row[0], row[1]), *row[2:6], _texts(row[6]))


def class_row(r: MediaClass) -> Row:
    """Lay out a class."""
    return (
        r.class_id,
        *r.owner,
        r.path,
        r.parent_id,
        r.origin,
        r.created_at,
        r.created_seq,
        r.changed_at,
        r.changed_seq,
        r.in_doubt,
    )


def class_from(row: Sequence[Any]) -> MediaClass:
    """Read a class back."""
    return _media_class(row[0], Owner(row[1], row[2]), *row[3:10], bool(row[10]))


def departure_row(r: Departure) -> Row:
    """Lay out a moved-away memory."""
    return (*_place(r.place), r.class_id, r.at, *_place(r.destination), r.pending, r.used)


def departure_from(row: Sequence[Any]) -> Departure:
    """Read a moved-away memory back."""
    return Departure(
        _place_in(row), row[3], row[4], _place_in(row[5:8]), bool(row[8]), bool(row[9])
    )


def deletion_row(r: Deletion) -> Row:
    """Lay out a memory of a deletion."""
    return (*_place(r.place), r.at)


def deletion_from(row: Sequence[Any]) -> Deletion:
    """Read a memory of a deletion back."""
    return Deletion(_place_in(row), row[3])


def heard_row(r: Heard) -> Row:
    """Lay out a memory of an event."""
    return (r.digest, r.at)


def heard_from(row: Sequence[Any]) -> Heard:
    """Read a memory of an event back."""
    return Heard(row[0], row[1])


MATERIAL_INDEXED = ("class_id", "file_id", "state", "confirmed_at", "created_seq")
"""Fields of a material whose columns are in secondary indexes and may change."""


def material_row(r: Material) -> Row:
    """Lay out a material."""
    return (
        r.material_id,
        r.state,
        r.class_id,
        r.origin,
        r.created_at,
        r.created_seq,
        r.changed_at,
        r.changed_seq,
        r.name,
        r.material_type,
        r.file_id,
        r.operation_type,
        r.task_id,
        r.source,
        _list(r.preset_tags),
        _list(r.tags),
        *_place(r.created_place),
        *_place(r.last_place),
        r.confirmed_at,
        r.named_seq,
        r.name_at,
        r.preset_tags_at,
        r.tags_at,
        _list(r.moves),
        r.repeatable,
    )


def material_from(row: Sequence[Any]) -> Material:
    """Read a material back."""
    moves = row[27]
    return _material(
        *row[0:14],
        _texts(row[14]),
        _texts(row[15]),
        _place_from(row[16], row[17], row[18]),
        _place_from(row[19], row[20], row[21]),
        *row[22:27],
        () if moves == _EMPTY else _moves(moves),
        bool(row[28]),
    )


def tangle_row(r: Tangle) -> Row:
    """Lay out an open tangle."""
    return (r.material_id, r.opened_at, *_place(r.start), _list(r.steps))


def tangle_from(row: Sequence[Any]) -> Tangle:
    """Read an open tangle back."""
    return Tangle(row[0], row[1], _place_from(row[2], row[3], row[4]), _steps(row[5]))


def link_row(r: Link) -> Row:
    """Lay out a link."""
    return (
        r.material_id,
        r.kind,
        r.class_id or 0,
        r.target_material_id,
        *_place(r.target_place),
        r.status,
    )


def link_from(row: Sequence[Any]) -> Link:
    """Read a link back."""
    return Link(
        row[0],
        row[1],
        ClassId(row[2]) if row[2] else None,
        row[3],
        _place_from(row[4], row[5], row[6]),
        row[7],
    )


def file_row(r: File) -> Row:
    """Lay out a file: its fields are the columns."""
    return tuple(getattr(r, name) for name in File.__struct_fields__)


def file_from(row: Sequence[Any]) -> File:
    """Read a file back."""
    return File(*row)


def project_row(r: Project) -> Row:
    """Lay out a project."""
    return (
        r.project_id,
        r.changed_at,
        r.changed_seq,
        r.category,
        r.name,
        r.status,
        r.running,
        r.pvw_on,
        r.pgm_on,
        _list(r.interrupted_inputs),
        _list(r.interrupted_outputs),
        r.status_at,
        r.gone,
        r.confirmed_at,
        r.named_seq,
    )


def _flag(value: object) -> bool | None:
    return None if value is None else bool(value)


def project_from(row: Sequence[Any]) -> Project:
    """Read a project back."""
    return _project(
        *row[0:6],
        _flag(row[6]),
        _flag(row[7]),
        _flag(row[8]),
        _texts(row[9]),
        _texts(row[10]),
        row[11],
        bool(row[12]),
        row[13],
        row[14],
    )


def status_row(r: ProjectStatus) -> Row:
    """Lay out one line of a project's history."""
    return (r.project_id, r.seq, r.status, r.detail, r.at)


def task_row(r: Task) -> Row:
    """Lay out a task: its fields are the columns."""
    return tuple(getattr(r, name) for name in Task.__struct_fields__)


def task_from(row: Sequence[Any]) -> Task:
    """Read a task back."""
    return Task(*row)


def correction_row(r: Correction) -> Row:
    """Lay out a correction: its fields are the columns."""
    return astuple(r)


def sample_row(r: Sample) -> Row:
    """Lay out a sample: its fields are the columns."""
    return astuple(r)


def doubt_row(r: Doubt) -> Row:
    """Lay out a doubt."""
    return (r.kind, r.key, r.reason, r.since_at, r.since_seq, r.last_seq)


def doubt_from(row: Sequence[Any]) -> Doubt:
    """Read a doubt back."""
    return Doubt(*row)
