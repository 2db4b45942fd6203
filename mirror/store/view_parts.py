"""What the public views are made of: rows of the live generation, and times as people read them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from mirror.store.dialects import utc_time
from mirror.store.schema import platforms

Query = sa.Select[Any] | sa.CompoundSelect[Any]


def same(table: sa.FromClause, of: sa.FromClause, **columns: str) -> sa.ColumnElement[bool]:
    """Rows of `table` in the platform and generation of a row of `of`, joined on `columns`."""
    return sa.and_(
        table.c.platform == of.c.platform,
        table.c.generation == of.c.generation,
        *(table.c[mine] == of.c[theirs] for mine, theirs in columns.items()),
    )


def live(table: sa.FromClause) -> sa.Join:
    """The rows of a state table that belong to the live generation of their platform."""
    return platforms.join(table, same(table, platforms))


def time(column: sa.ColumnElement[Any]) -> sa.Label[Any]:
    """A column of microseconds as a timestamp of the same name."""
    return utc_time(column).label(str(column.key))
