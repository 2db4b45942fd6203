"""How much room the mirror takes: the database exactly, bodies of deliveries as some of them tell."""

from __future__ import annotations

import sqlalchemy as sa
from msgspec import Struct

from mirror.store.queries.lists import Stamp
from mirror.store.schema import journal

SAMPLE = 100
"""Deliveries whose bodies are looked at, spread evenly over the journal."""


class Size(Struct, frozen=True):
    """Bytes: of the whole database, and about how many of an average body (0 without deliveries)."""

    database: int
    body: int


def size(connection: sa.Connection, stamp: Stamp) -> Size:
    """That."""
    step = max(1, stamp.head_seq // SAMPLE)
    seqs = list(range(1, stamp.head_seq + 1, step))[: SAMPLE + 1]
    body = 0
    if seqs:
        query = sa.select(sa.func.avg(sa.func.length(journal.c.body))).where(
            journal.c.platform == stamp.platform, journal.c.seq.in_(seqs)
        )
        body = round(connection.execute(query).scalar_one() or 0)
    return Size(_database(connection), body)


def _database(connection: sa.Connection) -> int:
    if connection.dialect.name != "sqlite":
        asked = "SELECT pg_database_size(current_database())"
        return int(connection.exec_driver_sql(asked).scalar_one())
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    return int(pages) * int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())
