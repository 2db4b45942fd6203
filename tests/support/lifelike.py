"""Feeds as a simulated platform sends them, and what a read of its API shows."""

from __future__ import annotations

from collections.abc import Iterable

from mirror.core.encode import encode
from mirror.core.events import (
    ClassesObserved,
    MaterialsObserved,
    MetaData,
    Observation,
    ObservedLink,
    ObservedMaterial,
    ObservedProject,
    ObservedTask,
    ProjectsObserved,
    TasksObserved,
)
from mirror.core.model import FileId, MaterialId, Owner, Place, ProjectId, Seq, TaskId
from mirror.platform import simulator
from mirror.platform.simulator import Channel, Platform, Workload
from tests.properties.feeds import START, Arrival

SPACING = 200_000
"""Microseconds between two callbacks."""

IN_ORDER = Channel(start_us=START, spacing_us=SPACING)


def arrivals(
    platform: Platform, channel: Channel = IN_ORDER, *, start: int = START
) -> list[Arrival]:
    """What the platform has sent since last asked, as it comes out of the channel."""
    sent = channel.deliver(platform.drain(), start_us=start)
    return [Arrival(delivery.body, delivery.at_us) for delivery in sent]


def feed(operations: int, seed: int = 1, channel: Channel = IN_ORDER) -> list[Arrival]:
    """The callbacks of so many operations on a small platform that was empty."""
    platform = Platform(seed, persons=1, teams=1)
    Workload(platform, seed).run(operations)
    return arrivals(platform, channel)


def observations(platform: Platform, as_of: int, at: int) -> list[Arrival]:
    """All that a complete read of the platform shows, as the reconciler would journal it."""
    events: tuple[Observation, ...] = (
        *(
            MaterialsObserved(Seq(as_of), tuple(map(_material, some)))
            for some in _pages(list(platform.materials().values()), 20)
        ),
        *(
            ClassesObserved(Seq(as_of), _owner(owner), tuple(sorted(platform.classes(owner))))
            for owner in platform.owners()
        ),
        ProjectsObserved(Seq(as_of), True, tuple(map(_project, platform.projects().values()))),  # noqa: FBT003 - complete
        TasksObserved(Seq(as_of), tuple(map(_task, platform.tasks().values()))),
    )
    return [Arrival(encode(event), at, "reconcile") for event in events]


def _pages(rows: list[simulator.Material], size: int) -> Iterable[list[simulator.Material]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _owner(owner: simulator.Owner) -> Owner:
    return Owner(owner.type, owner.id)


def _material(row: simulator.Material) -> ObservedMaterial:
    facts = row.metadata
    return ObservedMaterial(
        MaterialId(row.id),
        Place(_owner(row.owner), row.path),
        name=row.name,
        material_type=row.type,
        preset_tags=row.preset_tags,
        tags=row.tags,
        file_id=FileId(row.file_id) if row.file_id else None,
        metadata=MetaData()
        if facts is None
        else MetaData(
            size_bytes=facts.size,
            duration_seconds=facts.duration,
            width=facts.width,
            height=facts.height,
            container=facts.container,
            bitrate=facts.bitrate,
        ),
        link=None if row.link is None else _link(row.link),
    )


def _link(link: simulator.Link) -> ObservedLink:
    return ObservedLink(
        link.kind,
        target_material_id=MaterialId(link.material_id) if link.material_id else None,
        target_place=None if link.owner is None else Place(_owner(link.owner), link.path),
        status=link.status,
    )


def _project(row: simulator.Project) -> ObservedProject:
    return ObservedProject(
        ProjectId(row.id), category=row.category, name=row.name, status=row.status or None
    )


def _task(row: simulator.Task) -> ObservedTask:
    return ObservedTask(
        TaskId(row.id),
        status=row.status,
        err_code=row.err_code,
        err_msg=row.err_msg or None,
        material_id=MaterialId(row.material_id) if row.material_id else None,
        file_id=FileId(row.file_id) if row.file_id else None,
    )
