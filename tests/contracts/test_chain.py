"""What was changed in a journal behind its back is named, on every engine."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from mirror.core.model import Micros
from mirror.store import journal
from mirror.store.chain import Fault
from mirror.store.engine import Database
from mirror.store.journal import Arrival
from mirror.store.schema import journal as table


@pytest.fixture
def six(database: Database) -> Database:
    """A journal of six deliveries."""
    with database.write() as connection:
        rows = [Arrival(f"body {number}".encode(), Micros(number)) for number in range(1, 7)]
        journal.append(connection, "default", rows)
    return database


@contextmanager
def intrusion(database: Database) -> Iterator[sa.Connection]:
    """A transaction of somebody who took the guards away."""
    with database.write() as connection:
        if database.dialect == "postgresql":
            connection.exec_driver_sql("ALTER TABLE journal DISABLE TRIGGER USER")
        else:
            for name in (
                "journal_refuses_update",
                "journal_refuses_delete",
                "journal_takes_the_next_seq_only",
            ):
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        yield connection


def check(database: Database, batch: int = 2) -> list[Fault]:
    with database.read() as connection:
        return list(journal.check_chain(connection, "default", batch))


def named(database: Database) -> list[tuple[str, int, int | None]]:
    return [(fault.kind, fault.seq, fault.other) for fault in check(database)]


@pytest.mark.parametrize("batch", [1, 2, 3, 6, 100])
def test_a_journal_nobody_touched_has_no_fault(six: Database, batch: int) -> None:
    assert check(six, batch) == []


def test_an_empty_journal_has_no_fault(database: Database) -> None:
    assert check(database) == []


def edit(database: Database, *seqs: int, **values: object) -> None:
    with intrusion(database) as connection:
        connection.execute(sa.update(table).where(table.c.seq.in_(seqs)).values(**values))


@pytest.mark.parametrize(
    "values",
    [{"body": b"another"}, {"received_at": 99}, {"source": "import"}, {"redelivery_of": 1}],
    ids=str,
)
@pytest.mark.parametrize("seq", [1, 3, 6])
def test_an_edited_row_is_named(six: Database, seq: int, values: dict[str, object]) -> None:
    edit(six, seq, **values)
    assert named(six) == [("edited", seq, None)]


def test_several_edited_rows_are_each_named(six: Database) -> None:
    edit(six, 2, 3, 5, body=b"x")
    assert named(six) == [("edited", 2, None), ("edited", 3, None), ("edited", 5, None)]


def test_an_edited_digest_is_told_from_an_edited_row(six: Database) -> None:
    with intrusion(six) as connection:
        connection.exec_driver_sql(
            "UPDATE journal SET digest = (SELECT digest FROM journal WHERE seq = 6) WHERE seq = 3"
        )
    (fault,) = check(six)
    assert (fault.kind, fault.seq) == ("edited", 3)
    assert fault.what == "the digest of delivery 3 was edited; the delivery itself is as it was"


def test_missing_rows_are_named(six: Database) -> None:
    with intrusion(six) as connection:
        connection.exec_driver_sql("DELETE FROM journal WHERE seq IN (1, 3, 4)")
    assert named(six) == [("missing", 1, 1), ("missing", 3, 4)]


def test_a_missing_end_is_named(six: Database) -> None:
    with intrusion(six) as connection:
        connection.exec_driver_sql("DELETE FROM journal WHERE seq > 4")
    (fault,) = check(six)
    assert fault.what == "deliveries 5 to 6 are missing"


SWAP = """
UPDATE journal SET seq = CASE seq WHEN {one} THEN {other} ELSE {one} END + 100
WHERE seq IN ({one}, {other})
"""


@pytest.mark.parametrize(("one", "other"), [(2, 5), (2, 3), (1, 6), (3, 5), (5, 6)])
def test_two_swapped_rows_are_both_named(six: Database, one: int, other: int) -> None:
    with intrusion(six) as connection:
        connection.exec_driver_sql(SWAP.format(one=one, other=other))
        connection.exec_driver_sql("UPDATE journal SET seq = seq - 100 WHERE seq > 100")
    faults = named(six)
    assert faults[0] == ("swapped", one, other)
    # The head still names the digest of the row that was last.
    assert faults[1:] == ([("head", 6, None)] if other == 6 else [])


@pytest.mark.parametrize(("one", "other"), [(2, 5), (2, 3), (5, 6)])
def test_two_swapped_bodies_are_both_named(six: Database, one: int, other: int) -> None:
    with intrusion(six) as connection:
        for seq, body in ((one, f"body {other}"), (other, f"body {one}")):
            connection.execute(
                sa.update(table).where(table.c.seq == seq).values(body=body.encode())
            )
    assert named(six) == [("swapped", one, other)]


def test_a_head_that_names_another_digest_is_told(six: Database) -> None:
    with six.write() as connection:
        connection.exec_driver_sql(
            "UPDATE heads SET head_digest = (SELECT digest FROM journal WHERE seq = 5)"
        )
    assert named(six) == [("head", 6, None)]


def test_rows_beyond_the_head_are_named(six: Database) -> None:
    with six.write() as connection:
        connection.exec_driver_sql("UPDATE heads SET head_seq = 4")
    assert named(six) == [("beyond", 5, 6)]


def test_a_journal_edited_all_over_is_told_shortly(database: Database) -> None:
    with database.write() as connection:
        journal.append(connection, "default", [Arrival(b"x", Micros(1))] * 300)
    with intrusion(database) as connection:
        connection.exec_driver_sql("UPDATE journal SET received_at = seq")
    faults = named(database)
    assert len(faults) == 101
    assert faults[-1] == ("edited", 102, 300)


def test_text_where_bytes_belong_is_an_edit(six: Database) -> None:
    if six.dialect != "sqlite":
        return  # others refuse it
    with intrusion(six) as connection:
        connection.exec_driver_sql("UPDATE journal SET body = 'body 3' WHERE seq = 3")
    assert named(six) == [("edited", 3, None)]
