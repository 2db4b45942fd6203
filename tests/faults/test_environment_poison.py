"""Deliveries on which a rule fails, at any place of a batch: each is put aside, alone, live and in a rebuild."""

import os
import signal
from contextlib import closing
from functools import partial

import pytest

from mirror.core.model import Seq
from mirror.store import journal, sqlite
from tests.faults.environment import Conditions
from tests.faults.loads import unique
from tests.faults.mirrors import Faulted
from tests.naive.model import NaiveMirror
from tests.support.database_rows import Row, database_rows
from tests.support.naive_rows import naive_rows
from tests.support.processes import eventually

BATCH = 20
COUNT = 3 * BATCH


def quarantined(mirror: Faulted) -> dict[int, str]:
    """What was put aside, and why."""
    with mirror.reading() as connection:
        found = connection.exec_driver_sql(
            "SELECT seq, detail FROM outcomes JOIN platforms USING (platform, generation) "
            "WHERE outcome = 'quarantined'"
        )
        return {row.seq: row.detail for row in found}


def shown(mirror: Faulted) -> dict[str, set[Row]]:
    with mirror.reading() as connection:
        return database_rows(connection, "default")


def expected(mirror: Faulted, poison: set[int]) -> dict[str, set[Row]]:
    """What the naive model makes of the journal, if nobody can read the poison."""
    naive = NaiveMirror()
    with mirror.reading() as connection:
        rows = journal.read(connection, "default", Seq(0), COUNT)
    for row in rows:
        body = b"poison" if row.seq in poison else row.body
        naive.deliver(body, row.received_at, row.source, row.redelivery_of)
    return naive_rows(naive)


def check(mirror: Faulted, poison: set[int]) -> None:
    found = quarantined(mirror)
    assert set(found) == poison
    for detail in found.values():
        assert detail.startswith("Poisoned: no such luck (raised in ")
        assert detail.endswith(")")
    assert shown(mirror) == expected(mirror, poison)
    mirror.run("verify")


def stopped_idle(mirror: Faulted, applier: int) -> bool:
    """Stops an applier that holds no lock; one that does would keep every callback waiting."""
    os.kill(applier, signal.SIGSTOP)
    driver = sqlite.library()
    connection = driver.connect(mirror.folder / "mirror.db", isolation_level=None, timeout=0.2)
    with closing(connection):
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except driver.OperationalError:
            os.kill(applier, signal.SIGCONT)
            return False
    return True


@pytest.mark.parametrize(
    "poison",
    [
        pytest.param({1, BATCH + BATCH // 2, COUNT}, id="first, amid one and last"),
        pytest.param({*range(BATCH, 2 * BATCH + 2)}, id="all of one and its neighbours"),
    ],
)
def test_poison_is_put_aside_alone_live_and_rebuilt(mirror: Faulted, poison: set[int]) -> None:
    conditions = Conditions(mirror)
    conditions.set(poison=",".join(map(str, poison)))
    mirror.tune(keep__MOST=BATCH)
    mirror.set(LOG_LEVEL="debug")
    with mirror.serving() as server:
        assert eventually(lambda: server.applier_pid is not None)
        assert server.applier_pid is not None
        assert eventually(partial(stopped_idle, mirror, server.applier_pid))  # so batches are full
        client = mirror.client()
        client.post(*unique(COUNT))
        os.kill(server.applier_pid, signal.SIGCONT)
        assert eventually(lambda: mirror.applied() == COUNT)
        server.stop()
    assert mirror.log_text().count("Applied 20 deliveries") == 3
    assert all(operation.acknowledged for operation in client.operations)
    check(mirror, poison)
    mirror.run("rebuild")
    check(mirror, poison)
    # A version without the mistake makes good what was put aside.
    conditions.end("poison")
    mirror.run("rebuild")
    assert quarantined(mirror) == {}
    mirror.judge().check()
