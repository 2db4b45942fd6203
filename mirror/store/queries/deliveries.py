"""The log of deliveries, and single ones with all that they changed."""

from __future__ import annotations

from collections.abc import Collection
from itertools import product
from typing import Any

import sqlalchemy as sa
from msgspec import Struct, json

from mirror.core.model import Micros, Seq
from mirror.store import journal as deliveries
from mirror.store.checkpoints import current, live_generation
from mirror.store.journal import Source
from mirror.store.schema import changes, journal, outcomes
from mirror.store.state import chunks

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
    until = None if before is None else Seq(before - 1)
    return _page(connection, platform, only, Seq(0), until, limit, newest=True)


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
    return _page(connection, platform, only, after, until, limit)


def _page(
    connection: sa.Connection,
    platform: str,
    only: Only,
    after: Seq,
    until: Seq | None,
    limit: int,
    *,
    newest: bool = False,
) -> list[Logged]:
    """The first deliveries behind `after` (and up to `until`), in order or the newest first."""
    # Each type with each outcome by itself, from the end of its own index, and then the best of all.
    found: list[Logged] = []
    types: set[str | None] = {*only.types}
    outcomes_: set[str | None] = {*only.outcomes}
    for event_type, outcome in product(types or {None}, outcomes_ or {None}):
        query, seq = _query(connection, platform, event_type, outcome)
        if after:
            query = query.where(seq > after)
        if until is not None:
            query = query.where(seq <= until)
        rows = connection.execute(query.order_by(seq.desc() if newest else seq).limit(limit))
        found.extend(Logged(*row) for row in rows)
    found.sort(key=lambda one: one.seq, reverse=newest)
    return found[:limit]


def logged(connection: sa.Connection, platform: str, seqs: Collection[Seq]) -> list[Logged]:
    """Those deliveries, oldest first."""
    query, seq = _query(connection, platform)
    query = query.order_by(seq)
    return [
        Logged(*row)
        for part in chunks(sorted(seqs))
        for row in connection.execute(query.where(seq.in_(part)))
    ]


def show(connection: sa.Connection, platform: str, seq: Seq, most: int | None = None) -> Shown:
    """One delivery, with the first `most` changes, or all. Raises NotFound."""
    found = deliveries.at(connection, platform, seq)
    query, place = _query(connection, platform)
    delivery = Logged(*connection.execute(query.where(place == seq)).one())
    return Shown(delivery, found.body, found.digest, _changes(connection, platform, seq, most))


def _changes(
    connection: sa.Connection, platform: str, seq: Seq, most: int | None
) -> tuple[Changed, ...]:
    rows = connection.execute(
        sa.select(*(changes.c[name] for name in Changed.__struct_fields__))
        .where(
            changes.c.platform == platform,
            changes.c.generation == live_generation(connection, platform),
            changes.c.seq == seq,
        )
        .order_by(changes.c.ordinal)
        .limit(most)
    )
    return tuple(
        Changed(ordinal, entity, key, op, _fields(before), _fields(after))
        for ordinal, entity, key, op, before, after in rows
    )


def _fields(text: str | None) -> dict[str, Any] | None:
    return None if text is None else json.decode(text, type=dict[str, Any])


def _query(
    connection: sa.Connection,
    platform: str,
    event_type: str | None = None,
    outcome: str | None = None,
) -> tuple[sa.Select[Any], sa.Column[int]]:
    """Deliveries of one type or outcome, or of any, and the column of their seqs to bound and order by."""
    applied = sa.and_(
        outcomes.c.platform == platform,
        outcomes.c.generation == live_generation(connection, platform),
        outcomes.c.seq == journal.c.seq,
    )
    # Whoever asks for a type or an outcome means applied ones: start at the outcomes then.
    waiting = event_type is None and outcome in {None, PENDING}
    query = (
        sa.select(
            journal.c.seq,
            journal.c.received_at,
            journal.c.source,
            outcomes.c.event_type,
            sa.func.coalesce(outcomes.c.outcome, PENDING),
            outcomes.c.detail,
            sa.func.coalesce(outcomes.c.change_count, 0),
            journal.c.redelivery_of,
        )
        .select_from(journal.join(outcomes, applied, isouter=waiting))
        .where(journal.c.platform == platform)
    )
    if waiting and outcome == PENDING:
        checkpoint = current(connection, platform)
        reached = 0 if checkpoint is None else checkpoint.seq
        return query.where(outcomes.c.seq.is_(None), journal.c.seq > reached), journal.c.seq
    if event_type is not None:
        query = query.where(outcomes.c.event_type == event_type)
    if outcome is not None:
        query = query.where(outcomes.c.outcome == outcome)
    return query, journal.c.seq if waiting else outcomes.c.seq
