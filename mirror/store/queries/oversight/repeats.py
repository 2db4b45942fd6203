"""The deliveries that repeat another one."""

from __future__ import annotations

import sqlalchemy as sa

from mirror.core.model import Seq
from mirror.store.queries.lists import Stamp
from mirror.store.queries.lists.library import mine
from mirror.store.schema import journal, outcomes

LOOKED_AT = 1_000
"""Redeliveries of anything that are looked at: those of one delivery come soon after it."""


def repeats_of(connection: sa.Connection, stamp: Stamp, seq: Seq) -> list[Seq]:
    """The redeliveries of a delivery, oldest first, as far as they are among the next LOOKED_AT."""
    later = (
        sa.select(outcomes.c.seq)
        .where(
            *mine(outcomes, stamp),
            outcomes.c.outcome == sa.literal("redelivery", literal_execute=True),
            outcomes.c.seq > seq,
        )
        .order_by(outcomes.c.seq)
        .limit(LOOKED_AT)
    )
    query = sa.select(journal.c.seq).where(
        journal.c.platform == stamp.platform,
        journal.c.seq.in_(later),
        journal.c.redelivery_of == seq,
    )
    return list(connection.execute(query.order_by(journal.c.seq)).scalars())
