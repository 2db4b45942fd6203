"""Projects, export tasks and files as they were at a moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sqlalchemy as sa
from msgspec import json

from mirror.core.decode import EVENT_TYPES
from mirror.core.model import FileId, Micros, ProjectId, Seq, TaskId
from mirror.store.queries.past.media import Whereabouts
from mirror.store.queries.past.moment import Moment, arrivals
from mirror.store.queries.past.rows import FileRow, ProjectRow, TaskRow, TimelineRow
from mirror.store.queries.past.things import Thing, mine
from mirror.store.schema import changes, outcomes, project_statuses

# Made from fields by name, which no type checker can count.
_file_row: Callable[..., FileRow] = FileRow
_project_row: Callable[..., ProjectRow] = ProjectRow
_task_row: Callable[..., TaskRow] = TaskRow

_EXPORTED = next(name for name in EVENT_TYPES if name.startswith("Task."))
_PARTS = frozenset(ProjectRow.__struct_fields__[3:9])


def file_rows(whereabouts: Whereabouts, found: Mapping[str, Thing]) -> list[FileRow]:
    """Files as `media_files` would have shown them."""
    live = whereabouts.live_with(list(found))
    names = FileRow.__struct_fields__[1:-1]
    return [
        _file_row(FileId(key), *(thing.fields.get(name) for name in names), live[key])
        for key, thing in found.items()
    ]


def project_rows(
    connection: sa.Connection, at: Moment, found: Mapping[str, Thing]
) -> list[ProjectRow]:
    """Projects as `project_board` would have shown them, and those that it leaves out."""
    since = {
        key: _status_seq(connection, at, key)
        for key, thing in found.items()
        if thing.touched and thing.fields.get("status") is not None
    }
    came = arrivals(connection, at.platform, [seq for seq in since.values() if seq is not None])
    return [
        _project_row(
            ProjectId(key),
            *(thing.fields.get(name) for name in ProjectRow.__struct_fields__[1:7]),
            thing.texts("interrupted_inputs"),
            thing.texts("interrupted_outputs"),
            _time(thing, "status_at", since.get(key), came),
            thing.changed_seq,
            bool(thing.fields.get("gone")),
        )
        for key, thing in found.items()
    ]


def _time(thing: Thing, name: str, seq: Seq | None, came: Mapping[Seq, Micros]) -> Micros | None:
    if not thing.touched and thing.present is not None:
        known: Micros | None = thing.present[name]
        return known
    return None if seq is None else came[seq]


def _status_seq(connection: sa.Connection, at: Moment, project_id: str) -> Seq | None:
    """The last delivery up to the moment that changed what the project was doing."""
    rows = connection.execute(
        sa.select(changes.c.seq, changes.c.after)
        .where(
            *mine(at, changes),
            changes.c.entity == "project",
            changes.c.key == project_id,
            changes.c.seq <= at.at,
        )
        .order_by(changes.c.seq.desc(), changes.c.ordinal.desc()),
        execution_options={"yield_per": 20},
    )
    try:
        for seq, after in rows:
            if not _PARTS.isdisjoint(json.decode(after)):
                return Seq(seq)
    finally:
        rows.close()
    return None


def timeline(connection: sa.Connection, at: Moment, project_id: str) -> list[TimelineRow]:
    """The statuses that a project had had, as `project_timeline` would have shown them."""
    table = project_statuses
    rows = connection.execute(
        sa.select(table.c.status, table.c.detail, table.c.at, table.c.seq)
        .where(*mine(at, table), table.c.project_id == project_id, table.c.seq <= at.at)
        .order_by(table.c.seq)
    ).all()
    ends = [*(row.at for row in rows[1:]), None][: len(rows)]
    return [
        TimelineRow(ProjectId(project_id), status, detail, began, end, seq)
        for (status, detail, began, seq), end in zip(rows, ends, strict=True)
    ]


def task_rows(connection: sa.Connection, at: Moment, found: Mapping[str, Thing]) -> list[TaskRow]:
    """Export tasks as `export_tasks` would have shown them."""
    ended = {
        key: _exported_seq(connection, at, key) for key, thing in found.items() if thing.touched
    }
    came = arrivals(connection, at.platform, [seq for seq in ended.values() if seq is not None])
    names = TaskRow.__struct_fields__[1:6]
    return [
        _task_row(
            TaskId(key),
            *(thing.fields.get(name) for name in names),
            _time(thing, "completed_at", ended.get(key), came),
            thing.changed_seq,
        )
        for key, thing in found.items()
    ]


def _exported_seq(connection: sa.Connection, at: Moment, task_id: str) -> Seq | None:
    """The last delivery up to the moment that told of the task's end anew."""
    said = sa.and_(
        outcomes.c.platform == changes.c.platform,
        outcomes.c.generation == changes.c.generation,
        outcomes.c.seq == changes.c.seq,
    )
    query = (
        sa.select(sa.func.max(changes.c.seq))
        .select_from(changes.join(outcomes, said))
        .where(
            *mine(at, changes),
            changes.c.entity == "task",
            changes.c.key == task_id,
            changes.c.seq <= at.at,
            outcomes.c.event_type == _EXPORTED,
        )
    )
    return connection.execute(query).scalar()
