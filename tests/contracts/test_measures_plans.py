"""A scrape reads no library and no log whole, on every engine, with or without ANALYZE."""

import sqlalchemy as sa

from mirror.core.model import Seq
from mirror.store.engine import Database
from mirror.store.queries import measures
from tests.contracts.test_plans import SIZE, filled
from tests.support.plans import plans

__all__ = ["filled"]

COUNTED = {"doubts", "corrections", "samples", "pragma_page_count", "pragma_page_size"}
"""What is counted whole: little, and gone through in a few milliseconds; the last two are one row each."""


def test_measures_read_only_what_is_counted(filled: Database) -> None:
    with filled.read() as connection:
        found = plans(connection, measures.measures)
    assert len(found) > 5
    for plan in found:
        assert set(plan.whole) <= COUNTED, plan.text


def test_what_is_new_is_counted_from_where_it_begins(filled: Database) -> None:
    def ask(connection: sa.Connection) -> None:
        generation = measures.measures(connection).places["default"].generation
        measures.received(connection, "default", Seq(SIZE - 100), Seq(SIZE))
        measures.applied(connection, "default", generation, Seq(SIZE - 100), Seq(SIZE))

    with filled.read() as connection:
        found = plans(connection, ask)[-2:]
    for plan in found:
        assert plan.whole == (), plan.text
