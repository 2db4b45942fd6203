"""Reads wait their turn in a few threads, and too many are sent away."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mirror.store.engine import Database
from mirror.store.queries import Connection
from mirror.web.problems import Problem
from mirror.web.reads import Reads


def test_a_read_sees_one_moment_in_a_thread_of_its_own(database: Database) -> None:
    reads = Reads(database.read)

    def question(connection: Connection) -> tuple[int, str]:
        one: int = connection.exec_driver_sql("SELECT 1").scalar_one()
        return one, threading.current_thread().name

    answer, name = asyncio.run(reads.ask(question))
    assert answer == 1
    assert name.startswith("read")
    reads.close()


def test_who_is_one_too_many_is_told_to_come_again() -> None:
    go_on = threading.Event()

    @contextmanager
    def slow() -> Iterator[Connection]:
        go_on.wait(10)
        yield None  # type: ignore[misc] # nobody looks at it

    async def asked() -> None:
        reads = Reads(slow, threads=1, waiting=1)
        waiting = [asyncio.create_task(reads.ask(lambda _: "done")) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Problem) as refused:
            await reads.ask(lambda _: "never")
        assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "1"})
        go_on.set()
        assert await asyncio.gather(*waiting) == ["done", "done"]
        assert await reads.ask(lambda _: "again") == "again"
        reads.close()

    asyncio.run(asked())
