"""What is kept about answers that may not have arrived, on every engine."""

from hashlib import sha256

from mirror.core.model import Micros, Seq
from mirror.store import journal, receipts
from mirror.store.engine import Database
from mirror.store.journal import Arrival
from mirror.store.receipts import Receipt


def digest(body: bytes) -> bytes:
    return sha256(body).digest()


def receipt(seq: int, body: bytes, at: int, first: int | None = None, repeats: int = 0) -> Receipt:
    return Receipt(Seq(seq), digest(body), Micros(at), Seq(first or seq), repeats)


def append(database: Database, *arrivals: Arrival) -> None:
    with database.write() as connection:
        journal.append(connection, "default", arrivals)


def callback(body: bytes, at: int, redelivery_of: int | None = None) -> Arrival:
    of = None if redelivery_of is None else Seq(redelivery_of)
    return Arrival(body, Micros(at), "callback", of)


def record(database: Database, *some: Receipt) -> None:
    with database.write() as connection:
        receipts.record_unconfirmed(connection, "default", some)


def confirm(database: Database, seq: int) -> None:
    with database.write() as connection:
        receipts.advance_confirmed(connection, "default", Seq(seq))


def load(database: Database, since: int = 0) -> list[Receipt]:
    with database.read() as connection:
        return receipts.load_recent(connection, "default", Micros(since))


def test_a_new_platform_has_no_receipts(database: Database) -> None:
    assert load(database) == []


def test_after_a_crash_every_unconfirmed_callback_may_be_repeated(database: Database) -> None:
    append(database, callback(b"a", 1), callback(b"b", 2), callback(b"c", 3))
    confirm(database, 1)
    assert load(database) == [receipt(2, b"b", 2), receipt(3, b"c", 3)]


def test_only_callbacks_are_repeated(database: Database) -> None:
    append(database, callback(b"a", 1), Arrival(b"b", Micros(2), "import"))
    append(database, Arrival(b"c", Micros(3), "reconcile"))
    assert load(database) == [receipt(1, b"a", 1)]


def test_a_recorded_receipt_outlives_the_watermark(database: Database) -> None:
    append(database, callback(b"a", 1), callback(b"b", 2))
    record(database, receipt(1, b"a", 1))
    confirm(database, 2)
    assert load(database) == [receipt(1, b"a", 1)]


def test_a_receipt_is_recorded_once_with_its_last_count(database: Database) -> None:
    append(database, callback(b"a", 1))
    confirm(database, 1)
    record(database, receipt(1, b"a", 1))
    record(database, receipt(1, b"a", 1, repeats=1))
    assert load(database) == [receipt(1, b"a", 1, repeats=1)]
    with database.write() as connection:
        receipts.add_repeat(connection, "default", Seq(1))
        receipts.add_repeat(connection, "default", Seq(7))
    assert load(database) == [receipt(1, b"a", 1, repeats=2)]


def test_repeats_are_counted_from_the_journal_where_nobody_could_record_them(
    database: Database,
) -> None:
    append(database, callback(b"a", 1), callback(b"a", 2, 1), callback(b"a", 3, 1))
    assert load(database) == [
        receipt(1, b"a", 1, repeats=2),
        receipt(2, b"a", 2, first=1, repeats=2),
        receipt(3, b"a", 3, first=1, repeats=2),
    ]


def test_a_recorded_redelivery_and_a_later_one_are_both_counted(database: Database) -> None:
    append(database, callback(b"a", 1), callback(b"a", 2, 1))
    record(database, receipt(1, b"a", 1, repeats=1), receipt(2, b"a", 2, first=1, repeats=1))
    confirm(database, 2)
    append(database, callback(b"a", 3, 1))
    assert [found.repeats for found in load(database)] == [2, 2, 2]


def test_what_is_older_than_the_window_is_left_out(database: Database) -> None:
    append(database, callback(b"a", 1), callback(b"b", 2), callback(b"c", 3))
    record(database, receipt(1, b"a", 1), receipt(2, b"b", 2))
    confirm(database, 2)
    assert load(database, since=2) == [receipt(2, b"b", 2), receipt(3, b"c", 3)]
    assert load(database, since=4) == []


def test_pruned_receipts_are_forgotten(database: Database) -> None:
    append(database, callback(b"a", 1), callback(b"b", 2))
    record(database, receipt(1, b"a", 1), receipt(2, b"b", 2))
    confirm(database, 2)
    with database.write() as connection:
        receipts.prune(connection, "default", Micros(2))
    assert load(database) == [receipt(2, b"b", 2)]


def test_the_watermark_never_goes_back(database: Database) -> None:
    append(database, callback(b"a", 1), callback(b"b", 2))
    confirm(database, 2)
    confirm(database, 1)
    assert load(database) == []


def test_recording_nothing_is_fine(database: Database) -> None:
    record(database)
    assert load(database) == []
