"""Lets processes of the nursery run in an environment that the test changes.

`CONDITIONS` names a folder. Each file in it is a condition, read whenever it matters, so that it may
change while a server runs:

    clock    microseconds by which the clock is wrong
    pages    how many pages the database may have at most (`PRAGMA max_page_count`)
    poison   seqs, with commas between, of deliveries on which a rule fails
    schema   a folder with the migrations of a newer version; read at the start
    asleep   `before` or `within`: the next applier that writes falls asleep (SIGSTOP) before its
             transaction, or within it; this file is removed then
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mirror.core import fold as folding
from mirror.core.events import Event
from mirror.core.library import Library
from mirror.core.model import Micros
from mirror.core.transitions import decide
from mirror.store import migrate
from mirror.store.engine import Database, Speaker
from mirror.store.net import Net
from mirror.store.writes import Batch
from mirror.sync.apply import Applier

FOLDER = "CONDITIONS"
NEWER = "9999"
"""The newest revision of the newer version."""
MOST_PAGES = 1 << 30


class Poisoned(RuntimeError):
    """What a rule with a bug raises."""


def condition(name: str) -> str:
    """What stands in a condition's file; nothing, if it is not set."""
    try:
        return (Path(os.environ[FOLDER]) / name).read_text()
    except FileNotFoundError:
        return ""


def install() -> None:
    """Lets the conditions hold in this process."""
    folding.decide = failing  # type: ignore[attr-defined] # imported there, and called from there
    _install_clock()
    _install_pages()
    _install_sleep()
    if newer := condition("schema"):
        migrate.HEAD = NEWER
        migrate.scripts = lambda: Path(newer)


def failing(library: Library, event: Event) -> str | None:
    """Does all that the rules do, and then fails on what is poison."""
    remark = decide(library, event)
    if str(library.seq) in condition("poison").split(","):
        raise Poisoned("no such luck")
    return remark


def _install_clock() -> None:
    right = Database.now

    def now(self: Database, connection: Speaker) -> Micros:
        return Micros(right(self, connection) + int(condition("clock") or 0))

    Database.now = now  # type: ignore[method-assign] # from outside, on purpose


def _install_pages() -> None:
    for name in ("write", "write_driven"):
        setattr(Database, name, _with_pages(getattr(Database, name)))


def _with_pages(plain: Callable[[Database], Any]) -> Callable[[Database], Any]:
    @contextmanager
    def write(self: Database) -> Iterator[Any]:
        with plain(self) as connection:
            pages = int(condition("pages") or MOST_PAGES)
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            yield connection

    return write


def _install_sleep() -> None:
    fold, write = Applier._fold, Batch.write

    def fold_and_sleep(self: Applier, *arguments: Any) -> Any:  # noqa: ANN401 - handed on
        verdicts = fold(self, *arguments)
        if verdicts:
            _sleep("before")
        return verdicts

    def write_and_sleep(self: Batch, made: Net) -> None:
        write(self, made)
        _sleep("within")

    # From outside, on purpose.
    Applier._fold = fold_and_sleep  # type: ignore[method-assign, assignment]
    Batch.write = write_and_sleep  # type: ignore[method-assign]


def _sleep(where: str) -> None:
    if condition("asleep") == where:
        (Path(os.environ[FOLDER]) / "asleep").unlink()
        os.kill(os.getpid(), signal.SIGSTOP)
