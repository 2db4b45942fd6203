"""The journal's promises, on every engine."""

from multiprocessing import get_context

import pytest

from mirror.core.model import Micros, Seq
from mirror.errors import Broken, MirrorError, NotFound
from mirror.store import journal, platforms
from mirror.store.engine import Database, open_database
from mirror.store.journal import Arrival, Delivery


def arrival(body: bytes, at: int = 1, source: journal.Source = "callback") -> Arrival:
    return Arrival(body, Micros(at), source)


def append(database: Database, *arrivals: Arrival, platform: str = "default") -> list[Seq]:
    with database.write() as connection:
        return journal.append(connection, platform, arrivals)


def everything(database: Database, platform: str = "default") -> list[Delivery]:
    with database.read() as connection:
        return journal.read(connection, platform, Seq(0), 1_000_000)


def head(database: Database) -> journal.Head:
    with database.read() as connection:
        return journal.head_of(connection, "default")


def test_deliveries_come_back_as_they_were_appended_in_order(database: Database) -> None:
    assert append(database, arrival(b'{"a":1}', 5)) == [1]
    assert append(database, arrival(b"\x00\xff", 4, "import"), arrival(b"", 9, "reconcile")) == [
        2,
        3,
    ]
    found = [
        (row.platform, row.seq, row.received_at, row.source, row.body)
        for row in everything(database)
    ]
    assert found == [
        ("default", 1, 5, "callback", b'{"a":1}'),
        ("default", 2, 4, "import", b"\x00\xff"),
        ("default", 3, 9, "reconcile", b""),
    ]


def test_a_redelivery_is_a_fact_of_the_row(database: Database) -> None:
    append(database, arrival(b"x"), Arrival(b"x", Micros(2), redelivery_of=Seq(1)))
    assert [row.redelivery_of for row in everything(database)] == [None, 1]


def test_appending_nothing_changes_nothing(database: Database) -> None:
    append(database, arrival(b"x"))
    before = head(database)
    assert append(database) == []
    assert head(database) == before


def test_each_platform_counts_for_itself(database: Database) -> None:
    with database.write() as connection:
        platforms.add(connection, "studio", now=Micros(1))
    append(database, arrival(b"a"), arrival(b"b"))
    assert append(database, arrival(b"c"), platform="studio") == [1]
    assert [row.body for row in everything(database, "studio")] == [b"c"]


