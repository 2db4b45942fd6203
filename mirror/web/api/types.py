"""What the API answers with, field by field; docs/sql.md describes the columns of the same names.

Times are UTC. Stream and push addresses and signed URLs are secrets: what is in these has none left.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from msgspec import Meta, Struct

from mirror.core.model import DoubtKind, LinkKind, Origin, State
from mirror.store.feed import Entity, Op

T = TypeVar("T")

TIMELINE = 100
"""Statuses that a project is shown with."""

Json = Annotated[Any, Meta(description="Any JSON value.")]


class Page(Struct, Generic[T], frozen=True, kw_only=True):
    """A page of a list. It may hold fewer items than `limit`, even none, and still have a next one."""

    platform: str
    applied_seq: Annotated[int, Meta(description="The delivery up to which everything counts.")]
    at_seq: Annotated[
        int | None, Meta(description="The moment that `at` means; null for the present.")
    ] = None
    items: list[T]
    next: Annotated[
        str | None, Meta(description="`cursor` of the next page; null where this is the last.")
    ] = None


# ------------------------------------------------------------------------------------- library


class Medium(Struct, frozen=True):
    """A live material, as a tree shows it."""

    material_id: str
    name: str | None
    material_type: str | None
    file_id: str | None


class Branch(Struct, frozen=True):
    """A class of a tree, with how much is in it: directly (`material_count`), and with all beneath."""

    owner_type: str
    owner_id: str
    class_id: int
    class_path: str
    name: str
    depth: int
    origin: Origin
    in_doubt: bool | None
    material_count: int
    material_total: int
    class_total: int
    media: list[Medium]


class Class(Struct, frozen=True):
    """A class. `in_doubt` is null at an earlier moment."""

    class_id: int
    owner_type: str
    owner_id: str
    class_path: str
    parent_path: str | None
    name: str
    depth: int
    origin: Origin
    in_doubt: bool | None
    material_count: int
    changed_seq: int


class Material(Struct, frozen=True, kw_only=True):
    """A material in any state. It has a class while it is live, and a last one otherwise.

    At an earlier moment, `in_doubt` and `confirmed_at` are null, and of a deleted or detached one
    all that its list does not tell.
    """

    material_id: str
    state: State
    owner_type: str | None = None
    owner_id: str | None = None
    class_id: int | None = None
    class_path: str | None = None
    name: str | None = None
    material_type: str | None = None
    file_id: str | None = None
    origin: Origin | None = None
    preset_tags: list[str] | None = None
    tags: list[str] | None = None
    in_doubt: bool | None = None
    created_at: datetime | None = None
    changed_at: datetime
    confirmed_at: datetime | None = None
    created_seq: int | None = None
    changed_seq: int
    last_owner_type: str | None = None
    last_owner_id: str | None = None
    last_class_path: str | None = None


class File(Struct, frozen=True, kw_only=True):
    """A VOD file, and how many live materials show it."""

    file_id: str
    operation_type: str | None = None
    task_id: str | None = None
    project_id: str | None = None
    size_bytes: int | None = None
    duration_seconds: float | None = None
    width: int | None = None
    height: int | None = None
    container: str | None = None
    bitrate: int | None = None
    live_materials: int | None = None


class Link(Struct, frozen=True):
    """A link: `owner…` and `class…` say where it shows, `target…` what it points at."""

    material_id: str
    kind: LinkKind
    owner_type: str | None
    owner_id: str | None
    class_id: int | None
    class_path: str | None
    target_material_id: str | None
    target_owner_type: str | None
    target_owner_id: str | None
    target_class_path: str | None
    status: str | None


class Doubt(Struct, frozen=True):
    """A suspicion that one thing may differ from the platform."""

    kind: DoubtKind
    key: str
    reason: str
    since_at: datetime
    since_seq: int


class MaterialDetail(Material, frozen=True, kw_only=True):
    """A material with its file, its links, those that point at it, and the doubts about it."""

    platform: str
    file: File | None
    links: list[Link]
    linked_from: Annotated[
        list[Link] | None, Meta(description="Links that point at it; null at an earlier moment.")
    ]
    doubts: list[Doubt]


# --------------------------------------------------------------------------------------- board


class Project(Struct, frozen=True):
    """A project as its status events and observations show it."""

    project_id: str
    category: str | None
    name: str | None
    status: str | None
    running: bool | None
    pvw_on: bool | None
    pgm_on: bool | None
    interrupted_inputs: list[str]
    interrupted_outputs: list[str]
    status_at: datetime | None
    changed_seq: int
    gone: bool


class Status(Struct, frozen=True):
    """A status that a project had from one moment to another; `to_at` null while it has it."""

    seq: int
    status: str
    detail: str | None
    from_at: datetime
    to_at: datetime | None


class ProjectDetail(Project, frozen=True, kw_only=True):
    """A project with its newest statuses, newest first."""

    platform: str
    timeline: list[Status]


class Task(Struct, frozen=True):
    """An export task."""

    task_id: str
    status: str | None
    err_code: int | None
    err_msg: str | None
    material_id: str | None
    file_id: str | None
    completed_at: datetime | None
    seq: int


# ------------------------------------------------------------------------------------- journal


class Delivery(Struct, frozen=True, kw_only=True):
    """A delivery and what became of it; `pending` until it is applied."""

    seq: int
    received_at: datetime
    source: str
    event_type: str | None
    outcome: str
    detail: str | None
    change_count: int
    redelivery_of: int | None


class Change(Struct, frozen=True, kw_only=True):
    """One decided change of one row. `id` is its place in the feed.

    `before` and `after` hold the changed fields: an insert has no `before`, a delete no `after`.
    """

    id: str
    platform: str
    seq: int
    ordinal: int
    entity: Entity
    key: str
    op: Op
    before: dict[str, Json] | None
    after: dict[str, Json] | None


class Changes(Struct, frozen=True, kw_only=True):
    """Changes in their order. Go on with `after`, at once if there is `more`, or another day."""

    platform: str
    applied_seq: int
    items: list[Change]
    after: Annotated[str, Meta(description="Up to here was looked: `generation:seq:ordinal`.")]
    more: bool


class DeliveryDetail(Delivery, frozen=True, kw_only=True):
    """A delivery with all that it changed, and its body, if that is JSON, without its secrets."""

    platform: str
    digest: Annotated[str, Meta(description="Hexadecimal; it covers the delivery before, too.")]
    size_bytes: int
    body: Json
    changes: list[Change]


# -------------------------------------------------------------------------------------- status


class Counts(Struct, frozen=True):
    """How many of each a platform has."""

    owners: int
    classes: int
    live: int
    detached: int
    deleted: int
    files: int
    links: int
    projects: int
    tasks: int


class PlatformStatus(Struct, frozen=True, kw_only=True):
    """How far a platform's mirror is, what it holds, and what is in doubt."""

    platform: str
    platform_id: str
    removed_at: datetime | None
    head_seq: int
    head_digest: str
    applied_seq: int
    lag: int
    last_received_at: datetime | None
    last_reconciled_at: datetime | None
    counts: Counts
    doubts: dict[str, int]
    quarantined: int
    unrecognised: int
    never_received: list[str]
    bootstrapped: bool
    rules: str | None
    generation: int
    feed_generation: int


class StatusAnswer(Struct, frozen=True):
    """Every platform, or the one that was asked for."""

    version: str
    platforms: list[PlatformStatus]
