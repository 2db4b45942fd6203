"""Moves SQLite's write-ahead log into the database file, so that commits need not stop to do it.

A commit is in the log; moving it costs two flushes and many writes. While somebody reads or writes
all the time the log cannot start anew by itself, so a long one is emptied while writers wait.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from mirror.store import sqlite
from mirror.store.failures import translated

ENOUGH = 1_000
"""Pages in the log that are worth being moved."""
LONG = 16_000
"""Pages of a log that starts anew though writers have to wait for it, some milliseconds."""
WAIT = 0.1
"""Seconds that writers wait at most, then for readers to be done with the log."""


class Log:
    """The log of one SQLite file. Not thread-safe, but for `close`, which may follow anything."""

    def __init__(self, url: str) -> None:
        """Takes a database URL; `is_movable` tells whether this is for it."""
        parsed = sa.make_url(url)
        self._name = parsed.render_as_string(hide_password=True)
        self._driver = sqlite.library()
        self.is_movable = parsed.get_backend_name() == "sqlite" and sqlite.is_sound(self._driver)
        self._url = parsed
        self._connection: Any = None
        self.pages = 0
        """Pages in the log, as of the last look."""

    def tidy(self) -> bool:
        """Moves what is worth it; whether anything was. Raises MirrorError, `is_final` perhaps."""
        with translated(self._name):
            self.pages, moved = self._checkpoint("NOOP")
            if self.pages - moved >= ENOUGH:
                self.pages, moved = self._checkpoint("PASSIVE")
                if self.pages >= LONG:
                    self._checkpoint("RESTART")
                return True
            return False

    def close(self) -> None:
        """Closes the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _checkpoint(self, mode: str) -> tuple[int, int]:
        """The pages in the log, and how many of them the database has by now."""
        statement = f"PRAGMA wal_checkpoint({mode})"
        try:
            if self._connection is None:
                path = sqlite.file_of(self._url, create=False)
                self._connection = sqlite.connect(self._driver, path, WAIT)
            _, pages, moved = self._connection.execute(statement).fetchone()
        except self._driver.Error as error:
            raise sa.exc.DBAPIError(statement, None, error) from error
        return pages, moved
