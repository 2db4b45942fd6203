"""What a moment of the past holds, in the layout of `MemoryMirror.rows`, but for what is known of the present only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mirror.core.model import Owner
from mirror.store.queries.past import LinkRow, MaterialCursor, MaterialRow, Past

Row = tuple[Any, ...]
Rows = dict[str, set[Row]]

_CLASS = (
    *("class_id", "owner_type", "owner_id", "class_path"),
    *("origin", "material_count", "changed_seq"),
)
_MEDIUM = (
    *("material_id", "owner_type", "owner_id", "class_id", "class_path", "name"),
    *("material_type", "file_id", "origin", "preset_tags", "tags", "created_seq", "changed_seq"),
)
_GONE = (
    *("material_id", "state", "name", "file_id"),
    *("last_owner_type", "last_owner_id", "last_class_path", "changed_seq"),
)
_FILE = (
    *("file_id", "operation_type", "task_id", "project_id", "size_bytes"),
    *("duration_seconds", "width", "height", "container", "bitrate"),
)
_TASK = ("task_id", "status", "err_code", "err_msg", "material_id", "file_id", "seq")


def past_rows(past: Past, limit: int = 100) -> Rows:
    """Everything that was there, read in pages of `limit`."""
    media = _media(past, limit)
    projects = _pages(past.projects, lambda row: row.project_id, limit)
    return {
        "classes": {_pick(row, _CLASS) for row in _classes(past, limit)},
        "media": {_pick(row, _MEDIUM) for row in media},
        "gone": {_pick(row, _GONE) for row in _pages(past.gone, _material_id, limit)},
        "links": {_link(row) for row in _pages(past.links, _material_id, limit)},
        "files": {_pick(row, _FILE) for row in _pages(past.files, lambda row: row.file_id, limit)},
        "projects": {
            (
                *(row.project_id, row.category, row.name, row.status),
                *(bool(row.running), bool(row.pvw_on), bool(row.pgm_on)),
                *(row.interrupted_inputs, row.interrupted_outputs, row.gone, row.changed_seq),
            )
            for row in projects
        },
        "timeline": {
            (row.project_id, row.status, row.seq)
            for project in projects
            for row in past.timeline(project.project_id)
        },
        "tasks": {_pick(row, _TASK) for row in _pages(past.tasks, lambda row: row.task_id, limit)},
    }


def then(rows: Rows) -> Rows:
    """The same of a state that is, or was, the present: without its doubts."""
    kept = {name: some for name, some in rows.items() if name != "doubts"}
    return {**kept, "media": {(*row[:11], *row[12:]) for row in rows["media"]}}


def _pick(row: object, names: tuple[str, ...]) -> Row:
    return tuple(getattr(row, name) for name in names)


def _material_id(row: Any) -> str:  # noqa: ANN401 - any row of a material
    found: str = row.material_id
    return found


def _pages(read: Callable[..., list[Any]], key: Callable[[Any], str], limit: int) -> list[Any]:
    found: list[Any] = []
    while some := read(after=key(found[-1]) if found else None, limit=limit):
        assert len({key(row) for row in some}) <= limit
        found += some
    keys = [key(row) for row in found]
    assert keys == sorted(keys)
    return found


def _classes(past: Past, limit: int) -> list[Any]:
    found: list[Any] = []
    while True:
        last = found[-1] if found else None
        after = last and (Owner(last.owner_type, last.owner_id), last.class_path)
        some = past.classes(after=after, limit=limit)
        if not some:
            return found
        found += some


def _media(past: Past, limit: int) -> list[MaterialRow]:
    found: list[MaterialRow] = []
    while True:
        after = None
        if found:
            last = found[-1]
            owner = Owner(last.owner_type, last.owner_id)
            after = MaterialCursor(owner, last.class_path, last.material_id)
        some = past.materials(after=after, limit=limit)
        assert len(some) <= limit
        if not some:
            return found
        found += some


def _link(row: LinkRow) -> Row:
    return (
        *(row.material_id, row.kind, row.class_id if row.kind == "placement" else None),
        *(row.target_material_id, row.target_owner_type, row.target_owner_id),
        *(row.target_class_path, row.status),
    )
