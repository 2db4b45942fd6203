"""Pages by keyset: the key of the last row is where the next page begins, whatever was written since."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from msgspec import Struct

T = TypeVar("T")
LOOKED_AT = 5_000
"""Rows that a page with filters looks at, at most."""

Place = tuple[Any, ...]
"""The key of a row: where a page ended."""
Row = Any
Condition = sa.ColumnElement[bool]
Filter = Callable[[Any], Condition]
"""A condition on the columns of a row, by their names."""


class Page(Struct, Generic[T], frozen=True):
    """Rows in a stable order; `next` is None where nothing is behind them."""

    rows: list[T]
    next: Place | None


class Listing(Struct, frozen=True):
    """A list: what is selected, by which key it goes, and what is wanted of it.

    `where` is answered from an index; `filters` are looked at row by row.
    """

    columns: Sequence[sa.ColumnElement[Any]]
    order: Sequence[sa.ColumnElement[Any]]
    where: Sequence[Condition]
    filters: Sequence[Filter] = ()
    source: sa.FromClause | None = None
    descending: bool = False

    def page(self, connection: sa.Connection, after: Place | None, limit: int) -> Page[Row]:
        """Up to `limit` rows behind `after`."""
        candidates = self._candidates(after)
        if not self.filters:
            rows = connection.execute(candidates.limit(limit + 1)).all()
            return Page(list(rows[:limit]), self.key(rows[limit - 1]) if rows[limit:] else None)
        looked = candidates.limit(LOOKED_AT).subquery("looked")
        order = [looked.c[column.key] for column in self.order if column.key]
        query = (
            sa.select(looked)
            .where(*(each(looked.c) for each in self.filters))
            .order_by(*(column.desc() if self.descending else column for column in order))
            .limit(limit + 1)
        )
        rows = connection.execute(query).all()
        if rows[limit:]:
            return Page(list(rows[:limit]), self.key(rows[limit - 1]))
        last = connection.execute(candidates.offset(LOOKED_AT - 1).limit(1)).first()
        return Page(list(rows), None if last is None else self.key(last))

    def key(self, row: Row) -> Place:
        """Where a row is in the order."""
        return tuple(getattr(row, str(column.key)) for column in self.order)

    def _candidates(self, after: Place | None) -> sa.Select[Any]:
        query = sa.select(*self.columns).where(*self.where)
        if self.source is not None:
            query = query.select_from(self.source)
        if after is not None:
            query = query.where(behind(self.order, after, descending=self.descending))
        return query.order_by(
            *(column.desc() if self.descending else column for column in self.order)
        )


def behind(
    order: Sequence[sa.ColumnElement[Any]], after: Place, *, descending: bool = False
) -> Condition:
    """Rows behind a key: one range of an index on both engines."""
    values = [sa.literal(value, column.type) for value, column in zip(after, order, strict=True)]
    mine, its = (
        (order[0], values[0]) if len(order) == 1 else (sa.tuple_(*order), sa.tuple_(*values))
    )
    found: Condition = mine < its if descending else mine > its
    return found


def contains(dialect: str, column: sa.ColumnElement[Any], text: str) -> Condition:
    """Text that has `text` in it; the case of A to Z makes no difference, on either engine."""
    # SQLite folds A to Z alone; PostgreSQL does so in the collation C.
    plain = sa.collate(column, "C") if dialect == "postgresql" else column
    return sa.func.lower(plain).contains(text.translate(_LOWER), autoescape=True)


_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOWER = str.maketrans(_UPPER, _UPPER.lower())
