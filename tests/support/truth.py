"""What a mirror of the feed alone should show: all that the platform has told, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any

from mirror.core.decode import decode
from mirror.core.events import Decoded
from mirror.platform.simulator import File, Platform
from tests.properties.feeds import Arrival
from tests.support.database_rows import Row

Rows = dict[str, set[Row]]
Place = tuple[str, str, str]


def places(rows: Rows) -> dict[str, Place]:
    """Where the mirror has each live material."""
    return {row[0]: (row[1], row[2], row[4]) for row in rows["media"]}


def true_places(platform: Platform) -> dict[str, Place]:
    """Where each material is."""
    return {key: (*owner, path) for key, (owner, path) in platform.locations().items()}


def class_places(rows: Rows) -> set[Place]:
    """Where the mirror has classes."""
    return {(row[1], row[2], row[3]) for row in rows["classes"]}


def true_class_places(platform: Platform, *, observed: bool) -> set[Place]:
    """Where classes are; unless they were observed, those that a callback has named."""
    return {
        (*owner, path)
        for owner in platform.owners()
        for path in platform.classes(owner)
        if observed or path not in platform.unmentioned(owner)
    }


def known(platform: Platform, observed: Collection[str] = ()) -> dict[str, dict[str, object]]:
    """What is known of each live material beside its place: all, if it was observed, or what callbacks have said."""
    return {
        row.id: {
            name: value
            for name, value in {
                "name": row.name,
                "preset_tags": tuple(sorted(row.preset_tags)),
                "tags": tuple(sorted(row.tags)),
            }.items()
            if value and (name in row.told or row.id in observed)
        }
        for row in platform.materials().values()
    }


def said(rows: Rows) -> dict[str, dict[str, object]]:
    """What the mirror has heard of each live material, beside its place."""
    names = {"name": 5, "preset_tags": 9, "tags": 10}
    return {
        row[0]: {name: row[at] for name, at in names.items() if row[at]} for row in rows["media"]
    }


def files_told(feed: Iterable[Arrival]) -> dict[str, str]:
    """The file of each material of which a callback has said it."""
    found: dict[str, str] = {}
    for payload in _payloads(feed):
        for pair in (payload, *payload.get("MediaInfoSet", ())):
            if isinstance(pair, dict) and "FileId" in pair and "MaterialId" in pair:
                found[str(pair["MaterialId"])] = str(pair["FileId"])
    return found


def moves_into_what_was_left(feed: Iterable[Arrival]) -> set[int]:
    """Seqs of class moves whose destination is a path that another class had left, at any time before."""
    found, left = set(), set()
    for seq, payload in enumerate(map(json.loads, (arrival.body for arrival in feed)), start=1):
        moved = payload.get("ClassMovedEvent")
        if moved is None:
            continue
        if (*moved["DestinationOwner"].values(), moved["DestinationClassPath"]) in left:
            found.add(seq)
        left |= {(*moved["SourceOwner"].values(), path) for path in moved["SourceClassPathSet"]}
    return found


def said_again(feed: Iterable[Arrival]) -> set[int]:
    """Seqs of callbacks that say what one before them has said; who did it does not count."""
    found, before = set(), list[object]()
    for seq, arrival in enumerate(feed, start=1):
        meaning = decode(arrival.body, arrival.source)
        if isinstance(meaning, Decoded):
            if meaning.event in before:
                found.add(seq)
            before.append(meaning.event)
    return found


def check_file(row: Row, file: File) -> None:
    """What the mirror says of a file is so; what it does not say, it was not told."""
    _, operation, task, project, *facts = row
    assert operation in {None, file.operation}
    assert task in {None, file.task_id}
    assert project in {None, file.source_context}
    facts_of = (file.metadata.size, file.metadata.duration, *file.metadata[2:])
    assert all(mine in {None, theirs} for mine, theirs in zip(facts, facts_of, strict=True)), row


def _payloads(feed: Iterable[Arrival]) -> Iterable[dict[str, Any]]:
    for arrival in feed:
        for value in json.loads(arrival.body).values():
            if isinstance(value, dict):
                yield value


def project_states(rows: Rows) -> set[Row]:
    return {(row[0], row[1], *row[3:9]) for row in rows["projects"] if row[3] is not None}


def true_project_states(platform: Platform) -> set[Row]:
    """The state of every project that has said something."""
    return {
        (
            *(row.id, row.category, row.status, row.running, row.pvw_on, row.pgm_on),
            *(tuple(sorted(row.interrupted_inputs)), tuple(sorted(row.interrupted_outputs))),
        )
        for row in platform.projects().values()
        if row.status
    }


def tasks(rows: Rows) -> set[Row]:
    return {row[:6] for row in rows["tasks"]}


def true_tasks(platform: Platform) -> set[Row]:
    return {
        (
            *(row.id, row.status, row.err_code, row.err_msg or None),
            *(row.material_id or None, row.file_id or None),
        )
        for row in platform.tasks().values()
    }


def doubted(rows: Rows) -> set[str]:
    """Materials that the mirror is in doubt about."""
    own = {row[1] for row in rows["doubts"] if row[0] == "material"}
    return own | {row[0] for row in rows["media"] if row[11]}


def reasons(rows: Rows) -> set[str]:
    return {row[2] for row in rows["doubts"]}
