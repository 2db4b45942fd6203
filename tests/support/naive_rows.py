"""The naive model's rows in the layout of `MemoryMirror.rows`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.naive.model import NaiveMirror

Row = tuple[Any, ...]


def _pick(row: dict[str, Any], *names: str) -> Row:
    values = (row[name] for name in names)
    return tuple(tuple(value) if isinstance(value, list) else value for value in values)


def naive_rows(naive: NaiveMirror) -> dict[str, set[Row]]:
    """Return the naive model's rows as sets of tuples."""
    last = ("last_owner_type", "last_owner_id", "last_class_path")
    target = ("target_owner_type", "target_owner_id", "target_class_path")
    media = (
        *("material_id", "owner_type", "owner_id", "class_id", "class_path", "name"),
        *("material_type", "file_id", "origin", "preset_tags", "tags", "in_doubt"),
        *("created_seq", "changed_seq"),
    )
    files = (
        *("file_id", "operation_type", "task_id", "project_id", "size_bytes"),
        *("duration_seconds", "width", "height", "container", "bitrate"),
    )
    classes = (
        *("class_id", "owner_type", "owner_id", "class_path", "origin"),
        *("material_count", "changed_seq"),
    )
    board = (
        *("project_id", "category", "name", "status", "running", "pvw_on", "pgm_on"),
        *("interrupted_inputs", "interrupted_outputs", "gone", "changed_seq"),
    )
    tasks = ("task_id", "status", "err_code", "err_msg", "material_id", "file_id", "seq")
    live = {r["material_id"] for r in naive.media_tree()}
    return {
        "classes": {_pick(r, *classes) for r in naive.class_tree()},
        "media": {_pick(r, *media) for r in naive.media_tree()},
        "gone": {
            _pick(r, "material_id", "state", "name", "file_id", *last, "changed_seq")
            for r in naive.media_gone()
        },
        "links": {
            (
                r["material_id"],
                r["kind"],
                r["class_id"] if r["kind"] == "placement" else None,
                *_pick(r, "target_material_id", *target),
                None if r["kind"] == "placement" else r["status"],
            )
            for r in naive.media_links()
            if r["kind"] == "placement" or r["material_id"] in live
        },
        "files": {_pick(r, *files) for r in naive.media_files()},
        "projects": {
            _pick({**r, **{n: bool(r[n]) for n in ("running", "pvw_on", "pgm_on")}}, *board)
            for r in naive.project_board()
        },
        "timeline": {_pick(r, "project_id", "status", "seq") for r in naive.project_timeline()},
        "tasks": {
            _pick({**r, "err_msg": r["err_msg"] or None}, *tasks) for r in naive.export_tasks()
        },
        "doubts": {_pick(r, "kind", "key", "reason", "since_seq") for r in naive.open_doubts()},
    }
