"""Event types of the platform, and when each came last: one that never came may not be subscribed to."""

from __future__ import annotations

import sqlalchemy as sa
from msgspec import Struct

from mirror.core.decode import EVENT_TYPES
from mirror.core.model import Micros, Seq
from mirror.store.queries.lists import Stamp
from mirror.store.queries.oversight.newest import along_index
from mirror.store.schema import journal, outcomes


class KindRow(Struct, frozen=True):
    """An event type, and the newest delivery of it; None if there never was one."""

    event_type: str
    seq: Seq | None = None
    received_at: Micros | None = None


def kinds(connection: sa.Connection, stamp: Stamp) -> list[KindRow]:
    """Every type that the platform documents, in its order."""
    newest = (
        sa.select(outcomes.c.seq)
        .where(*along_index(outcomes, stamp), outcomes.c.event_type == sa.bindparam("name"))
        .order_by(outcomes.c.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = sa.select(journal.c.seq, journal.c.received_at).where(
        journal.c.platform == stamp.platform, journal.c.seq == newest
    )
    found = []
    for name in EVENT_TYPES:
        row = connection.execute(query, {"name": name}).first()
        found.append(KindRow(name) if row is None else KindRow(name, row.seq, row.received_at))
    return found
