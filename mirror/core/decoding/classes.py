"""Reads the payloads of `Class.*`."""

from __future__ import annotations

from mirror.core.decoding import fields
from mirror.core.decoding.fields import Record
from mirror.core.events import ClassCreated, ClassesDeleted, ClassesMoved


def class_created(payload: Record) -> ClassCreated:
    """Read `Class.Created`."""
    return ClassCreated(fields.place(payload))


def classes_moved(payload: Record) -> ClassesMoved:
    """Read `Class.Moved`."""
    return ClassesMoved(
        fields.need_owner(payload, "SourceOwner"),
        fields.class_paths(payload, "SourceClassPathSet"),
        fields.place(payload, "DestinationOwner", "DestinationClassPath"),
    )


def classes_deleted(payload: Record) -> ClassesDeleted:
    """Read `Class.Deleted`, whose set may be called `SourceClassPathSet` (in published samples)."""
    field = "ClassPathSet"
    if payload.get(field) is None and payload.get("SourceClassPathSet") is not None:
        field = "SourceClassPathSet"
    return ClassesDeleted(fields.need_owner(payload, "Owner"), fields.class_paths(payload, field))
