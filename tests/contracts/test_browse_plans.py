"""Browsing a large library reads a page, on every engine; search by a part of a name reads so many rows, no more."""

import pytest

from mirror.core.model import ClassId
from mirror.store.engine import Database
from mirror.store.queries import browse, lists
from mirror.store.queries.browse import Sought
from mirror.store.schema import metadata
from tests.contracts.test_plans import filled
from tests.support.plans import Ask, Plan, plans

__all__ = ["filled"]

QUESTIONS: dict[str, Ask] = {
    "roots": lambda c: browse.roots(c, lists.stamp(c, "default"), 100),
    "children": lambda c: browse.children(c, lists.stamp(c, "default"), ClassId(1), 100),
    "lineage": lambda c: browse.lineage(c, lists.stamp(c, "default"), ClassId(7)),
    "files": lambda c: browse.files_of(c, lists.stamp(c, "default"), ["f0000007"]),
}


def whole(found: list[Plan]) -> list[str]:
    return [table for plan in found for table in plan.whole if table in metadata.tables]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_step_in_the_tree_reads_no_table_whole(filled: Database, question: str) -> None:
    with filled.read() as connection:
        found = plans(connection, QUESTIONS[question])
    assert found
    assert whole(found) == [], "\n".join(plan.text for plan in found)


def test_search_reads_names_in_the_order_of_their_key(filled: Database) -> None:
    def asked(connection: object) -> object:
        stamp = lists.stamp(connection, "default")  # type: ignore[arg-type]
        return browse.find(connection, stamp, Sought("t7", None, 20))  # type: ignore[arg-type]

    with filled.read() as connection:
        found = plans(connection, asked)
    # Nothing but names of classes and materials is gone through, and both stop after so many.
    assert set(whole(found)) <= {"classes", "materials"}
    for plan in found:
        if "materials" in plan.whole and filled.dialect == "sqlite":
            assert not plan.sorts, plan.text
