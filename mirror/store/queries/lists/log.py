"""Deliveries with what became of them, page by page, newest first."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from msgspec import Struct

from mirror.core.model import Seq
from mirror.store.queries.deliveries import Logged, Only, log
from mirror.store.queries.lists.common import Stamp
from mirror.store.queries.lists.paging import Page, Place

LOOKED_AT = 1_000


class Deliveries(Struct, frozen=True):
    """Which deliveries; empty means any. `since` and `until` are seqs: after the one, up to the other."""

    types: Collection[str] = ()
    outcomes: Collection[str] = ()
    source: str | None = None
    since: Seq | None = None
    until: Seq | None = None


def deliveries(
    connection: sa.Connection, stamp: Stamp, only: Deliveries, after: Place | None, limit: int
) -> Page[Logged]:
    """By seq, newest first."""
    before = None if only.until is None else Seq(only.until + 1)
    if after is not None:
        before = Seq(min(after[0], before or after[0]))
    most = limit + 1 if only.source is None else max(limit + 1, LOOKED_AT)
    wanted = Only(only.types, only.outcomes)
    rows = log(connection, stamp.platform, wanted, before=before, limit=most)
    full = len(rows) == most
    if only.since is not None:
        kept = [row for row in rows if row.seq > only.since]
        full = full and len(kept) == len(rows)
        rows = kept
    found = rows if only.source is None else [row for row in rows if row.source == only.source]
    if len(found) > limit:
        return Page(found[:limit], (found[limit - 1].seq,))
    return Page(found, (rows[-1].seq,) if full else None)
