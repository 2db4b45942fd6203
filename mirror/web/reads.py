"""Reads run in a few threads of their own, each in a short transaction, never on the event loop.

So many wait for a thread at most; whoever comes then is told to come again, and callbacks go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import TypeVar

from mirror.store.queries import Connection
from mirror.web.problems import Problem

THREADS = 4
WAITING = 200
"""Reads that may wait for a thread."""

T = TypeVar("T")


class Reads:
    """Where everything on the web gets its rows; `read` opens a transaction that sees one moment."""

    def __init__(
        self,
        read: Callable[[], AbstractContextManager[Connection]],
        threads: int = THREADS,
        waiting: int = WAITING,
    ) -> None:
        self._read = read
        self._most = threads + waiting
        self._open = 0
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="read")

    async def ask(self, question: Callable[[Connection], T]) -> T:
        """What `question` finds in one transaction. Raises what it does, and Problem 503."""

        def asked() -> T:
            with self._read() as connection:
                return question(connection)

        return await self.run(asked)

    async def run(self, work: Callable[[], T]) -> T:
        """Lets a thread do it. Raises what it does, and Problem 503 if too many wait."""
        if self._open >= self._most:
            raise Problem(
                503, "Too many are reading at once. Try again.", headers={"Retry-After": "1"}
            )
        self._open += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._open -= 1

    def close(self) -> None:
        """Lets running reads end, and takes no others."""
        self._pool.shutdown(wait=False, cancel_futures=True)
