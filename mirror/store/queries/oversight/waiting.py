"""What has come and is not applied yet."""

from __future__ import annotations

import sqlalchemy as sa
from msgspec import Struct

from mirror.core.model import Micros, Seq
from mirror.store.queries.browse.strip import came_at
from mirror.store.queries.lists import Stamp
from mirror.store.queries.lists.library import mine
from mirror.store.schema import checkpoints


class Waiting(Struct, frozen=True):
    """How many deliveries wait, since when the oldest of them does, and when something was applied last."""

    count: int
    since: Micros | None
    applied_at: Micros | None
    rules: str | None  # that the state was made by


def waiting(connection: sa.Connection, stamp: Stamp) -> Waiting:
    """That."""
    query = sa.select(checkpoints.c.updated_at, checkpoints.c.rules).where(
        *mine(checkpoints, stamp)
    )
    row = connection.execute(query).first()
    count = max(0, stamp.head_seq - stamp.applied_seq)
    since = came_at(connection, stamp.platform, Seq(stamp.applied_seq + 1)) if count else None
    return Waiting(count, since, *((None, None) if row is None else row))
