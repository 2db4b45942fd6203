"""The log of deliveries, and single ones with all that they changed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from msgspec import Struct, json

from mirror.core.model import Micros, Seq
from mirror.store import journal as deliveries
from mirror.store.checkpoints import current, live_generation
from mirror.store.journal import Source
from mirror.store.schema import changes, journal, outcomes
from mirror.store.state import chunks
from mirror.store.views import NOTABLE

PENDING = "pending"
"""The outcome of a delivery that has not been applied yet."""


class Logged(Struct, frozen=True):
    """A delivery and what became of it."""

    seq: Seq
    received_at: Micros
    source: Source
    event_type: str | None
    outcome: str
    detail: str | None
    change_count: int
    redelivery_of: Seq | None


class Changed(Struct, frozen=True):
    """One change that a delivery made; `before` and `after` hold the changed fields."""

    ordinal: int
    entity: str
    key: str
    op: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class Shown(Struct, frozen=True):
    """One delivery with its changes and its body, which holds whatever the platform sent."""

    delivery: Logged
    body: bytes
    digest: bytes
    changes: tuple[Changed, ...]


class Only(Struct, frozen=True):
    """Which deliveries to list: of these event types, with these outcomes; empty means any."""

    types: Collection[str] = ()
    outcomes: Collection[str] = ()


ANY = Only()


def log(
    connection: sa.Connection,
    platform: str,
    only: Only = ANY,
    *,
    before: Seq | None = None,
    limit: int = 50,
) -> list[Logged]:
    """The newest deliveries (below `before`), newest first."""
    query = _query(connection, platform, only)
    if before is not None:
        query = query.where(journal.c.seq < before)
    rows = connection.execute(query.order_by(journal.c.seq.desc()).limit(limit))
    return [Logged(*row) for row in rows]


def log_after(
    connection: sa.Connection,
    platform: str,
    after: Seq,
    only: Only = ANY,
    *,
    limit: int = 500,
) -> list[Logged]:
    """The applied deliveries after `after`, oldest first: what one who follows has not seen yet."""
    checkpoint = current(connection, platform)
    until = checkpoint.seq if checkpoint is not None else Seq(0)
    query = _query(connection, platform, only).where(journal.c.seq > after, journal.c.seq <= until)
    return [Logged(*row) for row in connection.execute(query.order_by(journal.c.seq).limit(limit))]


def logged(connection: sa.Connection, platform: str, seqs: Collection[Seq]) -> list[Logged]:
    """Those deliveries, oldest first."""
    query = _query(connection, platform, ANY).order_by(journal.c.seq)
    return [
        Logged(*row)
        for part in chunks(sorted(seqs))
        for row in connection.execute(query.where(journal.c.seq.in_(part)))
    ]


def show(connection: sa.Connection, platform: str, seq: Seq) -> Shown:
    """One delivery. Raises NotFound."""
    found = deliveries.at(connection, platform, seq)
    query = _query(connection, platform, ANY).where(journal.c.seq == seq)
    delivery = Logged(*connection.execute(query).one())
    return Shown(delivery, found.body, found.digest, _changes(connection, platform, seq))


def _changes(connection: sa.Connection, platform: str, seq: Seq) -> tuple[Changed, ...]:
    rows = connection.execute(
        sa.select(*(changes.c[name] for name in Changed.__struct_fields__))
        .where(
            changes.c.platform == platform,
            changes.c.generation == live_generation(connection, platform),
            changes.c.seq == seq,
        )
        .order_by(changes.c.ordinal)
    )
    return tuple(
        Changed(ordinal, entity, key, op, _fields(before), _fields(after))
        for ordinal, entity, key, op, before, after in rows
    )


def _fields(text: str | None) -> dict[str, Any] | None:
    return None if text is None else json.decode(text, type=dict[str, Any])


def _query(connection: sa.Connection, platform: str, only: Only) -> sa.Select[Any]:
    applied = sa.and_(
        outcomes.c.platform == platform,
        outcomes.c.generation == live_generation(connection, platform),
        outcomes.c.seq == journal.c.seq,
    )
    # Whoever asks for an outcome or a type means applied ones: start at the outcomes then.
    pending = not only.types and (not only.outcomes or PENDING in only.outcomes)
    outcome = sa.func.coalesce(outcomes.c.outcome, PENDING)
    query = (
        sa.select(
            journal.c.seq,
            journal.c.received_at,
            journal.c.source,
            outcomes.c.event_type,
            outcome,
            outcomes.c.detail,
            sa.func.coalesce(outcomes.c.change_count, 0),
            journal.c.redelivery_of,
        )
        .select_from(journal.join(outcomes, applied, isouter=pending))
        .where(journal.c.platform == platform)
    )
    if only.types:
        query = query.where(outcomes.c.event_type.in_(only.types))
    if only.outcomes:
        query = query.where((outcome if pending else outcomes.c.outcome).in_(only.outcomes))
    if only.outcomes and set(only.outcomes) <= set(NOTABLE):
        query = query.where(_NOTABLE)
    return query


# The condition of the index on rare outcomes, word for word, or SQLite would not use the index.
_NOTABLE = outcomes.c.outcome.in_([sa.literal_column(f"'{name}'") for name in NOTABLE])
