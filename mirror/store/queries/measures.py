"""What a monitor asks every few seconds, of all platforms at once: none of it reads a whole library.

What came in and what became of it is counted from one place in the journal to another, so that each
delivery is counted once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from mirror.core.decode import EVENT_TYPES
from mirror.core.model import Micros, Seq
from mirror.store import schema
from mirror.store.engine import Connection
from mirror.store.reconciling import Sampled
from mirror.store.schema import (
    checkpoints,
    corrections,
    doubts,
    heads,
    journal,
    outcomes,
    platforms,
    samples,
    sweeps,
)
from mirror.store.sweeps import ROUND
from mirror.store.view_parts import live, same

OTHER = "other"
"""Stands for every event type that the platform does not document: senders can make up any."""
OBSERVATION = "observation"
"""Stands for what reconciliation wrote."""

_KNOWN = frozenset(EVENT_TYPES)


class Place(Struct, frozen=True):
    """Where a platform's journal ends, and how much of it is applied."""

    head_seq: Seq
    applied_seq: Seq
    generation: int
    waiting_since: Micros | None  # when the oldest delivery that is not applied came
    last_received_at: Micros | None


class Read(Struct, frozen=True):
    """When reconciliation last finished reading an owner, and last had read all."""

    owner_at: Micros | None = None
    round_at: Micros | None = None


class Measures(Struct, frozen=True):
    """All platforms that were not removed; what a platform has none of is left out."""

    places: dict[str, Place]
    doubts: dict[tuple[str, ...], int]  # platform, reason
    quarantined: dict[str, int]
    unrecognised: dict[str, int]
    corrections: dict[tuple[str, ...], int]  # platform, label, event type
    samples: dict[str, Sampled]
    reads: dict[str, Read]
    database_bytes: int


def measures(connection: Connection) -> Measures:
    """Everything of this moment."""
    return Measures(
        _places(connection),
        _counts(connection, doubts, doubts.c.reason),
        _outcomes(connection, "quarantined"),
        _outcomes(connection, "unrecognised"),
        _counts(connection, corrections, corrections.c.label, corrections.c.event_type),
        _samples(connection),
        _reads(connection),
        _database_bytes(connection),
    )


def received(
    connection: Connection, platform: str, after: Seq, until: Seq
) -> Mapping[tuple[str], int]:
    """How many deliveries came behind `after`, up to `until`, by source."""
    query = sa.select(journal.c.source, sa.func.count()).where(
        journal.c.platform == platform, journal.c.seq > after, journal.c.seq <= until
    )
    rows = connection.execute(query.group_by(journal.c.source))
    return {(source,): count for source, count in rows}


def applied(
    connection: Connection, platform: str, generation: int, after: Seq, until: Seq
) -> Mapping[tuple[str, str], int]:
    """What became of the deliveries behind `after`, up to `until`: by event type and outcome."""
    query = sa.select(outcomes.c.event_type, outcomes.c.outcome, sa.func.count()).where(
        outcomes.c.platform == platform,
        outcomes.c.generation == generation,
        outcomes.c.seq > after,
        outcomes.c.seq <= until,
    )
    found: dict[tuple[str, str], int] = {}
    for event_type, outcome, count in connection.execute(
        query.group_by(outcomes.c.event_type, outcomes.c.outcome)
    ):
        key = _event_type(event_type), outcome
        found[key] = found.get(key, 0) + count
    return found


def _event_type(name: str | None) -> str:
    if name is None:
        return ""
    if name in _KNOWN:
        return name
    return OBSERVATION if name.startswith("Mirror.") else OTHER


def _places(connection: Connection) -> dict[str, Place]:
    seq = sa.func.coalesce(checkpoints.c.seq, 0)
    oldest = (
        sa.select(journal.c.received_at)
        .where(journal.c.platform == platforms.c.platform, journal.c.seq == seq + 1)
        .correlate(platforms, checkpoints)
        .scalar_subquery()
    )
    query = sa.select(
        platforms.c.platform,
        heads.c.head_seq,
        seq,
        platforms.c.generation,
        oldest,
        heads.c.last_received_at,
    ).select_from(
        platforms.join(heads, heads.c.platform == platforms.c.platform).outerjoin(
            checkpoints, same(checkpoints, platforms)
        )
    )
    return {row[0]: Place(*row[1:]) for row in connection.execute(_present(query))}


def _counts(
    connection: Connection, table: sa.Table, *by: sa.ColumnElement[Any]
) -> dict[tuple[str, ...], int]:
    columns = platforms.c.platform, *by
    query = sa.select(*columns, sa.func.count()).select_from(live(table)).group_by(*columns)
    return {
        tuple(text or "" for text in row[:-1]): row[-1]
        for row in connection.execute(_present(query))
    }


def _outcomes(connection: Connection, name: str) -> dict[str, int]:
    # Written out, and of each platform by itself: only then is it looked up in the index of what is
    # not plainly applied.
    count = (
        sa.select(sa.func.count())
        .where(same(outcomes, platforms), outcomes.c.outcome == sa.literal_column(f"'{name}'"))
        .correlate(platforms)
        .scalar_subquery()
    )
    rows = connection.execute(_present(sa.select(platforms.c.platform, count)))
    return {row[0]: row[1] for row in rows if row[1]}


def _samples(connection: Connection) -> dict[str, Sampled]:
    sums = [sa.func.sum(samples.c[name]) for name in Sampled.__struct_fields__]
    query = sa.select(platforms.c.platform, *sums).select_from(live(samples))
    rows = connection.execute(_present(query.group_by(platforms.c.platform)))
    return {row[0]: Sampled(*map(int, row[1:])) for row in rows}


def _reads(connection: Connection) -> dict[str, Read]:
    is_round = sa.and_(sweeps.c.owner_type == ROUND.type, sweeps.c.owner_id == ROUND.id)
    newest = [
        sa.func.max(sa.case((condition, sweeps.c.finished_at)))
        for condition in (sa.not_(is_round), is_round)
    ]
    query = sa.select(sweeps.c.platform, *newest).group_by(sweeps.c.platform)
    return {row[0]: Read(*row[1:]) for row in connection.execute(query)}


def _database_bytes(connection: Connection) -> int:
    if connection.dialect.name == "sqlite":
        size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
    else:
        size = "SELECT pg_database_size(current_database())"
    return int(connection.exec_driver_sql(size).scalar_one())


def _present(query: sa.Select[Any]) -> sa.Select[Any]:
    return query.where(schema.platforms.c.removed_at.is_(None))
