"""The applier beside the receiver: nudged or not, as a thread or a process, it keeps up and ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mirror.core.model import Micros
from mirror.core.rules import Rules
from mirror.errors import DatabaseUnavailable, LeaseLost
from mirror.store import checkpoints, journal, platforms
from mirror.store.engine import Database
from mirror.store.journal import Arrival
from mirror.sync import beside, keep
from mirror.sync.apply import Applier
from mirror.sync.beside import ApplierProcess, ApplierThread, Job
from mirror.sync.keep import Keeper, Orders
from mirror.sync.rebuild import rebuild

BODY = (
    b'{"EventType":"Class.Created","ClassCreatedEvent":'
    b'{"Owner":{"Type":"TEAM","Id":"t"},"ClassPath":"/%d"}}'
)


def append(database: Database, count: int = 1, platform: str = "default") -> None:
    with database.write() as connection:
        head = journal.head(connection, platform)
        bodies = [BODY % (head + n) for n in range(count)]
        now = database.now(connection)
        journal.append(connection, platform, [Arrival(body, now) for body in bodies])


def applied(database: Database, platform: str = "default") -> int:
    with database.read() as connection:
        checkpoint = checkpoints.current(connection, platform)
        return 0 if checkpoint is None else checkpoint.seq


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


Beside = ApplierThread | ApplierProcess


@pytest.fixture(params=["thread", "process"])
def applier(request: pytest.FixtureRequest, database: Database) -> Beside:
    if request.param == "thread":
        return ApplierThread(database, Rules())
    return ApplierProcess(Job(database.url, Rules()))


def test_a_delivery_is_applied_soon_after_a_nudge(applier: Beside, database: Database) -> None:
    append(database)
    applier.start()
    assert eventually(lambda: applied(database) == 1)
    time.sleep(2 * keep.LONGEST)  # until it looks as seldom as it ever does
    append(database)
    applier.nudge()
    started = time.monotonic()
    assert eventually(lambda: applied(database) == 2)
    assert time.monotonic() - started < keep.LONGEST
    assert applier.stop(10)


def test_a_delivery_that_nobody_tells_of_is_applied_too(
    applier: Beside, database: Database
) -> None:
    applier.start()
    with database.write() as connection:
        platforms.add(connection, "studio", now=Micros(0))
    append(database, 3)
    append(database, 2, "studio")
    assert eventually(lambda: applied(database) == 3 and applied(database, "studio") == 2)
    assert applier.stop(10)


def test_stopping_applies_what_there_is(applier: Beside, database: Database) -> None:
    applier.start()
    append(database, 500)
    assert applier.stop(20)
    assert applied(database) == 500


def test_who_was_overtaken_by_a_rebuild_applies_the_rest_before_it_ends(
    database: Database,
) -> None:
    applier = ApplierThread(database, Rules())
    applier.start()
    append(database)
    assert eventually(lambda: applied(database) == 1)
    rebuild(database, "default", Rules())
    append(database)
    assert applier.stop(10)
    assert applied(database) == 2


def test_a_platform_that_fails_is_tried_again_and_the_others_go_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keep, "SETBACK", 0.01)
    with database.write() as connection:
        platforms.add(connection, "studio", now=Micros(0))
    append(database)
    append(database, 1, "studio")
    failures = [RuntimeError("a bug"), LeaseLost("another was first")]
    original = Applier.run_once

    def run_once(self: Applier, **options: None) -> int:
        if self._platform == "default" and failures:
            raise failures.pop()
        return original(self, **options)

    monkeypatch.setattr(Applier, "run_once", run_once)
    orders = Orders()
    keeper = Keeper(database, Rules())
    assert keeper.run_once(orders) == 1
    assert (applied(database), applied(database, "studio")) == (0, 1)
    assert eventually(lambda: bool(keeper.run_once(orders)))
    assert not failures
    assert applied(database) == 1


def test_stopping_does_not_wait_for_the_next_try_of_what_has_failed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(database, 3)
    keeper, orders = Keeper(database, Rules()), Orders()

    def fail(*_: object, **__: object) -> int:
        raise DatabaseUnavailable("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(Applier, "run_once", fail)
        patch.setattr(keep, "SETBACK", 3600.0)
        assert keeper.run_once(orders) == 0
    assert keeper.run_once(orders) == 0
    orders.drain()
    keeper.run(orders)
    assert applied(database) == 3


def test_a_killed_applier_is_started_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "SETBACK", 0.05)
    applier = ApplierProcess(Job(database.url, Rules()))
    applier.start()
    append(database)
    assert eventually(lambda: applied(database) == 1)
    assert applier._process is not None
    os.kill(applier._process.pid, signal.SIGKILL)
    append(database)
    assert eventually(lambda: applied(database) == 2)
    assert applier.stop(10)


def test_an_applier_that_hangs_is_ended_in_the_end(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "PATIENCE", 0.1)
    applier = ApplierProcess(Job(database.url, Rules()))
    applier.start()
    assert applier._process is not None
    os.kill(applier._process.pid, signal.SIGSTOP)
    for _ in range(100_000):
        applier.nudge()  # a full pipe keeps nobody
    started = time.monotonic()
    assert not applier.stop(0.1)
    assert time.monotonic() - started < 5


PARENT = """
import sys, time
from mirror.core.rules import Rules
from mirror.sync.beside import ApplierProcess, Job
applier = ApplierProcess(Job(sys.argv[1], Rules()))
applier.start()
print(applier._process.pid, flush=True)
time.sleep(60)
"""


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_an_applier_whose_receiver_is_killed_ends_by_itself(database: Database) -> None:
    command = [sys.executable, "-c", PARENT, database.url]
    root = Path(__file__).parents[3]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_alive(child)
        parent.kill()
    assert eventually(lambda: not is_alive(child))
