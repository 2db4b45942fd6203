"""Feeds as a simulated platform sends them, and what a complete reading of its API shows."""

from __future__ import annotations

from collections.abc import Sequence

from mirror.core.encode import encode
from mirror.core.events import (
    ClassesObserved,
    MaterialsObserved,
    Observation,
    ProjectsObserved,
    TasksObserved,
)
from mirror.core.model import Seq, TaskId
from mirror.platform.simulator import Channel, Platform, Workload
from tests.properties.feeds import START, Arrival
from tests.support.direct_reader import DirectReader

IN_ORDER = Channel(start_us=START)


def sent(platform: Platform, channel: Channel = IN_ORDER) -> list[Arrival]:
    """What the platform has sent since last asked, as it comes out of the channel."""
    return [Arrival(one.body, one.at_us) for one in channel.deliver(platform.drain())]


def feed(operations: int, seed: int = 1, channel: Channel = IN_ORDER) -> list[Arrival]:
    """The callbacks of so many operations on a small platform that was empty."""
    platform = Platform(seed, persons=1, teams=1)
    Workload(platform, seed).run(operations)
    return sent(platform, channel)


def observations(platform: Platform, as_of: int = 0, at: int = START) -> list[Arrival]:
    """All that a reading of everything shows, as reconciliation would journal it."""
    reader, seq = DirectReader(platform), Seq(as_of)
    events: list[Observation] = []
    for owner in reader.owners():
        pages = (reader.materials(ids).found for ids in reader.media_ids(owner))
        events.extend(MaterialsObserved(seq, found) for found in pages)
        events.append(ClassesObserved(seq, owner, tuple(reader.class_paths(owner))))
    listed: Sequence[TaskId] = [TaskId(task) for task in platform.tasks()]
    events.append(ProjectsObserved(seq, complete=True, projects=reader.projects().projects))
    events.append(TasksObserved(seq, tuple(reader.tasks(listed))))
    return [Arrival(encode(event), at, "reconcile") for event in events]
