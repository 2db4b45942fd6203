"""What reads of the past give: the public views' rows (docs/sql.md), typed.

Times are microseconds since 1970. Whether something was in doubt, and when reconciliation had last seen it, is known of
the present only: those fields are None at an earlier moment. Times of what has changed since are those at which
deliveries came.
"""

from __future__ import annotations

from msgspec import Struct

from mirror.core.model import (
    ClassId,
    FileId,
    LinkKind,
    MaterialId,
    Micros,
    Origin,
    ProjectId,
    Seq,
    State,
    TaskId,
)


class ClassRow(Struct, frozen=True):
    """A row of `class_tree`."""

    class_id: ClassId
    owner_type: str
    owner_id: str
    class_path: str
    parent_path: str | None
    name: str
    depth: int
    origin: Origin
    material_count: int
    changed_seq: Seq
    in_doubt: bool | None = None


class MaterialRow(Struct, frozen=True):
    """A row of `media_tree`."""

    owner_type: str
    owner_id: str
    class_id: ClassId
    class_path: str
    material_id: MaterialId
    name: str | None
    material_type: str | None
    file_id: FileId | None
    origin: Origin
    preset_tags: tuple[str, ...]
    tags: tuple[str, ...]
    created_at: Micros
    changed_at: Micros
    created_seq: Seq
    changed_seq: Seq
    in_doubt: bool | None = None
    confirmed_at: Micros | None = None


class GoneRow(Struct, frozen=True):
    """A row of `media_gone`."""

    material_id: MaterialId
    state: State
    name: str | None
    file_id: FileId | None
    last_owner_type: str | None
    last_owner_id: str | None
    last_class_path: str | None
    changed_at: Micros
    changed_seq: Seq


class FileRow(Struct, frozen=True):
    """A row of `media_files`."""

    file_id: FileId
    operation_type: str | None
    task_id: str | None
    project_id: str | None
    size_bytes: int | None
    duration_seconds: float | None
    width: int | None
    height: int | None
    container: str | None
    bitrate: int | None
    live_materials: int


class LinkRow(Struct, frozen=True):
    """A row of `media_links`."""

    material_id: MaterialId
    kind: LinkKind
    owner_type: str
    owner_id: str
    class_id: ClassId
    class_path: str
    target_material_id: MaterialId | None
    target_owner_type: str | None
    target_owner_id: str | None
    target_class_path: str | None
    status: str | None


class ProjectRow(Struct, frozen=True):
    """A row of `project_board`; `gone`: the platform lists it no more, and the view leaves it out."""

    project_id: ProjectId
    category: str | None
    name: str | None
    status: str | None
    running: bool | None
    pvw_on: bool | None
    pgm_on: bool | None
    interrupted_inputs: tuple[str, ...]
    interrupted_outputs: tuple[str, ...]
    status_at: Micros | None
    changed_seq: Seq
    gone: bool = False


class TimelineRow(Struct, frozen=True):
    """A row of `project_timeline`."""

    project_id: ProjectId
    status: str
    detail: str | None
    from_at: Micros
    to_at: Micros | None
    seq: Seq


class TaskRow(Struct, frozen=True):
    """A row of `export_tasks`."""

    task_id: TaskId
    status: str | None
    err_code: int | None
    err_msg: str | None
    material_id: MaterialId | None
    file_id: FileId | None
    completed_at: Micros | None
    seq: Seq
