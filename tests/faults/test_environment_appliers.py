"""Two appliers, of which one falls asleep and wakes after the other has done its work: it writes nothing."""

import os
import signal
import sqlite3
from contextlib import closing, suppress
from typing import Any

import pytest

from mirror.core.rules import Rules
from mirror.errors import DatabaseUnavailable
from mirror.store.engine import Database, open_database
from mirror.sync.apply import Applier, apply_all
from tests.faults.environment import Conditions, is_asleep
from tests.faults.loads import unique
from tests.faults.mirrors import Faulted, Serving
from tests.support.processes import eventually

STATE = ("changes", "outcomes", "classes", "materials", "doubts", "checkpoints")


@pytest.fixture
def conditions(mirror: Faulted) -> Conditions:
    return Conditions(mirror)


def applier_of(server: Serving) -> int:
    assert server.applier_pid is not None
    return server.applier_pid


def rows(mirror: Faulted) -> dict[str, list[Any]]:
    """All rows of the tables that an applier writes."""
    with closing(sqlite3.connect(f"file:{mirror.file}?mode=ro", uri=True)) as connection:
        return {
            table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr)  # noqa: S608
            for table in STATE
        }


def opened(mirror: Faulted, busy_timeout: float = 10.0) -> closing[Database]:
    return closing(
        open_database(f"sqlite:///{mirror.file}", create=False, busy_timeout=busy_timeout)
    )


def all_applied(mirror: Faulted) -> bool:
    return mirror.applied() == len(mirror.bodies())


def test_an_applier_that_slept_past_the_others_claim_writes_nothing(
    mirror: Faulted, conditions: Conditions
) -> None:
    bodies = unique(120)
    with mirror.serving() as server:
        client = mirror.client()
        client.post_all(bodies[:40])
        assert eventually(lambda: all_applied(mirror))
        conditions.set(asleep="before")
        client.post_all(bodies[40:80])
        asleep = applier_of(server)
        assert eventually(lambda: is_asleep(asleep))
        assert mirror.applied() == 40
        with opened(mirror) as database:
            assert apply_all(Applier(database, "default", Rules())) == 40
        done = rows(mirror)
        os.kill(asleep, signal.SIGCONT)
        assert eventually(lambda: "nothing was written here" in mirror.log_text())
        assert rows(mirror) == done
        client.post_all(bodies[80:])
        assert eventually(lambda: all_applied(mirror))
        assert applier_of(server) == asleep  # it goes on from what the other one wrote
        server.stop()
    mirror.judge().check()


def test_while_an_applier_sleeps_amid_its_transaction_the_other_waits_and_writes_nothing(
    mirror: Faulted, conditions: Conditions
) -> None:
    bodies = unique(80)
    with mirror.serving() as server:
        client = mirror.client()
        client.post_all(bodies[:40])
        assert eventually(lambda: all_applied(mirror))
        before = rows(mirror)
        conditions.set(asleep="within")
        client.post_all(bodies[40:41])
        asleep = applier_of(server)
        assert eventually(lambda: is_asleep(asleep))
        with (
            pytest.raises(DatabaseUnavailable, match="is locked"),
            opened(mirror, busy_timeout=0.2),
        ):
            pass
        assert rows(mirror) == before
        os.kill(asleep, signal.SIGCONT)
        client.post_all(bodies[41:])
        assert eventually(lambda: all_applied(mirror))
        server.stop()
    mirror.judge().check()


def test_an_applier_put_to_sleep_anywhere_again_and_again_beside_another_doubles_nothing(
    mirror: Faulted,
) -> None:
    bodies = unique(300)
    with mirror.serving() as server:
        client = mirror.client()
        client.post_all(bodies[:10])
        assert eventually(lambda: all_applied(mirror))
        asleep = applier_of(server)
        for start in range(10, 300, 29):
            client.post_all(bodies[start : start + 29])
            os.kill(asleep, signal.SIGSTOP)
            # Wherever it sleeps: it may hold the lock, or be far behind.
            with suppress(DatabaseUnavailable), opened(mirror, busy_timeout=0.1) as database:
                apply_all(Applier(database, "default", Rules()))
            os.kill(asleep, signal.SIGCONT)
        assert eventually(lambda: all_applied(mirror))
        server.stop()
    mirror.judge().check()
