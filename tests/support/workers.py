"""Work that goes on beside other work on the same database: appending, and applying."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from mirror.core.rules import Rules
from mirror.errors import LeaseLost
from mirror.store.engine import Database
from mirror.sync.apply import Applier
from tests.properties.feeds import Arrival
from tests.support.journals import append

Work = Callable[[Database], object]


def applying(
    platform: str, rules: Rules, *, times: int = 12, batch: int = 5, generation: int | None = None
) -> Work:
    """An applier that goes on whoever else takes over."""

    def work(database: Database) -> None:
        applier = Applier(database, platform, rules, batch=batch, generation=generation)
        for _ in range(times):
            with suppress(LeaseLost):
                applier.run_once()

    return work


def appending(platform: str, feed: Sequence[Arrival], each: int = 7) -> Work:
    """Journals a feed, some deliveries at a time."""

    def work(database: Database) -> None:
        for start in range(0, len(feed), each):
            append(database, platform, feed[start : start + each])

    return work


def at_once(database: Database, *works: Work) -> list[BaseException]:
    """Do all of it in threads of their own; return what they raised."""
    raised: list[BaseException] = []

    def run(work: Work) -> None:
        try:
            work(database)
        except BaseException as error:  # noqa: BLE001 - it is the test's to judge
            raised.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised
