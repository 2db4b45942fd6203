"""Rows of queries as the API shows them: fields of the same names, times as times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from msgspec import Struct

from mirror.store.queries import material
from mirror.web.api.types import Doubt, File, Link, MaterialDetail

S = TypeVar("S", bound=Struct)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def shown(kind: type[S], row: Struct, **more: object) -> S:
    """A row of a query as the API shows it: fields of the same names, times as times."""
    values: dict[str, Any] = {
        name: moment(value) if name.endswith("_at") and isinstance(value, int) else value
        for name in kind.__struct_fields__
        if name not in more and (value := getattr(row, name, None)) is not None
    }
    return kind(**{name: None for name in _required(kind) if name not in more} | values | more)


def moment_or_none(micros: int | None) -> datetime | None:
    """The same; None for None."""
    return None if micros is None else moment(micros)


def detail(
    platform: str, found: material.Material, links: list[Link], linked_from: list[Link] | None
) -> MaterialDetail:
    """All that is known of one material."""
    owner, path = (found.place.owner, found.place.path) if found.place else (None, None)
    kind, identity = owner or (None, None)
    live = found.state == "live"
    file = found.file
    return shown(
        MaterialDetail,
        found,
        platform=platform,
        owner_type=kind if live else None,
        owner_id=identity if live else None,
        class_path=path if live else None,
        last_owner_type=None if live else kind,
        last_owner_id=None if live else identity,
        last_class_path=None if live else path,
        preset_tags=list(found.preset_tags),
        tags=list(found.tags),
        file_id=None if file is None else file.file_id,
        file=None if file is None else shown(File, file),
        links=links,
        linked_from=linked_from,
        doubts=[shown(Doubt, doubt) for doubt in found.doubts],
    )


def _required(kind: type[Struct]) -> tuple[str, ...]:
    fields, defaults = kind.__struct_fields__, kind.__struct_defaults__
    return fields[: len(fields) - len(defaults)] if defaults else fields


def moment(micros: int) -> datetime:
    """Microseconds since 1970 as a time in UTC."""
    return EPOCH + timedelta(microseconds=micros)
