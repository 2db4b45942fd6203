"""Looking back reads what changed since, or what is asked for by its key, and never a whole log."""

import re
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from mirror.core.model import Owner, Seq
from mirror.store import queries
from mirror.store.engine import Database
from mirror.store.queries import Past
from mirror.store.schema import checkpoints
from tests.support.library import insert
from tests.unit.store.test_plans import Recorded, database, filled, whole_tables

__all__ = ["database", "filled"]

HEAD = 2_000
LATE, EARLY = Seq(HEAD - 20), Seq(20)
TEAM = Owner("TEAM", "team-1")


@pytest.fixture(scope="module")
def applied(database: Database) -> Iterator[Database]:
    """The filled database, with a checkpoint at its end."""
    with database.write() as connection:
        connection.execute(sa.delete(checkpoints))
        insert(connection, "checkpoints", {"seq": HEAD})
    yield database
    with database.write() as connection:
        connection.execute(sa.delete(checkpoints))


def at(seq: Seq, read: Callable[[Past], object]) -> Callable[[sa.Connection], object]:
    return lambda connection: read(Past(connection, "default", seq))


WHOLE = {
    "the present classes": at(LATE, lambda past: past.tree()),
    "every owner": at(LATE, lambda past: past.owners()),
}
READS = {
    **{
        f"{name} {when}": at(seq, read)
        for when, seq in (("late", LATE), ("early", EARLY))
        for name, read in (
            ("classes", lambda past: past.classes(TEAM, "/c010")),
            ("materials", lambda past: past.materials(TEAM, "/c010", limit=10)),
            ("gone materials", lambda past: past.gone(limit=10)),
            ("a timeline", lambda past: past.timeline("p")),
        )
    },
    "a subtree": at(LATE, lambda past: past.tree(TEAM, "/c010", media=3)),
    "a material": at(LATE, lambda past: past.material("m0000007")),
    "a difference": lambda c: queries.differences(c, "default", LATE, Seq(HEAD)),
    "the way back": lambda c: queries.differences(c, "default", Seq(21), EARLY),
    "a history": lambda c: queries.history(c, "default", "material", "m0000007"),
}


def steps(database: Database, read: Callable[[sa.Connection], object]) -> list[str]:
    with database.read() as connection:
        recorded = Recorded(connection)
        read(connection)
        return [
            row[3]
            for statement, parameters in list(recorded.seen)
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
        ]


@pytest.mark.parametrize("question", READS)
def test_looking_back_reads_no_whole_table(applied: Database, question: str) -> None:
    found = steps(applied, READS[question])
    assert whole_tables(found) == [], found
    # The log is read by a range of deliveries, or by the keys of things.
    for step in found:
        if " changes " in step:
            assert re.search(r"seq[<=>]|key=", step), step


@pytest.mark.parametrize("question", WHOLE)
def test_of_everything_only_present_rows_are_read_whole(applied: Database, question: str) -> None:
    found = steps(applied, WHOLE[question])
    assert set(whole_tables(found)) <= {"classes", "owners"}, found
