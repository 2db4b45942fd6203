"""The library as it was: the same lists as of the present, from `mirror.store.queries.past`.

What is not known of an earlier moment cannot be asked of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from mirror.core import paths
from mirror.core.model import Owner, Seq
from mirror.store.queries import Branch
from mirror.store.queries.past import MaterialCursor, MaterialRow, Past
from mirror.store.queries.past.links import link_rows
from mirror.web.api import types
from mirror.web.api.endpoint import Asked, paged, place_of, refuse_when_past
from mirror.web.api.params import Paged, owner_of, path_of
from mirror.web.api.rows import detail, shown
from mirror.web.api.types import Page

if TYPE_CHECKING:
    from mirror.web.api.board import ProjectsParams, TasksParams
    from mirror.web.api.library import (
        ClassesParams,
        FilesParams,
        LinksParams,
        MaterialsParams,
        TreeParams,
    )

LOOKED_AT = 500
"""Rows that a page with filters looks at, at most."""

R = TypeVar("R", bound=Struct)
S = TypeVar("S", bound=Struct)


def past(asked: Asked) -> Past:
    """The library at the moment that was asked for. Raises NotFound."""
    return Past(asked.connection, asked.stamp.platform, Seq(asked.at or 0))


def branches(asked: Asked, params: TreeParams) -> list[Branch]:
    """The tree as it was."""
    owner, path, found = owner_of(params.owner), path_of(params.class_path), past(asked)
    if owner is None and path == paths.ROOT and not found.classes(depth=0, limit=1):
        return []
    return found.tree(owner, path, depth=params.depth)


def media(asked: Asked, branch: Branch, most: int) -> list[types.Medium]:
    """The first media of a class as it was."""
    if not most:
        return []
    rows = past(asked).materials(branch.owner, branch.path, beneath=False, limit=most)
    return [shown(types.Medium, row) for row in rows]


def classes(asked: Asked, params: ClassesParams) -> Page[types.Class]:
    """Classes by owner and path, parents first."""
    _refuse(asked, params, "in_doubt")
    place = place_of(asked, params)
    rows = past(asked).classes(
        owner_of(params.owner),
        path_of(params.class_path),
        depth=params.depth,
        after=None if place is None else (Owner(place[0], place[1]), place[2]),
        limit=LOOKED_AT,
    )
    kept = [row for row in rows if _has(params.name, row.name)]
    return _page(asked, params, types.Class, rows, kept, _owner_and("class_path"))


def materials(asked: Asked, params: MaterialsParams) -> Page[types.Material]:
    """Live ones by owner, path and id, or those that were gone, by id."""
    _refuse(asked, params, "in_doubt")
    if params.state == "any":
        refuse_when_past(asked, "state")
    found = past(asked)
    place, owner, path = place_of(asked, params), owner_of(params.owner), path_of(params.class_path)
    if params.state != "live":
        _refuse(asked, params, "class_id", "tag", "tag_kind", "type", "origin")
        gone = found.gone(after=None if place is None else place[0], limit=LOOKED_AT)
        left = [
            row
            for row in gone
            if row.state == params.state
            and (owner is None or (row.last_owner_type, row.last_owner_id) == owner)
            and paths.covers(path, row.last_class_path or "/")
            and _has(params.name, row.name)
            and params.file in {None, row.file_id}
        ]
        return _page(asked, params, types.Material, gone, left, _keys("material_id"))
    rows = found.materials(
        owner,
        path,
        after=None if place is None else MaterialCursor(Owner(place[0], place[1]), *place[2:]),
        limit=LOOKED_AT,
    )
    live = [row for row in rows if _wanted(params, row)]
    key = _owner_and("class_path", "material_id")
    return _page(asked, params, types.Material, rows, live, key, state="live")


def _wanted(params: MaterialsParams, row: MaterialRow) -> bool:
    tags: dict[str | None, Sequence[str]] = {
        "preset": row.preset_tags,
        "custom": row.tags,
        None: (*row.preset_tags, *row.tags),
    }
    return (
        params.class_id in {None, row.class_id}
        and (params.tag is None or params.tag in tags[params.tag_kind])
        and params.file in {None, row.file_id}
        and params.type in {None, row.material_type}
        and params.origin in {None, row.origin}
        and _has(params.name, row.name)
    )


def material(asked: Asked) -> types.MaterialDetail:
    """One material as it was."""
    found = past(asked)
    known = found.material(asked.path["material_id"])
    rows = link_rows(asked.connection, found.moment, [known.material_id])
    links = [shown(types.Link, row) for row in rows]
    return detail(asked.stamp.platform, known, links, None)


def files(asked: Asked, params: FilesParams) -> Page[types.File]:
    """VOD files by id."""
    rows = past(asked).files(after=_after(asked, params), limit=LOOKED_AT)
    kept = [
        row
        for row in rows
        if params.file in {None, row.file_id}
        and params.operation_type in {None, row.operation_type}
        and params.task in {None, row.task_id}
        and params.project in {None, row.project_id}
    ]
    return _page(asked, params, types.File, rows, kept, _keys("file_id"))


def links(asked: Asked, params: LinksParams) -> Page[types.Link]:
    """Links of live materials; those of one material are on one page, which may be longer for it."""
    owner, path = owner_of(params.owner), path_of(params.class_path)
    rows = past(asked).links(after=_after(asked, params), limit=params.limit)
    kept = [
        row
        for row in rows
        if (owner is None or (row.owner_type, row.owner_id) == owner)
        and paths.covers(path, row.class_path)
        and params.material in {None, row.material_id}
        and params.target in {None, row.target_material_id}
        and params.kind in {None, row.kind}
        and params.status in {None, row.status}
    ]
    items = [shown(types.Link, row) for row in kept]
    more = len(rows) >= params.limit
    return paged(asked, params, items, (rows[-1].material_id,) if more else None)


def projects(asked: Asked, params: ProjectsParams) -> Page[types.Project]:
    """Projects by id."""
    rows = past(asked).projects(after=_after(asked, params), limit=LOOKED_AT)
    kept = [
        row
        for row in rows
        if params.category in {None, row.category}
        and params.status in {None, row.status}
        and params.running in {None, row.running}
        and row.gone == params.gone
        and _has(params.name, row.name)
    ]
    return _page(asked, params, types.Project, rows, kept, _keys("project_id"))


def project(asked: Asked) -> types.ProjectDetail:
    """One project as it was, with the newest statuses that it had had."""
    found, project_id = past(asked), asked.path["project_id"]
    timeline = found.timeline(project_id)[::-1][: types.TIMELINE]
    return shown(
        types.ProjectDetail,
        found.project(project_id),
        platform=asked.stamp.platform,
        timeline=[shown(types.Status, row) for row in timeline],
    )


def tasks(asked: Asked, params: TasksParams) -> Page[types.Task]:
    """Export tasks by id."""
    rows = past(asked).tasks(after=_after(asked, params), limit=LOOKED_AT)
    kept = [
        row
        for row in rows
        if params.task in {None, row.task_id}
        and params.status in {None, row.status}
        and params.material in {None, row.material_id}
        and params.file in {None, row.file_id}
    ]
    return _page(asked, params, types.Task, rows, kept, _keys("task_id"))


# --------------------------------------------------------------------------------------- pages


def _page(
    asked: Asked,
    params: Paged,
    kind: type[S],
    rows: Sequence[R],
    kept: Sequence[R],
    key: Callable[[R], tuple[Any, ...]],
    **more: object,
) -> Page[S]:
    """A page of those rows that are wanted."""
    page = kept[: params.limit]
    place = None
    if len(kept) > params.limit:
        place = key(page[-1])
    elif len(rows) >= LOOKED_AT:
        place = key(rows[-1])
    return paged(asked, params, [shown(kind, row, **more) for row in page], place)


def _keys(*names: str) -> Callable[[Any], tuple[Any, ...]]:
    return lambda row: tuple(getattr(row, name) for name in names)


def _owner_and(*names: str) -> Callable[[Any], tuple[Any, ...]]:
    return _keys("owner_type", "owner_id", *names)


def _after(asked: Asked, params: Paged) -> str | None:
    place = place_of(asked, params)
    return None if place is None else place[0]


def _has(part: str | None, name: str | None) -> bool:
    return part is None or part.lower() in (name or "").lower()


def _refuse(asked: Asked, params: Struct, *names: str) -> None:
    for name in names:
        if getattr(params, name) is not None:
            refuse_when_past(asked, name)
