"""How many deliveries came when: the journal has no index by time, and needs none, for its times ascend."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

import sqlalchemy as sa

from mirror.core.model import Micros, Outcome, Seq
from mirror.store import journal as deliveries
from mirror.store.queries.lists import Stamp
from mirror.store.queries.lists.library import mine
from mirror.store.schema import journal, outcomes

MOST = 10_000
"""Deliveries of one outcome that are counted, at most."""


def clock(connection: sa.Connection) -> Micros:
    """What time it is, by the clock that deliveries get their times from."""
    if connection.dialect.name == "sqlite":
        return Micros(time.time_ns() // 1000)
    asked = "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint"
    return Micros(connection.exec_driver_sql(asked).scalar_one())


def seqs_at(connection: sa.Connection, platform: str, times: Sequence[Micros]) -> list[Seq]:
    """For each time the last delivery at or before it; 0 if all came after. Raises NotFound.

    All are sought together by halving: one query a step, twenty for a million deliveries.
    """
    head = deliveries.head(connection, platform)
    low: list[int] = [0] * len(times)
    high: list[int] = [head] * len(times)
    while True:
        middles = {
            place: (low[place] + high[place] + 1) // 2
            for place in range(len(times))
            if low[place] < high[place]
        }
        if not middles:
            return [Seq(seq) for seq in low]
        came = _came(connection, platform, set(middles.values()))
        for place, middle in middles.items():
            if came[middle] <= times[place]:
                low[place] = middle
            else:
                high[place] = middle - 1


def _came(connection: sa.Connection, platform: str, seqs: Collection[int]) -> dict[int, int]:
    query = sa.select(journal.c.seq, journal.c.received_at).where(
        journal.c.platform == platform, journal.c.seq.in_(sorted(seqs))
    )
    return {row.seq: row.received_at for row in connection.execute(query)}


def counted(connection: sa.Connection, stamp: Stamp, outcome: Outcome, after: Seq) -> int:
    """Deliveries behind `after` with an outcome that has an index (any but `applied`); MOST at most."""
    some = (
        sa.select(outcomes.c.seq)
        .where(
            *mine(outcomes, stamp),
            # Written out, or SQLite would not know that its partial index is meant.
            outcomes.c.outcome == sa.literal(outcome, literal_execute=True),
            outcomes.c.seq > after,
        )
        .limit(MOST)
        .subquery()
    )
    return connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
