"""Runs of several workers on one database, one transaction at a time, in an order that a test decides.

Transactions are all that workers share, so an order of transactions is all that can differ between
two runs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from mirror.store.engine import Database

PATIENCE = 20.0
"""Seconds after which a worker that should have come to its next transaction hangs."""


class StepDatabase(Database):
    """A database that calls `before(kind)` ahead of each transaction of a worker, `read` or `write`."""

    def __init__(self, database: Database, before: Callable[[str], None]) -> None:
        vars(self).update(vars(database))
        self._before = before

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        self._before("write")
        with super().write() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        self._before("read")
        with super().read() as connection:
            yield connection


def counted(database: Database, work: Callable[[Database], object]) -> int:
    """Do the work; return how many transactions it took."""
    kinds: list[str] = []
    work(StepDatabase(database, kinds.append))
    return len(kinds)


class Stopped(Exception):
    """What ends a worker that a test lets die."""


def dying(database: Database, after: int) -> Database:
    """A database whose user dies after so many transactions."""
    left = after

    def before(_: str) -> None:
        nonlocal left
        if left == 0:
            raise Stopped
        left -= 1

    return StepDatabase(database, before)


class Worker:
    """Work in a thread that stops ahead of each transaction, until told to go on."""

    def __init__(self, database: Database, work: Callable[[Database], object]) -> None:
        self.error: BaseException | None = None
        self.result: object = None
        self.done = False
        self._go = threading.Semaphore(0)
        self._stopped = threading.Semaphore(0)
        self._work = work
        self._database = StepDatabase(database, self._wait)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Go up to the first transaction."""
        self._thread.start()
        self._arrive()

    def step(self) -> None:
        """Do one transaction and go up to the next; nothing, if the work is done."""
        if not self.done:
            self._go.release()
            self._arrive()

    def _wait(self, _: str) -> None:
        self._stopped.release()
        self._go.acquire()

    def _arrive(self) -> None:
        if not self._stopped.acquire(timeout=PATIENCE):
            raise TimeoutError

    def _run(self) -> None:
        try:
            self.result = self._work(self._database)
        except BaseException as error:  # noqa: BLE001 - it is the test's to judge
            self.error = error
        self.done = True
        self._stopped.release()


def interleave(
    database: Database, works: Iterable[Callable[[Database], object]], turns: Iterable[int]
) -> list[Worker]:
    """Let workers take turns by their numbers, then let each go on to its end, the first first."""
    workers = [Worker(database, work) for work in works]
    for worker in workers:
        worker.start()
    for turn in turns:
        workers[turn % len(workers)].step()
    for worker in workers:
        while not worker.done:
            worker.step()
    return workers
