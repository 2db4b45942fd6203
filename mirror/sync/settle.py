"""Has what was appended applied: by the applier of a running server, or by this process, if none runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing

from mirror.core.model import Seq
from mirror.core.rules import Rules
from mirror.errors import LeaseLost, Unavailable
from mirror.store import checkpoints, journal
from mirror.store.engine import Database
from mirror.sync.apply import Applier, apply_all
from mirror.sync.calm import calm
from mirror.sync.lock import is_served
from mirror.sync.sinks import Growing

LOOK_EVERY = 0.05
BATCH = 25_000
"""Deliveries a batch, where nobody waits for the first of them."""
SOMEBODY = 2.0
"""Seconds within which a shared engine shows whether another process applies."""
STALLED = 60.0

Progress = Callable[[int], None]


def settle(
    database: Database, platform: str, rules: Rules, progress: Progress = lambda _: None
) -> Seq:
    """Returns when all that is in the journal now is applied; `progress` is told of each part.

    Raises Unavailable if a running server does not get on with it.
    """
    with database.read() as connection:
        head = journal.head(connection, platform)
        done = _applied(database, platform)
    while done < head:
        if is_served(database.url) or _somebody_applies(database, platform, done):
            done = _wait(database, platform, done, progress)
        else:
            done = _apply(database, platform, rules, head - done, progress)
    return head


def backlog(database: Database, platform: str) -> int:
    """How many deliveries are not applied yet."""
    with database.read() as connection:
        head = journal.head(connection, platform)
    return max(0, head - _applied(database, platform))


def _applied(database: Database, platform: str) -> Seq:
    with database.read() as connection:
        checkpoint = checkpoints.current(connection, platform)
    return Seq(0) if checkpoint is None else checkpoint.seq


def _somebody_applies(database: Database, platform: str, done: Seq) -> bool:
    if database.dialect == "sqlite":
        return False  # there, the lock tells
    deadline = time.monotonic() + SOMEBODY
    while time.monotonic() < deadline:
        if _applied(database, platform) > done:
            return True
        time.sleep(LOOK_EVERY)
    return False


def _wait(database: Database, platform: str, done: Seq, progress: Progress) -> Seq:
    """Waits until another process has applied some more, or is gone."""
    deadline = time.monotonic() + STALLED
    while time.monotonic() < deadline:
        now = _applied(database, platform)
        if now > done:
            progress(now - done)
            return now
        if database.dialect == "sqlite" and not is_served(database.url):
            return done
        time.sleep(LOOK_EVERY)
    raise Unavailable(
        f"The running server has applied nothing of platform '{platform}' for {STALLED:.0f} s, "
        f"from delivery {done + 1} on: see to its log. Everything is in the journal."
    )


def _apply(
    database: Database, platform: str, rules: Rules, expected: int, progress: Progress
) -> Seq:
    with calm(), closing(Growing(database, expected=expected)) as sink:
        applier = Applier(database, platform, rules, batch=BATCH, sink=sink)
        try:
            apply_all(applier, progress=progress)
        except LeaseLost:
            # A server was started meanwhile, or a rebuild.
            return _applied(database, platform)
        return applier.seq
