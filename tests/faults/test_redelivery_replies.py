"""Replies that come late, to nobody or not at all: the platform repeats, and what it repeats changes nothing."""

import socket
import sqlite3
import struct
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from mirror.core.model import Seq
from mirror.store import journal
from tests.faults.child import Fault
from tests.faults.client import Operation
from tests.faults.loads import unique
from tests.faults.mirrors import Faulted
from tests.naive import bodies
from tests.naive.model import NaiveMirror
from tests.support.database_rows import database_rows
from tests.support.naive_rows import naive_rows
from tests.support.processes import eventually

NOTHING = b'{"EventType":"Nothing.Happened"}'
RESETS = struct.pack("ii", 1, 0)  # SO_LINGER: closing resets the connection


@contextmanager
def stuck(mirror: Faulted) -> Iterator[sqlite3.Connection]:
    """Until this commits nothing else can be, and so nothing is answered."""
    with closing(sqlite3.connect(mirror.file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


def repeats(mirror: Faulted) -> list[Seq | None]:
    with mirror.reading() as connection:
        return [row.redelivery_of for row in journal.read(connection, "default", Seq(0), 1_000_000)]


def check(mirror: Faulted) -> None:
    """Every promise holds, and the rows are as if each event had come once."""
    mirror.judge().check()
    naive = NaiveMirror()
    with mirror.reading() as connection:
        for row in journal.read(connection, "default", Seq(0), 1_000_000):
            body = row.body if row.redelivery_of is None else NOTHING
            naive.deliver(body, row.received_at, row.source)
        assert database_rows(connection, "default") == naive_rows(naive)


def test_what_is_repeated_because_the_reply_was_slow_changes_nothing(mirror: Faulted) -> None:
    mirror.set(CONFIRM_LIMIT="200ms")
    late = unique(40)
    client = mirror.client(connections=20, timeout=1.0)
    with mirror.serving() as server:
        for some in (late[:20], late[20:]):
            with stuck(mirror) as other, client.posting(some):
                time.sleep(1.4)
                other.execute("COMMIT")
        server.stop()
    assert client.failed == []
    assert all(operation.attempts > 1 for operation in client.operations)
    assert len(repeats(mirror)) >= 80
    check(mirror)


@pytest.mark.parametrize("abruptly", [False, True])
def test_what_is_repeated_by_a_platform_that_hung_up_changes_nothing(
    mirror: Faulted, abruptly: bool
) -> None:
    client = mirror.client()
    hung_up = unique(24)
    with mirror.serving() as server:
        for start in range(0, 24, 8):
            some = hung_up[start : start + 8]
            with stuck(mirror):
                for body in some:
                    hang_up(mirror, body, abruptly=abruptly)
                time.sleep(0.1)
            assert eventually(lambda end=start + 8: len(set(mirror.bodies())) == end)  # type: ignore[misc]
            client.post(*some)
        server.stop()
    assert repeats(mirror).count(None) == 24
    assert len(repeats(mirror)) == 48
    for operation in client.operations:
        operation.statuses.insert(0, 0)  # the attempt that hung up
    check(mirror)


def hang_up(mirror: Faulted, body: bytes, *, abruptly: bool) -> None:
    """Sends a whole request and leaves, without a word or with a reset."""
    head = f"POST {mirror.path} HTTP/1.1\r\nHost: mirror\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", mirror.port)) as connection:
        connection.sendall(head.encode() + body)
        time.sleep(0.02)  # so that the request is read before the news that nobody waits
        if abruptly:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)


def test_what_is_repeated_because_the_server_crashed_before_its_reply_changes_nothing(
    mirror: Faulted,
) -> None:
    """It crashes at the event and at each of its three repeats; the one after that is an event."""
    moved = unique(30)[-1]
    with mirror.serving() as server:
        mirror.client().post(*unique(30)[:-1])
        server.stop()
    client = mirror.client(retries=3, patience=20)
    crash = [Fault("receive.after-commit", act="kill", role="receiver")]
    with client.posting([moved]):
        for _ in range(4):
            with mirror.serving(faults=crash, listen=False) as server:
                server.died()
    assert client.operations[-1].statuses == [0, 0, 0, 0]
    assert repeats(mirror)[29:] == [None, 30, 30, 30]
    with mirror.serving() as server:
        mirror.client().post(moved)
        server.stop()
    assert repeats(mirror)[29:] == [None, 30, 30, 30, None]
    check(mirror)


def test_equal_bodies_that_were_each_answered_in_time_apply_each_time(mirror: Faulted) -> None:
    there = bodies.moved(["m-1"], bodies.ANN, "/a", "/b")
    back = bodies.moved(["m-1"], bodies.ANN, "/b", "/a")
    mirror.set(CONFIRM_LIMIT="60s")  # whatever else this machine does
    renamed = [bodies.modified("m-1", name=name) for name in ("one", "two")]
    with mirror.serving() as server:
        mirror.client().post(bodies.uploaded("m-1", bodies.ANN, "/a"))
        others = mirror.client(connections=3)
        with others.posting(unique(400)):
            for number in range(15):
                mirror.client().post(there, renamed[number % 2], back)
            mirror.client().post(there)
        server.stop()
    assert repeats(mirror) == [None] * len(repeats(mirror))
    with mirror.reading() as connection:
        rows = database_rows(connection, "default")
        applied = connection.exec_driver_sql(
            "SELECT count(*) FROM outcomes JOIN platforms USING (platform, generation) "
            "JOIN journal USING (platform, seq) "
            "WHERE outcome = 'applied' AND body IN (?, ?)",
            (there, back),
        ).scalar_one()
    [medium] = [row for row in rows["media"] if row[0] == "m-1"]
    assert (medium[4], medium[5]) == ("/b", "one")
    assert applied == 31
    check(mirror)


def test_an_equal_body_beside_one_that_is_not_answered_yet_is_its_repeat(mirror: Faulted) -> None:
    """Nobody could tell them apart; whoever answers in time, and one after the other, is no repeat."""
    event = unique(1)[0]
    client = mirror.client(connections=4, keep=False)
    with mirror.serving() as server:
        with stuck(mirror) as other, client.posting([event] * 4):
            assert eventually(lambda: len(client.operations) == 4)
            time.sleep(0.3)
            other.execute("COMMIT")
        server.stop()
    found = sorted(repeats(mirror), key=lambda seq: seq or 0)
    # The first may have its answer before the others are looked at; it is no repeat of theirs then.
    assert found in ([None, 1, 1, 1], [None, None, 2, 2])
    answers = [[200] * 4] if found[1] else [[200], [200] * 3]
    mirror.operations[:] = [Operation(event, each) for each in answers]
    check(mirror)
