"""Projects with their timelines, export tasks and doubts."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from mirror.errors import NotFound
from mirror.store.queries import lists
from mirror.web.api import earlier, secrets, types
from mirror.web.api.endpoint import Asked, Endpoint, paged, place_of
from mirror.web.api.library import OneParams
from mirror.web.api.params import Paged, PagedAt, Text
from mirror.web.api.rows import shown
from mirror.web.api.types import Page


class ProjectsParams(PagedAt, frozen=True, kw_only=True):
    """Which projects."""

    category: Annotated[Text, Meta(description="Such as `SWITCHER`.")] | None = None
    name: Annotated[Text, Meta(description="Part of the name; A to Z in either case.")] | None = (
        None
    )
    status: (
        Annotated[Text, Meta(description="With this status, as the platform says it.")] | None
    ) = None
    running: Annotated[bool, Meta(description="Whether it runs.")] | None = None
    gone: Annotated[bool, Meta(description="Whether the platform no longer lists it.")] = False


class TasksParams(PagedAt, frozen=True, kw_only=True):
    """Which export tasks."""

    task: Annotated[Text, Meta(description="The one with this id.")] | None = None
    status: Annotated[Text, Meta(description="`SUCCESS` or `FAIL`.")] | None = None
    material: Annotated[Text, Meta(description="That made this material.")] | None = None
    file: Annotated[Text, Meta(description="That made this VOD file.")] | None = None


class DoubtsParams(Paged, frozen=True, kw_only=True):
    """Which doubts."""

    kind: (
        Annotated[Literal["material", "class", "project"], Meta(description="About such a thing.")]
        | None
    ) = None
    key: Annotated[Text, Meta(description="About the thing of this id.")] | None = None
    reason: Annotated[Text, Meta(description="For this reason.")] | None = None


def projects(asked: Asked, params: ProjectsParams) -> Page[types.Project]:
    """Projects by id."""
    if asked.at is not None:
        return earlier.projects(asked, params)
    only = lists.Projects(
        None, params.category, params.name, params.status, params.running, params.gone
    )
    page = lists.projects(
        asked.connection, asked.stamp, only, place_of(asked, params), params.limit
    )
    return paged(asked, params, [shown(types.Project, row) for row in page.rows], page.next)


def project(asked: Asked, _: OneParams) -> types.ProjectDetail:
    """One project, with its newest statuses."""
    if asked.at is not None:
        return earlier.project(asked)
    project_id = asked.path["project_id"]
    only = lists.Projects(project_id, gone=None)
    found = lists.projects(asked.connection, asked.stamp, only, None, 1).rows
    if not found:
        raise NotFound(f"Platform '{asked.stamp.platform}' has no project '{project_id}'.")
    rows = lists.timeline(asked.connection, asked.stamp, project_id, limit=types.TIMELINE)
    return shown(
        types.ProjectDetail,
        found[0],
        platform=asked.stamp.platform,
        timeline=[shown(types.Status, row) for row in rows],
    )


def tasks(asked: Asked, params: TasksParams) -> Page[types.Task]:
    """Export tasks by id."""
    if asked.at is not None:
        page = earlier.tasks(asked, params)
    else:
        only = lists.Tasks(params.task, params.status, params.material, params.file)
        place = place_of(asked, params)
        found = lists.tasks(asked.connection, asked.stamp, only, place, params.limit)
        page = paged(asked, params, [shown(types.Task, row) for row in found.rows], found.next)
    for place_in, item in enumerate(page.items):
        if item.err_msg is not None and "://" in item.err_msg:
            page.items[place_in] = shown(types.Task, item, err_msg=secrets.text(item.err_msg))
    return page


def doubts(asked: Asked, params: DoubtsParams) -> Page[types.Doubt]:
    """Doubts by what they are about, then by reason."""
    only = lists.Doubts(params.kind, params.key, params.reason)
    page = lists.doubts(asked.connection, asked.stamp, only, place_of(asked, params), params.limit)
    return paged(asked, params, [shown(types.Doubt, row) for row in page.rows], page.next)


ENDPOINTS = (
    Endpoint("/projects", "projects", "Projects", ProjectsParams, Page[types.Project], projects),
    Endpoint(
        "/projects/{project_id}",
        "project",
        "One project",
        OneParams,
        types.ProjectDetail,
        project,
    ),
    Endpoint("/tasks", "tasks", "Export tasks", TasksParams, Page[types.Task], tasks),
    Endpoint("/doubts", "doubts", "Open doubts", DoubtsParams, Page[types.Doubt], doubts),
)
