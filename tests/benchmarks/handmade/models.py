"""The tables that somebody who writes a callback handler by hand comes up with, and how events change them.

SQLAlchemy's ORM, one row a material and a class. Each event is taken for the last word: no journal, no doubts, no
redelivery, nothing about events out of order.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from mirror.core import paths
from mirror.core.paths import DEFAULT_PRESETS
from mirror.store import sqlite

Payload = dict[str, Any]
WAITING_SECONDS = 60.0


class Base(DeclarativeBase):
    """Of all tables."""


class MediaClass(Base):
    """A folder of an owner."""

    __tablename__ = "media_classes"
    __table_args__ = (sa.UniqueConstraint("owner_type", "owner_id", "path"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_type: Mapped[str]
    owner_id: Mapped[str]
    path: Mapped[str]


class Material(Base):
    """A medium in its folder."""

    __tablename__ = "materials"

    id: Mapped[str] = mapped_column(primary_key=True)
    class_id: Mapped[int | None] = mapped_column(sa.ForeignKey("media_classes.id"), index=True)
    file_id: Mapped[str | None]
    name: Mapped[str | None]
    preset_tags: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    tags: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    media_class: Mapped[MediaClass | None] = relationship()


class Project(Base):
    """A project and its last status."""

    __tablename__ = "projects"

    id: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]


class Task(Base):
    """An export."""

    __tablename__ = "tasks"

    id: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    material_id: Mapped[str | None]


class Queued(Base):
    """A callback that waits to be applied, or was."""

    __tablename__ = "queue"

    id: Mapped[int] = mapped_column(primary_key=True)
    event: Mapped[Payload] = mapped_column(sa.JSON)
    done: Mapped[bool] = mapped_column(default=False, index=True)


def make_engine(path: Path) -> sa.Engine:
    """An engine as careful people set it up: a write-ahead log, durable, and writers that queue."""
    engine = sa.create_engine(
        f"sqlite:///{path}",
        module=sqlite.library(),
        connect_args={"timeout": WAITING_SECONDS, "isolation_level": None},
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:  # noqa: ANN401 - a driver's connection
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


# ---------------------------------------------------------------------- what events do


def apply(session: Session, event: Payload) -> None:
    """Does what one callback says."""
    kind = event["EventType"]
    handle = HANDLERS.get(kind)
    if handle is not None:
        handle(session, next(value for key, value in event.items() if key.endswith("Event")))


def _new_file(session: Session, told: Payload) -> None:
    material = _material(session, told["MaterialId"])
    material.file_id = told["FileId"]
    material.media_class = _class(session, told["Owner"], told["ClassPath"])


def _imported(session: Session, told: Payload) -> None:
    there = _class(session, told["Owner"], told["ClassPath"])
    for media in told["MediaInfoSet"]:
        material = _material(session, media["MaterialId"])
        material.file_id = media["FileId"]
        material.media_class = there


def _added(session: Session, told: Payload) -> None:
    _put(session, told["MaterialIdSet"], told["Owner"], told["ClassPath"])


def _moved(session: Session, told: Payload) -> None:
    _put(session, told["MaterialIdSet"], told["DestinationOwner"], told["DestinationClassPath"])


def _put(session: Session, material_ids: list[str], owner: Payload, path: str) -> None:
    there = _class(session, owner, path)
    for material_id in material_ids:
        _material(session, material_id).media_class = there


def _modified(session: Session, told: Payload) -> None:
    material = _material(session, told["MaterialId"])
    material.name = told.get("Name") or material.name
    material.preset_tags = told.get("PresetTagIdSet") or material.preset_tags
    material.tags = told.get("TagSet") or material.tags


def _deleted(session: Session, told: Payload) -> None:
    for material_id in told["MaterialIdSet"]:
        material = session.get(Material, material_id)
        if material is not None:
            session.delete(material)


def _class_created(session: Session, told: Payload) -> None:
    _class(session, told["Owner"], told["ClassPath"])


def _class_moved(session: Session, told: Payload) -> None:
    owner, destination = told["DestinationOwner"], paths.normalise(told["DestinationClassPath"])
    inside = (
        _find(session, owner, destination) is not None
        or destination == paths.ROOT
        or destination in DEFAULT_PRESETS
    )
    for path in told["SourceClassPathSet"]:
        source = paths.normalise(path)
        target = paths.join(destination, paths.name(source)) if inside else destination
        if target != paths.ROOT:
            _class(session, owner, paths.parent(target))
        for moved in _below(session, told["SourceOwner"], source):
            moved.owner_type, moved.owner_id = owner["Type"], owner["Id"]
            moved.path = target + moved.path[len(source) :]


def _class_deleted(session: Session, told: Payload) -> None:
    for path in told["ClassPathSet"]:
        for gone in _below(session, told["Owner"], paths.normalise(path)):
            session.delete(gone)


def _project(session: Session, told: Payload) -> None:
    session.merge(Project(id=told["ProjectId"], status=told["Status"]))


def _task(session: Session, told: Payload) -> None:
    output = told.get("Output") or {}
    session.merge(
        Task(id=told["TaskId"], status=told["Status"], material_id=output.get("MaterialId"))
    )


HANDLERS: dict[str, Callable[[Session, Payload], None]] = {
    "Storage.NewFileCreated": _new_file,
    "Material.Imported": _imported,
    "Material.Added": _added,
    "Material.Moved": _moved,
    "Material.Modified": _modified,
    "Material.Deleted": _deleted,
    "Class.Created": _class_created,
    "Class.Moved": _class_moved,
    "Class.Deleted": _class_deleted,
    "Project.StreamConnect.StatusChanged": _project,
    "Project.Switcher.StatusChanged": _project,
    "Project.MediaCast.StatusChanged": _project,
    "Task.VideoExportCompleted": _task,
}


def _material(session: Session, material_id: str) -> Material:
    found = session.get(Material, material_id)
    if found is None:
        found = Material(id=material_id)
        session.add(found)
    return found


def _find(session: Session, owner: Payload, path: str) -> MediaClass | None:
    return session.scalars(
        sa.select(MediaClass).filter_by(owner_type=owner["Type"], owner_id=owner["Id"], path=path)
    ).one_or_none()


def _class(session: Session, owner: Payload, path: str) -> MediaClass:
    """The class at a path, made with all above it where it is missing."""
    path = paths.normalise(path)
    found = _find(session, owner, path)
    if found is None:
        if path != paths.ROOT:
            _class(session, owner, paths.parent(path))
        found = MediaClass(owner_type=owner["Type"], owner_id=owner["Id"], path=path)
        session.add(found)
    return found


def _below(session: Session, owner: Payload, path: str) -> list[MediaClass]:
    beneath = sa.or_(
        MediaClass.path == path, MediaClass.path.startswith(path + "/", autoescape=True)
    )
    return list(
        session.scalars(
            sa.select(MediaClass)
            .filter_by(owner_type=owner["Type"], owner_id=owner["Id"])
            .where(beneath)
        )
    )
