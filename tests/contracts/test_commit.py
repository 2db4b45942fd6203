"""One transaction for many posts: tokens are checked in it, redeliveries decided in it."""

import pytest

from mirror.core.model import Micros, Seq
from mirror.errors import DatabaseUnavailable, MirrorError
from mirror.store import journal, platforms, receipts
from mirror.store.engine import Database
from mirror.store.journal import Arrival
from mirror.sync.commit import Answer, Committer, Post

WINDOW = 600_000_000


def token(database: Database, platform: str = "default") -> bytes:
    with database.write() as connection:
        made = platforms.rotate(connection, platform, now=database.now(connection))
    return platforms.digest_of(made)


def post(key: bytes, body: bytes = b"{}", platform: str = "default") -> Post:
    return Post(platform, key, body)


def rows(database: Database, platform: str = "default") -> list[tuple[bytes, Seq | None]]:
    with database.read() as connection:
        found = journal.read(connection, platform, Seq(0), 1000)
    return [(row.body, row.redelivery_of) for row in found]


def confirmed(database: Database) -> int:
    with database.read() as connection:
        return journal.head_of(connection, "default").confirmed_seq


@pytest.fixture
def key(database: Database) -> bytes:
    return token(database)


def test_posts_are_appended_in_order_and_get_their_seqs(database: Database, key: bytes) -> None:
    with database.write() as connection:
        platforms.add(connection, "studio", now=Micros(0))
    other = token(database, "studio")
    committer = Committer(database, WINDOW)
    seqs = committer.commit(
        [post(key, b"a"), post(other, b"b", "studio"), post(key, b"c"), post(other, b"d", "studio")]
    )
    assert seqs == [1, 1, 2, 2]
    assert rows(database) == [(b"a", None), (b"c", None)]
    assert rows(database, "studio") == [(b"b", None), (b"d", None)]


def test_a_token_opens_its_own_platform_until_it_is_revoked(database: Database, key: bytes) -> None:
    with database.write() as connection:
        platforms.add(connection, "studio", now=Micros(0))
    committer = Committer(database, WINDOW)
    assert committer.commit([post(key), post(key, platform="studio"), post(b"?")]) == [
        1,
        None,
        None,
    ]
    newer = token(database)
    assert committer.commit([post(key, b"a"), post(newer, b"b")]) == [2, 3]
    with database.write() as connection:
        platforms.revoke(connection, "default")
    assert committer.commit([post(key, b"c"), post(newer, b"d")]) == [None, 4]
    with database.write() as connection:
        platforms.remove(connection, "default", now=Micros(0))
    assert committer.commit([post(newer, b"e")]) == [None]


def test_the_use_of_a_token_is_noted(database: Database, key: bytes) -> None:
    Committer(database, WINDOW).commit([post(key)])
    with database.read() as connection:
        (used,) = platforms.resolve(connection, "default").tokens
        head = journal.head_of(connection, "default")
    assert used.last_used_at == head.last_received_at


def test_equal_bodies_in_one_batch_are_redeliveries_of_the_first(
    database: Database, key: bytes
) -> None:
    committer = Committer(database, WINDOW)
    posts = [post(key, b"a"), post(key, b"b"), *(post(key, b"a") for _ in range(4))]
    assert committer.commit(posts) == [1, 2, 3, 4, 5, 6]
    assert [repeats for _, repeats in rows(database)] == [None, None, 1, 1, 1, None]


def test_an_answer_that_arrived_ends_the_wait_for_redeliveries(
    database: Database, key: bytes
) -> None:
    committer = Committer(database, WINDOW)
    for arrived in (True, False, True):
        (seq,) = committer.commit([post(key)])
        assert seq is not None
        committer.note(Answer("default", seq, arrived))
    assert [repeats for _, repeats in rows(database)] == [None, None, 2]


