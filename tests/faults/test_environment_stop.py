"""SIGTERM under load: what was answered 200 is kept, nothing is left hanging, and a second one waits for nobody."""

import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tests.faults.loads import unique
from tests.faults.mirrors import Faulted, is_alive
from tests.support.processes import eventually


@contextmanager
def locked(mirror: Faulted) -> Iterator[sqlite3.Connection]:
    """Somebody else writes, so that nothing is answered before they commit."""
    with closing(sqlite3.connect(mirror.file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


@pytest.mark.parametrize(("number", "keep"), [(signal.SIGTERM, False), (signal.SIGINT, True)])
def test_a_stop_under_load_keeps_what_was_answered_and_ends_well(
    mirror: Faulted, number: signal.Signals, keep: bool
) -> None:
    client = mirror.client(connections=8, retries=0, patience=0, keep=keep)
    with mirror.serving() as server, client.posting(unique(3_000)):
        assert eventually(lambda: len(client.acknowledged) > 100)
        applier = server.applier_pid
        server.process.send_signal(number)
        assert server.process.wait(20) == 0, mirror.log_text()
        client.stop()
    # Whatever was not acknowledged was refused, cut off, or never sent.
    statuses = {status for operation in client.operations for status in operation.statuses}
    assert statuses <= {0, 200, 503}
    assert applier is not None
    assert not is_alive(applier)
    assert "Stopped" in mirror.log_text()
    assert "Traceback" not in mirror.log_text()
    # All that is in the journal was applied before the end.
    mirror.judge(applied="before everything was applied" not in mirror.log_text()).check()


def test_what_waits_for_its_commit_at_the_stop_is_answered(mirror: Faulted) -> None:
    client = mirror.client(connections=6, retries=0, patience=0)
    with mirror.serving() as server:
        client.post(unique(1)[0])
        with locked(mirror) as other, client.posting(unique(7)[1:]):
            assert eventually(lambda: len(client.operations) == 7)
            time.sleep(0.3)  # all are sent, none is answered
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            assert server.process.poll() is None
            assert len(client.acknowledged) == 1
            other.execute("COMMIT")
            assert server.process.wait(20) == 0, mirror.log_text()
    assert len(client.acknowledged) == 7
    mirror.judge().check()


@pytest.mark.parametrize(
    ("number", "answered"), [(signal.SIGTERM, False), (signal.SIGTERM, True), (signal.SIGINT, True)]
)
def test_a_second_signal_waits_for_nobody_and_loses_nothing(
    mirror: Faulted, number: signal.Signals, answered: bool
) -> None:
    """Whether it finds requests that wait for their answer, or what was answered being applied."""
    client = mirror.client(connections=4, retries=0, patience=0)
    with mirror.serving() as server:
        client.post(*unique(20))
        with locked(mirror), client.posting(() if answered else unique(24)[20:]):
            time.sleep(0.3)
            server.process.send_signal(number)
            time.sleep(0.3)
            assert server.process.poll() is None
            server.process.send_signal(number)
            # What it waits for does not come: the lock is still held.
            assert server.process.wait(20) == -number, mirror.log_text()
            client.stop()
        assert len(client.acknowledged) == 20
    assert "Stopped" not in mirror.log_text()
    with mirror.serving() as server:
        mirror.client().post(unique(25)[24])
        server.stop()
    mirror.judge().check()
