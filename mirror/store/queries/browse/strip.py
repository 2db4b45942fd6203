"""How the mirror is doing, in a few cheap numbers: asked for every few seconds by whoever looks."""

from __future__ import annotations

import sqlalchemy as sa
from msgspec import Struct

from mirror.core.model import Micros, Seq
from mirror.store import journal
from mirror.store.queries.lists import Stamp
from mirror.store.queries.lists.library import mine
from mirror.store.schema import doubts
from mirror.store.schema import journal as deliveries

MANY_DOUBTS = 1_000
"""So many doubts are counted at most; then it says `1,000+`."""


class Strip(Struct, frozen=True):
    """How far the mirror is. `doubts` stops at MANY_DOUBTS."""

    head_seq: Seq
    applied_seq: Seq
    lag: int
    last_received_at: Micros | None
    doubts: int


def strip(connection: sa.Connection, stamp: Stamp) -> Strip:
    """Those numbers."""
    head = journal.head_of(connection, stamp.platform)
    some = sa.select(doubts.c.key).where(*mine(doubts, stamp)).limit(MANY_DOUBTS).subquery()
    count = connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
    lag = max(0, head.seq - stamp.applied_seq)
    return Strip(head.seq, stamp.applied_seq, lag, head.last_received_at, count)


def came_at(connection: sa.Connection, platform: str, seq: Seq) -> Micros | None:
    """When a delivery came; None if there is none."""
    query = sa.select(deliveries.c.received_at)
    query = query.where(deliveries.c.platform == platform, deliveries.c.seq == seq)
    return connection.execute(query).scalar_one_or_none()
