"""The library: the tree, classes, materials, files and links, as they are or as they were."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from mirror.core import paths
from mirror.core.model import ClassId
from mirror.store import queries
from mirror.store.queries import Branch, lists
from mirror.store.queries.material import material as material_now
from mirror.web.api import earlier, types
from mirror.web.api.endpoint import Asked, Endpoint, paged, place_of
from mirror.web.api.params import (
    AtText,
    Depth,
    OfPlatform,
    OwnerText,
    PagedAt,
    PathText,
    Text,
    owner_of,
    path_of,
)
from mirror.web.api.rows import detail, shown
from mirror.web.api.types import Page

MOST_LINKS = 500


class Within(PagedAt, frozen=True, kw_only=True):
    """A list of what is somewhere in the tree."""

    owner: OwnerText | None = None
    class_path: PathText | None = None


class TreeParams(Within, frozen=True, kw_only=True):
    """Which part of the tree."""

    depth: Depth | None = None
    media: Annotated[
        int, Meta(ge=0, le=50, description="So many live materials of each class.")
    ] = 0


class ClassesParams(Within, frozen=True, kw_only=True):
    """Which classes."""

    depth: Depth | None = None
    name: Annotated[Text, Meta(description="Part of the class's own name.")] | None = None
    in_doubt: (
        Annotated[bool, Meta(description="Whether it is in doubt; known of the present only.")]
        | None
    ) = None


class MaterialsParams(Within, frozen=True, kw_only=True):
    """Which materials. Those that are gone are found by their last place."""

    class_id: Annotated[int, Meta(ge=1, le=2**62, description="Directly in this class.")] | None = (
        None
    )
    name: Annotated[Text, Meta(description="Part of the name; A to Z in either case.")] | None = (
        None
    )
    tag: Annotated[Text, Meta(description="With this tag.")] | None = None
    tag_kind: (
        Annotated[Literal["preset", "custom"], Meta(description="The kind of `tag`.")] | None
    ) = None
    file: Annotated[Text, Meta(description="Of this VOD file.")] | None = None
    state: Annotated[
        Literal["live", "detached", "deleted", "any"], Meta(description="In this state.")
    ] = "live"
    type: Annotated[Text, Meta(description="Of this material type.")] | None = None
    origin: (
        Annotated[
            Literal["event", "observed", "inferred"], Meta(description="How it became known.")
        ]
        | None
    ) = None
    in_doubt: (
        Annotated[
            bool,
            Meta(description="Whether it or a class above it is in doubt; of the present only."),
        ]
        | None
    ) = None


class FilesParams(PagedAt, frozen=True, kw_only=True):
    """Which VOD files."""

    file: Annotated[Text, Meta(description="The one with this id.")] | None = None
    operation_type: Annotated[Text, Meta(description="Of this operation type.")] | None = None
    task: Annotated[Text, Meta(description="Made by this task.")] | None = None
    project: Annotated[Text, Meta(description="Made in this project.")] | None = None


class LinksParams(Within, frozen=True, kw_only=True):
    """Which links."""

    material: Annotated[Text, Meta(description="Of this material.")] | None = None
    target: Annotated[Text, Meta(description="That point at this material.")] | None = None
    kind: (
        Annotated[Literal["material", "class", "placement"], Meta(description="Of this kind.")]
        | None
    ) = None
    status: Annotated[Text, Meta(description="With this status.")] | None = None


class OneParams(OfPlatform, frozen=True, kw_only=True):
    """One thing of the library."""

    at: AtText | None = None


def tree(asked: Asked, params: TreeParams) -> Page[types.Branch]:
    """Classes with all that is beneath them; parents come first."""
    if asked.at is None:
        branches, media = _branches(asked, params), _media_now
    else:
        branches, media = earlier.branches(asked, params), earlier.media
    place = place_of(asked, params)
    if place is not None:
        behind = (place[0], place[1], str(place[2]).split("/"))
        branches = [each for each in branches if (*each.owner, each.path.split("/")) > behind]
    page = branches[: params.limit]
    items = [
        shown(
            types.Branch,
            each,
            owner_type=each.owner.type,
            owner_id=each.owner.id,
            class_path=each.path,
            media=media(asked, each, params.media) if each.material_count else [],
        )
        for each in page
    ]
    more = len(branches) > params.limit
    return paged(asked, params, items, (*page[-1].owner, page[-1].path) if more else None)


def _branches(asked: Asked, params: TreeParams) -> list[Branch]:
    owner, path = owner_of(params.owner), path_of(params.class_path)
    if owner is None and path == paths.ROOT:
        any_class = lists.classes(asked.connection, asked.stamp, lists.Classes(), None, 1)
        if not any_class.rows:
            return []
    return queries.tree(asked.connection, asked.stamp.platform, owner, path, depth=params.depth)


def _media_now(asked: Asked, branch: Branch, most: int) -> list[types.Medium]:
    if not most:
        return []
    only = lists.Materials(class_id=branch.class_id)
    page = lists.materials(asked.connection, asked.stamp, only, None, most)
    return [shown(types.Medium, row) for row in page.rows]


def classes(asked: Asked, params: ClassesParams) -> Page[types.Class]:
    """Classes by owner and path."""
    if asked.at is not None:
        return earlier.classes(asked, params)
    only = lists.Classes(
        owner_of(params.owner),
        path_of(params.class_path),
        params.depth,
        params.name,
        params.in_doubt,
    )
    page = lists.classes(asked.connection, asked.stamp, only, place_of(asked, params), params.limit)
    return paged(asked, params, [shown(types.Class, row) for row in page.rows], page.next)


def materials(asked: Asked, params: MaterialsParams) -> Page[types.Material]:
    """Materials: those of a place by owner, path and id; others by id."""
    if asked.at is not None:
        return earlier.materials(asked, params)
    only = lists.Materials(
        owner_of(params.owner),
        path_of(params.class_path),
        None if params.class_id is None else ClassId(params.class_id),
        params.name,
        params.tag,
        params.tag_kind,
        params.file,
        None if params.state == "any" else params.state,
        params.type,
        params.origin,
        params.in_doubt,
    )
    page = lists.materials(
        asked.connection, asked.stamp, only, place_of(asked, params), params.limit
    )
    return paged(asked, params, [shown(types.Material, row) for row in page.rows], page.next)


def material(asked: Asked, _: OneParams) -> types.MaterialDetail:
    """One material, with its file, its links both ways, and the doubts about it."""
    if asked.at is not None:
        return earlier.material(asked)
    found = material_now(asked.connection, asked.stamp.platform, asked.path["material_id"])
    to = lists.Links(target_material_id=found.material_id)
    mine = lists.Links(material_id=found.material_id)
    return detail(asked.stamp.platform, found, _links(asked, mine), _links(asked, to))


def _links(asked: Asked, only: lists.Links) -> list[types.Link]:
    page = lists.links(asked.connection, asked.stamp, only, None, MOST_LINKS)
    return [shown(types.Link, row) for row in page.rows]


def files(asked: Asked, params: FilesParams) -> Page[types.File]:
    """VOD files by id."""
    if asked.at is not None:
        return earlier.files(asked, params)
    only = lists.Files(params.file, params.operation_type, params.task, params.project)
    page = lists.files(asked.connection, asked.stamp, only, place_of(asked, params), params.limit)
    return paged(asked, params, [shown(types.File, row) for row in page.rows], page.next)


def links(asked: Asked, params: LinksParams) -> Page[types.Link]:
    """Links of live materials, by material."""
    if asked.at is not None:
        return earlier.links(asked, params)
    only = lists.Links(
        owner_of(params.owner),
        path_of(params.class_path),
        params.material,
        params.target,
        params.kind,
        params.status,
    )
    page = lists.links(asked.connection, asked.stamp, only, place_of(asked, params), params.limit)
    return paged(asked, params, [shown(types.Link, row) for row in page.rows], page.next)


ENDPOINTS = (
    Endpoint("/tree", "tree", "The tree of classes", TreeParams, Page[types.Branch], tree),
    Endpoint("/classes", "classes", "Classes", ClassesParams, Page[types.Class], classes),
    Endpoint(
        "/materials", "materials", "Materials", MaterialsParams, Page[types.Material], materials
    ),
    Endpoint(
        "/materials/{material_id}",
        "material",
        "One material",
        OneParams,
        types.MaterialDetail,
        material,
    ),
    Endpoint("/files", "files", "VOD files", FilesParams, Page[types.File], files),
    Endpoint("/links", "links", "Links", LinksParams, Page[types.Link], links),
)