def test_an_append_that_fails_leaves_no_gap(database: Database) -> None:
    append(database, arrival(b"a"))

    def fail() -> None:
        with database.write() as connection:
            journal.append(connection, "default", [arrival(b"lost")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert append(database, arrival(b"b")) == [2]
    assert [row.body for row in everything(database)] == [b"a", b"b"]


def test_nothing_is_appended_for_an_unknown_platform(database: Database) -> None:
    with pytest.raises(NotFound, match="no platform 'nobody'"):
        append(database, arrival(b"x"), platform="nobody")


def test_reading_goes_on_after_a_seq_and_ends_where_it_is_told(database: Database) -> None:
    append(database, *(arrival(bytes([number])) for number in range(1, 7)))
    with database.read() as connection:
        some = journal.read(connection, "default", Seq(1), 3)
        rest = journal.read(connection, "default", Seq(4), 3, until=Seq(5))
        assert journal.read(connection, "default", Seq(6), 3) == []
    assert [row.seq for row in some] == [2, 3, 4]
    assert [row.seq for row in rest] == [5]


def test_one_delivery_is_found_by_its_seq(database: Database) -> None:
    append(database, arrival(b"a"), arrival(b"b"))
    with database.read() as connection:
        assert journal.at(connection, "default", Seq(2)).body == b"b"
        with pytest.raises(NotFound, match="has no delivery 3: its journal ends at 2"):
            journal.at(connection, "default", Seq(3))
        with pytest.raises(NotFound):
            journal.at(connection, "default", Seq(0))


@pytest.mark.parametrize(
    ("time", "seq"), [(9, 0), (10, 1), (19, 1), (20, 3), (29, 3), (30, 4), (99, 4)]
)
def test_a_time_means_the_last_delivery_at_or_before_it(
    database: Database, time: int, seq: int
) -> None:
    append(database, *(arrival(b"x", at) for at in (10, 20, 20, 30)))
    with database.read() as connection:
        assert journal.seq_at(connection, "default", Micros(time)) == seq


def test_in_an_empty_journal_every_time_is_before_the_first(database: Database) -> None:
    with database.read() as connection:
        assert journal.seq_at(connection, "default", Micros(5)) == 0


def test_the_head_knows_when_the_platform_and_when_reconciliation_wrote_last(
    database: Database,
) -> None:
    append(database, arrival(b"a", 7), arrival(b"b", 8, "reconcile"))
    found = head(database)
    assert (found.seq, found.last_received_at, found.last_reconciled_at) == (2, 7, 8)
    append(database, arrival(b"c", 9, "import"))
    assert (head(database).last_received_at, head(database).last_reconciled_at) == (9, 8)


def test_what_waits_for_no_answer_does_not_hold_the_watermark_back(database: Database) -> None:
    append(database, arrival(b"a", 1, "import"), arrival(b"b", 1, "reconcile"))
    assert head(database).confirmed_seq == 2
    append(database, arrival(b"c"), arrival(b"d", 1, "import"))
    assert head(database).confirmed_seq == 2
    append(database, arrival(b"e", 1, "import"))
    assert head(database).confirmed_seq == 2


COPY = "platform, {seq}, received_at, source, {body}, digest, redelivery_of FROM journal"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET body = body",
        "UPDATE journal SET seq = seq + 10",
        "DELETE FROM journal",
        "DELETE FROM journal WHERE seq = 2",
        "INSERT INTO journal SELECT " + COPY.format(seq="4", body="body") + " WHERE seq = 1",
        "INSERT INTO journal SELECT " + COPY.format(seq="2", body="body") + " WHERE seq = 1",
        "INSERT INTO journal SELECT " + COPY.format(seq="0", body="body") + " WHERE seq = 1",
        "INSERT INTO journal SELECT "
        + COPY.format(seq="2", body="body")
        + " WHERE seq = 1 ON CONFLICT (platform, seq) DO UPDATE SET body = excluded.body",
    ],
)
def test_the_database_itself_keeps_the_journal(database: Database, statement: str) -> None:
    append(database, arrival(b"a"), arrival(b"b"))
    before = everything(database)
    with pytest.raises(Broken, match=r"append-only|no gaps"), database.write() as connection:
        connection.exec_driver_sql(statement)
    assert everything(database) == before


def test_an_append_behind_the_heads_back_stops_the_next_one(database: Database) -> None:
    append(database, arrival(b"a"))
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE heads SET head_seq = 5")
    with pytest.raises(Broken, match="only the next seq"):
        append(database, arrival(b"b"))


def append_many(url: str, name: int, count: int) -> None:
    database = open_database(url, busy_timeout=30)
    for number in range(count):
        append(database, arrival(f"{name} {number}".encode()), arrival(f"{name}+".encode()))
    database.close()


def test_several_processes_append_without_gaps(database: Database, url: str) -> None:
    spawn = get_context("spawn")
    writers = [spawn.Process(target=append_many, args=(url, name, 20)) for name in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    found = everything(database)
    assert [row.seq for row in found] == list(range(1, 121))
    for name in range(3):
        numbered = [row.body for row in found if row.body.startswith(f"{name} ".encode())]
        assert numbered == [f"{name} {number}".encode() for number in range(20)]
    with database.read() as connection:
        assert list(journal.check_chain(connection, "default")) == []


def test_a_reader_sees_one_moment(database: Database) -> None:
    append(database, arrival(b"a"))
    with database.read() as connection:
        assert journal.head(connection, "default") == 1
        append(database, arrival(b"b"))
        assert journal.head(connection, "default") == 1
    with database.read() as connection:
        assert journal.head(connection, "default") == 2


def test_a_reader_cannot_write(database: Database) -> None:
    def write() -> None:
        with database.read() as connection:
            journal.append(connection, "default", [arrival(b"x")])

    with pytest.raises(MirrorError, match=r"cannot be written"):
        write()
    assert everything(database) == []
