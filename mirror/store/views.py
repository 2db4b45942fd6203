"""The public views: the same names and columns on every engine, described in docs/sql.md.

Each shows the live generation of every platform, removed platforms included. `platform` is the
first column everywhere, and every view is made so that a filter on it and on the key columns is
answered from an index.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.compiler import SQLCompiler

from mirror.store import dialects
from mirror.store.dialects import utc_time
from mirror.store.log_views import change_log, delivery_log, delivery_log_joined, mirror_status
from mirror.store.schema import (
    classes,
    doubts,
    files,
    links,
    materials,
    project_statuses,
    projects,
    tags,
    tasks,
)
from mirror.store.view_parts import Query, live, same, time


def _class_tree() -> Query:
    above = classes.alias("above")
    # A path ends with the name, after the path above and a slash; the root's path is that slash.
    start = sa.func.length(above.c.path) + sa.case((above.c.path == "/", 1), else_=2)
    slashes = sa.func.length(classes.c.path) - sa.func.length(
        sa.func.replace(classes.c.path, "/", "")
    )
    within = sa.select(sa.func.count()).where(same(materials, classes, class_id="class_id"))
    return sa.select(
        classes.c.platform,
        classes.c.class_id,
        classes.c.owner_type,
        classes.c.owner_id,
        classes.c.path.label("class_path"),
        above.c.path.label("parent_path"),
        sa.case(
            (classes.c.parent_id.is_(None), ""), else_=sa.func.substr(classes.c.path, start)
        ).label("name"),
        sa.case((classes.c.parent_id.is_(None), 0), else_=slashes).label("depth"),
        classes.c.origin,
        within.correlate(classes).scalar_subquery().label("material_count"),
        classes.c.changed_seq,
    ).select_from(live(classes).outerjoin(above, same(above, classes, class_id="parent_id")))


def _media_tree() -> Query:
    # The offset keeps PostgreSQL from reading all doubts there are for a page of materials.
    own_doubt = sa.exists(
        sa.select(doubts.c.reason)
        .where(same(doubts, materials, key="material_id"), doubts.c.kind == "material")
        .correlate(materials)
        .limit(1)
        .offset(0)
    )
    return sa.select(
        materials.c.platform,
        classes.c.owner_type,
        classes.c.owner_id,
        materials.c.class_id,
        classes.c.path.label("class_path"),
        materials.c.material_id,
        materials.c.name,
        materials.c.material_type,
        materials.c.file_id,
        materials.c.origin,
        materials.c.preset_tags,
        materials.c.tags,
        sa.or_(classes.c.in_doubt, own_doubt).label("in_doubt"),
        time(materials.c.created_at),
        time(materials.c.changed_at),
        time(materials.c.confirmed_at),
        materials.c.created_seq,
        materials.c.changed_seq,
    ).select_from(live(materials).join(classes, same(classes, materials, class_id="class_id")))


def _media_gone() -> Query:
    return (
        sa.select(
            materials.c.platform,
            materials.c.material_id,
            materials.c.state,
            materials.c.name,
            materials.c.file_id,
            materials.c.last_owner_type,
            materials.c.last_owner_id,
            materials.c.last_path.label("last_class_path"),
            time(materials.c.changed_at),
            materials.c.changed_seq,
        )
        .select_from(live(materials))
        .where(materials.c.state != "live")
    )


def _media_files() -> Query:
    showing = sa.select(sa.func.count(materials.c.class_id)).where(
        same(materials, files, file_id="file_id")
    )
    return sa.select(
        files.c.platform,
        files.c.file_id,
        files.c.operation_type,
        files.c.task_id,
        files.c.project_id,
        files.c.size_bytes,
        files.c.duration_seconds,
        files.c.width,
        files.c.height,
        files.c.container,
        files.c.bitrate,
        showing.correlate(files).scalar_subquery().label("live_materials"),
    ).select_from(live(files))


def _media_links() -> Query:
    def select(rows: sa.FromClause) -> sa.Select[Any]:
        return sa.select(
            links.c.platform,
            links.c.material_id,
            links.c.kind,
            classes.c.owner_type,
            classes.c.owner_id,
            classes.c.class_id,
            classes.c.path.label("class_path"),
            links.c.target_material_id,
            links.c.target_owner_type,
            links.c.target_owner_id,
            links.c.target_path.label("target_class_path"),
            links.c.status,
        ).select_from(rows)

    # In two parts, so that each can start from either end.
    placements = live(links).join(classes, same(classes, links, class_id="class_key"))
    others = (
        live(links)
        .join(materials, same(materials, links, material_id="material_id"))
        .join(classes, same(classes, materials, class_id="class_id"))
    )
    return sa.union_all(
        select(placements).where(links.c.kind == "placement"),
        select(others).where(links.c.kind != "placement"),
    )


def _material_tags() -> Query:
    return (
        sa.select(tags.c.platform, tags.c.material_id, tags.c.kind, tags.c.tag)
        .select_from(live(tags).join(materials, same(materials, tags, material_id="material_id")))
        .where(materials.c.state == "live")
    )


def _project_board() -> Query:
    return (
        sa.select(
            projects.c.platform,
            projects.c.project_id,
            projects.c.category,
            projects.c.name,
            projects.c.status,
            projects.c.running,
            projects.c.pvw_on,
            projects.c.pgm_on,
            projects.c.interrupted_inputs,
            projects.c.interrupted_outputs,
            time(projects.c.status_at),
            projects.c.changed_seq,
        )
        .select_from(live(projects))
        .where(sa.not_(projects.c.gone))
    )


def _project_timeline() -> Query:
    status = project_statuses
    later = status.alias("later")
    # Not a window: it would be computed for every project before a page is cut off.
    following = (
        sa.select(later.c.at)
        .where(same(later, status, project_id="project_id"), later.c.seq > status.c.seq)
        .order_by(later.c.seq)
        .limit(1)
        .correlate(status)
        .scalar_subquery()
    )
    return sa.select(
        status.c.platform,
        status.c.project_id,
        status.c.status,
        status.c.detail,
        utc_time(status.c.at).label("from_at"),
        utc_time(following).label("to_at"),
        status.c.seq,
    ).select_from(live(status))


def _export_tasks() -> Query:
    return sa.select(
        tasks.c.platform,
        tasks.c.task_id,
        tasks.c.status,
        tasks.c.err_code,
        tasks.c.err_msg,
        tasks.c.material_id,
        tasks.c.file_id,
        time(tasks.c.completed_at),
        tasks.c.changed_seq.label("seq"),
    ).select_from(live(tasks))


def _open_doubts() -> Query:
    return sa.select(
        doubts.c.platform,
        doubts.c.kind,
        doubts.c.key,
        doubts.c.reason,
        time(doubts.c.since_at),
        doubts.c.since_seq,
    ).select_from(live(doubts))


QUERIES: dict[str, Query] = {
    "class_tree": _class_tree(),
    "media_tree": _media_tree(),
    "media_gone": _media_gone(),
    "media_files": _media_files(),
    "media_links": _media_links(),
    "material_tags": _material_tags(),
    "project_board": _project_board(),
    "project_timeline": _project_timeline(),
    "export_tasks": _export_tasks(),
    "delivery_log": delivery_log(),
    "change_log": change_log(),
    "open_doubts": _open_doubts(),
    "mirror_status": mirror_status(),
}


POSTGRESQL: dict[str, Query] = {"delivery_log": delivery_log_joined()}
"""Those that PostgreSQL wants otherwise: it would plan each part by itself, and sort all of it."""


def columns(name: str) -> list[str]:
    """The columns of a view, in order. Raises KeyError."""
    return list(QUERIES[name].selected_columns.keys())


@cache
def view(name: str) -> sa.TableClause:
    """A view as something to select from. Raises KeyError."""
    return sa.table(
        name, *(sa.column(key, found.type) for key, found in QUERIES[name].selected_columns.items())
    )


def statements(dialect: str) -> list[str]:
    """The CREATE VIEW statements."""
    queries = QUERIES | POSTGRESQL if dialect == "postgresql" else QUERIES
    return [f"CREATE VIEW {name} AS\n{_text(query, dialect)}" for name, query in queries.items()]


def _text(query: Query, dialect: str) -> str:
    compiled = query.compile(
        dialect=dialects.positional(dialect), compile_kwargs={"literal_binds": True}
    )
    assert isinstance(compiled, SQLCompiler)  # noqa: S101 - what compile() gives for a query
    return str(compiled).replace(" \n", "\n")
