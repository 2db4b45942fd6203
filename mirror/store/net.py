"""What a batch changed, net: each touched row as it was and as it is now, and what is only ever added.

Plain data, so that another process can write it: `encode` and `decode` take it there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from msgspec import Struct, msgpack

from mirror.core.fold import Verdict
from mirror.core.library import Library
from mirror.core.model import (
    Correction,
    Deletion,
    Departure,
    Doubt,
    File,
    Heard,
    Link,
    Material,
    MediaClass,
    Micros,
    OwnerRecord,
    Project,
    ProjectStatus,
    Sample,
    Seq,
    Tangle,
    Task,
)
from mirror.core.shelf import Shelf

V = TypeVar("V")

Row = tuple[V | None, V | None]
"""A row before the batch and after it; None where there is none."""
Set = tuple[tuple[V, ...], tuple[V, ...]]
"""All rows of one thing before the batch and after it."""


class Net(Struct, frozen=True, gc=False):
    """The effects of consecutive deliveries on one platform's generation, and the move of its checkpoint.

    They belong to the checkpoint that stands at `seq` in `epoch`, and move it to `to`.
    """

    platform: str
    generation: int
    seq: Seq
    epoch: int
    to: Seq
    logical_at: Micros
    next_class_id: int
    owners: list[Row[OwnerRecord]]
    classes: list[Row[MediaClass]]
    departures: list[Row[Departure]]
    deletions: list[Row[Deletion]]
    heard: list[Row[Heard]]
    materials: list[Row[Material]]
    tangles: list[Row[Tangle]]
    files: list[Row[File]]
    projects: list[Row[Project]]
    tasks: list[Row[Task]]
    links: list[Set[Link]]
    doubts: list[Set[Doubt]]
    history: list[ProjectStatus]
    corrections: list[Correction]
    samples: list[Sample]
    verdicts: list[Verdict]


def net(
    library: Library,
    verdicts: Sequence[Verdict],
    *,
    platform: str,
    generation: int,
    seq: Seq,
    epoch: int,
) -> Net:
    """Take out of a library what folding these deliveries changed. At least one is needed."""
    library.refresh_class_doubt()
    return Net(
        platform=platform,
        generation=generation,
        seq=seq,
        epoch=epoch,
        to=verdicts[-1].seq,
        logical_at=library.now,
        next_class_id=library.next_class_id.rows["next"] or 1,
        owners=_rows(library.owners),
        classes=_rows(library.classes),
        departures=_rows(library.departures),
        deletions=_rows(library.deletions),
        heard=_rows(library.heard),
        materials=_rows(library.materials),
        tangles=_rows(library.tangles),
        files=_rows(library.files),
        projects=_rows(library.projects),
        tasks=_rows(library.tasks),
        links=_sets(library.links),
        doubts=_sets(library.doubts),
        history=list(library.history),
        corrections=list(library.corrections),
        samples=list(library.samples),
        verdicts=list(verdicts),
    )


def _rows(shelf: Shelf[Any, V]) -> list[Row[V]]:
    return [(old, new) for _, old, new in shelf.changes()]


def _sets(shelf: Shelf[Any, tuple[V, ...]]) -> list[Set[V]]:
    return [(old or (), new or ()) for _, old, new in shelf.changes()]


encode = msgpack.Encoder().encode
decode = msgpack.Decoder(Net).decode
