"""What a database holds: its public views in the layout of `MemoryMirror.rows`, or its state tables."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from mirror.store import checkpoints, views
from mirror.store.schema import STATE, projects

Row = tuple[Any, ...]


_OWNER = ("owner_type", "owner_id")
_CLASSES = ("class_id", *_OWNER, "class_path", "origin", "material_count", "changed_seq")
_MEDIA = (
    *("material_id", *_OWNER, "class_id", "class_path", "name", "material_type", "file_id"),
    *("origin", "preset_tags", "tags", "in_doubt", "created_seq", "changed_seq"),
)
_GONE = (
    *("material_id", "state", "name", "file_id"),
    *("last_owner_type", "last_owner_id", "last_class_path", "changed_seq"),
)
_LINKS = (
    *("material_id", "kind", "class_id", "target_material_id"),
    *("target_owner_type", "target_owner_id", "target_class_path", "status"),
)
_FILES = (
    *("file_id", "operation_type", "task_id", "project_id", "size_bytes"),
    *("duration_seconds", "width", "height", "container", "bitrate"),
)
_BOARD = (
    *("project_id", "category", "name", "status", "running", "pvw_on", "pgm_on"),
    *("interrupted_inputs", "interrupted_outputs", "changed_seq"),
)
_TASKS = ("task_id", "status", "err_code", "err_msg", "material_id", "file_id", "seq")


def database_rows(connection: sa.Connection, platform: str) -> dict[str, set[Row]]:
    """Return the rows of the public views, and the projects that are gone, which no view shows."""

    def rows(view: str, *names: str) -> list[sa.RowMapping]:
        shown = views.view(view)
        columns = (shown.c[name] for name in names)
        found = connection.execute(sa.select(*columns).where(shown.c.platform == platform))
        return list(found.mappings())

    def plain(view: str, *names: str) -> set[Row]:
        return {tuple(row.values()) for row in rows(view, *names)}

    return {
        "classes": plain("class_tree", *_CLASSES),
        "media": {_media(row) for row in rows("media_tree", *_MEDIA)},
        "gone": plain("media_gone", *_GONE),
        "links": {_link(row) for row in rows("media_links", *_LINKS)},
        "files": plain("media_files", *_FILES),
        "projects": {
            *(_project(row, gone=False) for row in rows("project_board", *_BOARD)),
            *(_project(row, gone=True) for row in _gone_projects(connection, platform)),
        },
        "timeline": plain("project_timeline", "project_id", "status", "seq"),
        "tasks": plain("export_tasks", *_TASKS),
        "doubts": plain("open_doubts", "kind", "key", "reason", "since_seq"),
    }


def _media(row: sa.RowMapping) -> Row:
    read = {
        **row,
        "preset_tags": _texts(row["preset_tags"]),
        "tags": _texts(row["tags"]),
        "in_doubt": bool(row["in_doubt"]),
    }
    return tuple(read.values())


def _link(row: sa.RowMapping) -> Row:
    shown = row["class_id"] if row["kind"] == "placement" else None
    return tuple({**row, "class_id": shown}.values())


def _project(row: sa.RowMapping, *, gone: bool) -> Row:
    return (
        *(row[name] for name in _BOARD[:4]),
        *(bool(row[name]) for name in _BOARD[4:7]),
        _texts(row["interrupted_inputs"]),
        _texts(row["interrupted_outputs"]),
        gone,
        row["changed_seq"],
    )


def _gone_projects(connection: sa.Connection, platform: str) -> list[sa.RowMapping]:
    generation = checkpoints.live_generation(connection, platform)
    columns = (projects.c[name] for name in _BOARD)
    found = connection.execute(
        sa.select(*columns).where(
            projects.c.platform == platform,
            projects.c.generation == generation,
            projects.c.gone.is_(True),
        )
    )
    return list(found.mappings())


def _texts(value: str) -> tuple[str, ...]:
    return tuple(json.loads(value))


State = dict[str, list[Row]]


def state_rows(connection: sa.Connection, platform: str, generation: int | None = None) -> State:
    """Return every row of every state table of a generation (default: the live one), by key."""
    if generation is None:
        generation = checkpoints.live_generation(connection, platform)
    return {
        table.name: [
            tuple(row)
            for row in connection.execute(
                sa.select(*list(table.c)[2:])
                .where(table.c.platform == platform, table.c.generation == generation)
                .order_by(*table.primary_key)
            )
        ]
        for table in STATE
    }


def generations_with_rows(connection: sa.Connection, platform: str) -> set[int]:
    """Return every generation that has a row in any state table."""
    found: set[int] = set()
    for table in STATE:
        statement = sa.select(table.c.generation).where(table.c.platform == platform).distinct()
        found.update(connection.execute(statement).scalars())
    return found


def differences(one: State, other: State) -> list[tuple[str, str, Row]]:
    """Return the rows that only one of two states has: its table, `-` or `+`, and the row."""
    found = []
    for table, rows in one.items():
        mine, theirs = set(rows), set(other[table])
        found += [(table, "-", row) for row in rows if row not in theirs]
        found += [(table, "+", row) for row in other[table] if row not in mine]
    return found
