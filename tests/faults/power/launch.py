"""`mirror` with its durability changed from outside, receiver and applier alike: python -m … COMMAND.

POWER_CHANGES says what is changed, in words. Nothing in `mirror` knows of it.

- `checkpoint=PAGES`: how long SQLite's log grows before a commit moves it into the database
- `tidy=PAGES`: the same for the thread that does so beside a server; at twice that the log begins anew
- `limit=BYTES`: what is left of the log when it begins anew
- `synchronous=NORMAL`, `synchronous=OFF`: commits that are not synced, or nothing at all
- `psow=1`: the belief that a sector which is written to keeps what is not written
- `library=stdlib`: Python's own SQLite
- `batch=DELIVERIES`: how many an import or a rebuild takes in one transaction
- `early`: acknowledges before it commits
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from mirror.store import sqlite, wal
from mirror.sync import beside, lines, rebuild, tidy
from mirror.sync.commit import Committer
from mirror.sync.writer import Writer

CHANGES = "POWER_CHANGES"
EARLY = 0.01
"""Seconds between the answers and the commit, for `early`."""


def change(words: Sequence[str]) -> None:
    """Makes the changes in this process, and in the applier that it may start."""
    for word in words:
        name, _, value = word.partition("=")
        if name == "checkpoint":
            _after_preparing(f"PRAGMA wal_autocheckpoint = {int(value)}")
        elif name == "tidy":
            wal.ENOUGH, wal.LONG, tidy.EVERY = int(value), 2 * int(value), 0.005
        elif name == "limit":
            _after_preparing(f"PRAGMA journal_size_limit = {int(value)}")
        elif name == "synchronous":
            _after_preparing(f"PRAGMA synchronous = {value}")
        elif name == "psow":
            _connect_with("psow=0", word)
        elif word == "library=stdlib":
            sqlite.library = lambda: sqlite3
        elif name == "batch":
            lines.MOST_LINES = rebuild.BATCH = int(value)
            rebuild.NEARLY = 1
        elif word == "early":
            _acknowledge_before_commit()
        else:
            raise ValueError(word)
    here = f"from {__spec__.name} import changed; changed(); "
    beside.BOOT = beside.BOOT.replace("from mirror.sync.beside", here + "from mirror.sync.beside")


def changed() -> None:
    """Makes the changes that the environment names."""
    change(os.environ.get(CHANGES, "").split())


def _after_preparing(pragma: str) -> None:
    prepare = sqlite._prepare

    def more(
        connection: Any,  # noqa: ANN401 - a driver's
        path: Path,
        *,
        writes: bool,
        replayable: bool,
    ) -> None:
        prepare(connection, path, writes=writes, replayable=replayable)
        if writes:
            connection.execute(pragma)

    sqlite._prepare = more


def _connect_with(not_this: str, but_this: str) -> None:
    driver = sqlite.library()
    changed = ModuleType(driver.__name__)

    def connect(address: str, /, **how: object) -> Any:  # noqa: ANN401 - a driver's
        assert not_this in address
        return driver.connect(address.replace(not_this, but_this), **how)

    vars(changed).update(vars(driver), connect=connect)
    sqlite.library = lambda: changed


def _acknowledge_before_commit() -> None:
    """Answers from within the transaction, as its last act."""
    answer: list[Callable[[Any], object]] = []
    touch, hand_out = Committer._touch, Writer._hand_out

    def touched(self: Committer, connection: Any, posts: Any, seqs: Any, now: Any) -> Any:  # noqa: ANN401
        used = touch(self, connection, posts, seqs, now)
        answer.pop()(seqs)
        time.sleep(EARLY)
        return used

    def write(self: Writer, batch: Any) -> None:  # noqa: ANN401
        loop = self._loop
        assert loop is not None
        answer[:] = [lambda seqs: loop.call_soon_threadsafe(hand_out, self, batch, seqs)]
        results = self._commit([waiting.post for waiting in batch])
        if answer:  # it never came to an answer
            loop.call_soon_threadsafe(hand_out, self, batch, results)
        self._on_commit()

    Committer._touch = touched  # type: ignore[method-assign]
    Writer._write = write  # type: ignore[method-assign]


if __name__ == "__main__":
    changed()
    from mirror.cli import main

    main()
