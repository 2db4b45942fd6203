"""The newest rows first, along an index in which the generation comes last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from mirror.store.queries.lists import Page, Place, Stamp
from mirror.store.queries.lists.library import mine
from mirror.store.queries.lists.paging import Condition, Filter, Listing, behind

_LARGEST = 2**63 - 1


def along_index(table: sa.Table, stamp: Stamp) -> list[Condition]:
    """Rows of the platform's live generation.

    SQLite believes that a generation narrows a table down: it would read the whole one by its key,
    and sort it. Of a sum it believes nothing.
    """
    return [table.c.platform == stamp.platform, table.c.generation + 0 == stamp.generation]


class Newest(Struct, frozen=True):
    """A list that begins with the greatest: which columns, in the order of which (a seq first).

    `by_key`: the key of the table is in that order, so no other index is needed.
    """

    table: sa.Table
    columns: Sequence[str]
    order: Sequence[str]
    filters: Sequence[Filter] = ()
    by_key: bool = False

    def page(
        self, connection: sa.Connection, stamp: Stamp, after: Place | None, limit: int
    ) -> Page[tuple[Any, ...]]:
        """Up to `limit` rows behind `after`, which is one value for each column of the order."""
        table = self.table
        where = mine(table, stamp) if self.by_key else along_index(table, stamp)
        seq, *others = (table.c[name] for name in self.order)
        where.append(seq <= (_LARGEST if after is None else after[0]))
        if after is not None:
            # Another sum: the seq alone bounds the index, and the others say where on it a page begins.
            where.append(behind([seq + 0, *others], after, descending=True))
        listing = Listing(
            [*(table.c[name] for name in self.columns), table.c.generation],
            [seq, table.c.generation, *others],
            where,
            self.filters,
            descending=True,
        )
        found = listing.page(connection, None, limit)
        end = None if found.next is None else (found.next[0], *found.next[2:])
        return Page([tuple(row)[:-1] for row in found.rows], end)