def test_what_is_known_of_answers_survives_a_restart(database: Database, key: bytes) -> None:
    before = Committer(database, WINDOW)
    for number, arrived in enumerate((True, False, True), start=1):
        before.commit([post(key, b"%d" % number)])
        before.note(Answer("default", Seq(number), arrived))
    open_before = before.has_open_answers
    before.flush()
    assert (open_before, before.has_open_answers) == (True, False)
    before.commit([post(key, b"4")])  # not answered when the process dies
    assert confirmed(database) == 3
    after = Committer(database, WINDOW)
    after.commit([post(key, b"%d" % number) for number in (1, 2, 3, 4)])
    assert [repeats for _, repeats in rows(database)][4:] == [None, 2, None, 4]


def test_answers_from_before_the_window_are_forgotten_in_the_database_too(
    database: Database, key: bytes
) -> None:
    with database.write() as connection:
        journal.append(connection, "default", [Arrival(b"{}", Micros(0))])
        receipts.record_unconfirmed(
            connection, "default", [receipts.Receipt(Seq(1), b"d" * 32, Micros(0), Seq(1))]
        )
    Committer(database, WINDOW).commit([post(key)])
    assert rows(database) == [(b"{}", None), (b"{}", None)]
    with database.read() as connection:
        assert receipts.load_recent(connection, "default", Micros(0))[0].seq == 2


def test_a_clock_that_is_set_neither_ends_a_receipt_nor_brings_one_back(
    database: Database, key: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, steady = [1_700_000_000_000_000], [0]
    monkeypatch.setattr(Database, "now", lambda *_: Micros(clock[0]))

    def arrives(committer: Committer, body: bytes, *, after: int, clock_set_by: int = 0) -> Seq:
        steady[0] += after
        clock[0] += after + clock_set_by
        (seq,) = committer.commit([post(key, body)])
        assert seq is not None
        return seq

    def started() -> Committer:
        return Committer(database, WINDOW, steady=lambda: Micros(steady[0]))

    before = started()
    hour, day = 3_600_000_000, 86_400_000_000
    arrives(before, b"a", after=1)
    arrives(before, b"a", after=5, clock_set_by=day)
    arrives(before, b"a", after=5, clock_set_by=-hour)
    arrives(before, b"a", after=WINDOW + 1)  # a new event, whatever the clock says
    assert [repeats for _, repeats in rows(database)] == [None, 1, 1, None]
    arrives(before, b"b", after=1)
    before.note(Answer("default", Seq(4), arrived=True))
    before.note(Answer("default", Seq(5), arrived=False))
    clock[0] -= hour
    before.flush()
    clock[0] -= hour
    after = started()
    arrives(after, b"b", after=1)
    arrives(after, b"b", after=WINDOW + 1)
    assert [repeats for _, repeats in rows(database)][4:] == [None, 5, None]


def test_a_failed_commit_leaves_nothing_and_the_next_one_goes_on(
    database: Database, key: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    committer = Committer(database, WINDOW)
    committer.commit([post(key, b"a")])

    def fail(*_: object) -> None:
        raise DatabaseUnavailable("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(receipts, "advance_confirmed", fail)
        committer.note(Answer("default", Seq(1), arrived=True))
        with pytest.raises(MirrorError, match="full"):
            committer.commit([post(key, b"a"), post(key, b"b"), post(key, b"b")])
    assert rows(database) == [(b"a", None)]
    assert committer.commit([post(key, b"a"), post(key, b"b")]) == [2, 3]
    assert rows(database) == [(b"a", None), (b"a", None), (b"b", None)]


def test_a_commit_that_happened_though_it_seemed_to_fail_is_found_again(
    database: Database, key: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    committer = Committer(database, WINDOW)
    committer.commit([post(key, b"a")])
    committer.note(Answer("default", Seq(1), arrived=True))

    def fail(*_: object) -> None:
        raise DatabaseUnavailable("The connection was lost while committing.")

    with monkeypatch.context() as patch:
        patch.setattr(platforms, "touch", fail)
        with pytest.raises(DatabaseUnavailable):
            committer.commit([post(key, b"b")])
    with database.write() as connection:  # as the server did, before the connection was lost
        journal.append(connection, "default", [Arrival(b"b", database.now(connection))])
    committer.commit([post(key, b"a"), post(key, b"b")])
    assert rows(database)[2:] == [(b"a", None), (b"b", 2)]
