"""Projects with their timelines, export tasks and doubts, page by page."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from msgspec import Struct, json

from mirror.core.model import DoubtKind, Micros, ProjectId, Seq
from mirror.store.queries.lists.common import Stamp
from mirror.store.queries.lists.library import equal, mine
from mirror.store.queries.lists.paging import Listing, Page, Place, contains
from mirror.store.queries.past import ProjectRow, TaskRow, TimelineRow
from mirror.store.schema import doubts as doubt_table
from mirror.store.schema import project_statuses
from mirror.store.schema import projects as project_table
from mirror.store.schema import tasks as task_table


class Projects(Struct, frozen=True):
    """Which projects; those that the platform no longer lists are left out unless `gone`."""

    project_id: str | None = None
    category: str | None = None
    name: str | None = None
    status: str | None = None
    running: bool | None = None
    gone: bool | None = False


def projects(
    connection: sa.Connection, stamp: Stamp, only: Projects, after: Place | None, limit: int
) -> Page[ProjectRow]:
    """By id."""
    table = project_table
    where = mine(table, stamp)
    if only.project_id is not None:
        where.append(table.c.project_id == only.project_id)
    filters = equal(category=only.category, status=only.status)
    for name in ("running", "gone"):
        wanted: bool | None = getattr(only, name)
        if wanted is not None:
            truth = sa.true() if wanted else sa.false()
            filters.append(lambda row, name=name, truth=truth: row[name] == truth)  # type: ignore[misc]
    if only.name is not None:
        part, dialect = only.name, connection.dialect.name
        filters.append(lambda row: contains(dialect, row.name, part))
    columns = [table.c[name] for name in ProjectRow.__struct_fields__]
    found = Listing(columns, [table.c.project_id], where, filters).page(connection, after, limit)
    return Page([_project(row) for row in found.rows], found.next)


def _project(row: Any) -> ProjectRow:  # noqa: ANN401 - a row of the query
    return ProjectRow(
        ProjectId(row.project_id),
        row.category,
        row.name,
        row.status,
        _flag(row.running),
        _flag(row.pvw_on),
        _flag(row.pgm_on),
        _texts(row.interrupted_inputs),
        _texts(row.interrupted_outputs),
        row.status_at,
        row.changed_seq,
        bool(row.gone),
    )


_texts = json.Decoder(tuple[str, ...]).decode


def _flag(value: object) -> bool | None:
    return None if value is None else bool(value)


def timeline(
    connection: sa.Connection,
    stamp: Stamp,
    project_id: str,
    *,
    before: Seq | None = None,
    limit: int = 100,
) -> list[TimelineRow]:
    """The newest statuses that a project had (below `before`), newest first."""
    table = project_statuses
    query = sa.select(table.c.seq, table.c.status, table.c.detail, table.c.at).where(
        *mine(table, stamp), table.c.project_id == project_id
    )
    if before is not None:
        # One more: the status that began at `before` ended the one that is sought.
        query = query.where(table.c.seq <= before)
    rows = connection.execute(query.order_by(table.c.seq.desc()).limit(limit + 1)).all()
    ends: list[Micros | None] = [None, *(row.at for row in rows)]
    found = [
        TimelineRow(ProjectId(project_id), row.status, row.detail, row.at, end, row.seq)
        for row, end in zip(rows, ends, strict=False)
    ]
    return [row for row in found if before is None or row.seq < before][:limit]


class Tasks(Struct, frozen=True):
    """Which export tasks."""

    task_id: str | None = None
    status: str | None = None
    material_id: str | None = None
    file_id: str | None = None


def tasks(
    connection: sa.Connection, stamp: Stamp, only: Tasks, after: Place | None, limit: int
) -> Page[TaskRow]:
    """By id."""
    table = task_table
    where = mine(table, stamp)
    if only.task_id is not None:
        where.append(table.c.task_id == only.task_id)
    filters = equal(status=only.status, material_id=only.material_id, file_id=only.file_id)
    names = ("task_id", "status", "err_code", "err_msg", "material_id", "file_id", "completed_at")
    columns = [*(table.c[name] for name in names), table.c.changed_seq]
    found = Listing(columns, [table.c.task_id], where, filters).page(connection, after, limit)
    return Page([TaskRow(*row) for row in found.rows], found.next)


class Doubts(Struct, frozen=True):
    """Which doubts."""

    kind: str | None = None
    key: str | None = None
    reason: str | None = None


class DoubtRow(Struct, frozen=True):
    """A row of `open_doubts`."""

    kind: DoubtKind
    key: str
    reason: str
    since_at: Micros
    since_seq: Seq


def doubts(
    connection: sa.Connection, stamp: Stamp, only: Doubts, after: Place | None, limit: int
) -> Page[DoubtRow]:
    """By what they are about, then by reason."""
    table = doubt_table
    where = mine(table, stamp)
    if only.kind is not None:
        where.append(table.c.kind == only.kind)
        if only.key is not None:
            where.append(table.c.key == only.key)
    filters = equal(reason=only.reason, key=only.key if only.kind is None else None)
    columns = [table.c[name] for name in DoubtRow.__struct_fields__]
    order = [table.c.kind, table.c.key, table.c.reason]
    found = Listing(columns, order, where, filters).page(connection, after, limit)
    return Page([DoubtRow(*row) for row in found.rows], found.next)
