"""What reconciliation put right, and why the feed had it otherwise."""

from __future__ import annotations

import sqlalchemy as sa
from msgspec import Struct

from mirror.core.model import CorrectedKind, Label, Seq
from mirror.store.queries.lists import Page, Place, Stamp
from mirror.store.queries.lists.library import equal, mine
from mirror.store.queries.oversight.newest import Newest
from mirror.store.schema import corrections as table


class CorrectionRow(Struct, frozen=True):
    """Something that an observation put right. The key of a class may be its place, `TYPE:ID:PATH`."""

    seq: Seq
    ordinal: int
    label: Label
    entity: CorrectedKind
    key: str
    event_type: str | None  # the event that should have told it
    detail: str


def corrections(
    connection: sa.Connection, stamp: Stamp, label: str | None, after: Place | None, limit: int
) -> Page[CorrectionRow]:
    """Newest first; `after` is a seq and an ordinal."""
    names, filters = CorrectionRow.__struct_fields__, equal(label=label)
    listing = Newest(table, names, ("seq", "ordinal"), filters, by_key=True)
    found = listing.page(connection, stamp, after, limit)
    return Page([CorrectionRow(*row) for row in found.rows], found.next)


def tallied(connection: sa.Connection, stamp: Stamp) -> dict[str, int]:
    """How many of each class since the beginning: corrections are few, or the feed would be no use."""
    query = sa.select(table.c.label, sa.func.count()).where(*mine(table, stamp))
    return dict(connection.execute(query.group_by(table.c.label).order_by(table.c.label)).all())
