"""Opens SQLite files so that a commit survives power loss, and says so only after reading it back.

The library bundled with `pysqlite3` is preferred: SQLite before 3.51.3 can corrupt a file when two
connections write or checkpoint at the same moment (the WAL-reset bug).
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from mirror.errors import ConfigurationError, DatabaseUnavailable

SOUND = (3, 51, 3)
"""From here on SQLite is free of the WAL-reset bug."""

DURABLE: tuple[tuple[str, str, object], ...] = (
    ("journal_mode", "WAL", "wal"),
    ("synchronous", "FULL", 2),
    *((("fullfsync", "ON", 1),) if sys.platform == "darwin" else ()),  # fsync stops at the cache
)
"""Settings that a commit's durability rests on: name, value, and what it reads back as."""

ORDERED: tuple[tuple[str, str, object], ...] = (
    DURABLE[0],
    ("synchronous", "NORMAL", 1),
    *DURABLE[2:],
)
"""The same for what can be computed anew: a commit is durable with the next one that has to be, or that
moves the log, and never without those before it."""


def library() -> ModuleType:
    """The driver module: pysqlite3 where it is installed, Python's own otherwise."""
    try:
        from pysqlite3 import dbapi2  # noqa: PLC0415 - it has no wheels for some machines
    except ImportError:
        return _binding_fast(sqlite3)
    return _binding_fast(dbapi2)


def _binding_fast(driver: ModuleType) -> ModuleType:
    """Spares the driver a search for how to bind None, bytes and bool: seven times the price of a binding.

    What a program has registered for them itself stays.
    """
    for known in (type(None), bytes, bool):
        driver.adapters.setdefault((known, driver.PrepareProtocol), _same)
    return driver


def _same(value: object) -> object:
    return value


def is_sound(driver: ModuleType) -> bool:
    """Tells whether several connections may write to one file."""
    version: tuple[int, ...] = driver.sqlite_version_info
    return version >= SOUND


def warnings(driver: ModuleType) -> tuple[str, ...]:
    """What an operator should know about the library."""
    if is_sound(driver):
        return ()
    warning = (
        f"SQLite {driver.sqlite_version} can, rarely, corrupt a database that two connections "
        "write at once (fixed in 3.51.3). Install pysqlite3, or a Python with a newer SQLite; "
        "until then let a single process write."
    )
    return (warning,)


def file_of(url: sa.URL, *, create: bool) -> Path:
    """The file that `url` names. Raises unless it exists or may be created."""
    if not url.database or url.database == ":memory:":
        raise ConfigurationError(
            "A database in memory would lose what was acknowledged: name a file, "
            "as in sqlite:///mirror.db."
        )
    if url.query:
        raise ConfigurationError(
            f"Database {url.database}: parameters after `?` are not supported; name the file only."
        )
    path = Path(url.database).absolute()
    if path.as_posix().startswith("//"):  # a slash too many; in a URI, what follows would be a host
        path = Path("/" + path.as_posix().lstrip("/"))
    if path.is_dir():
        raise DatabaseUnavailable(f"Database {path} is a directory: name a file in it.")
    if not path.exists():
        if not create:
            raise DatabaseUnavailable(
                f"Database {path} does not exist: see to the name, or let `mirror serve` create it."
            )
        if not path.parent.is_dir():
            raise DatabaseUnavailable(
                f"Database {path} cannot be created: its directory does not exist. Create it first."
            )
    return path


def make_engine(
    url: sa.URL,
    driver: ModuleType,
    path: Path,
    busy_timeout: float,
    mode: str,
    *,
    replayable: bool = False,
) -> sa.Engine:
    """An engine whose transactions begin at once: for writing in modes `rw` and `rwc`, else `ro`.

    There is one writing connection for each process, since SQLite has one writer at a time anyway:
    threads wait for it in the pool, which is fair, and not in SQLite's busy handler, which is not.
    Raises DatabaseUnavailable for a read-only file: SQLite would fail at the first row only.
    """
    writes = mode != "ro"
    if writes and path.exists() and not os.access(path, os.W_OK):
        raise DatabaseUnavailable(
            f"Database {path} cannot be written: the file is read-only. "
            "See to its permissions, and to how its disk is mounted."
        )
    engine = sa.create_engine(
        url,
        module=driver,
        creator=_connector(driver, path, busy_timeout, mode, replayable=replayable),
        poolclass=sa.QueuePool,
        pool_size=1 if writes else 4,
        max_overflow=0 if writes else 28,
        pool_timeout=busy_timeout,
        pool_reset_on_return="rollback",
    )
    # The driver begins nothing by itself (isolation_level=None), so that a write can take its lock
    # at once: a deferred transaction that turns to writing fails where it could have waited.
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"

    @sa.event.listens_for(engine, "begin")
    def take_over(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _connector(
    driver: ModuleType, path: Path, busy_timeout: float, mode: str, *, replayable: bool = False
) -> Callable[[], Any]:
    # No power-safe overwrite: when the power goes amid the next commit, its first sector may be
    # neither old nor new. So each commit fills its last sector, which no other then writes to.
    uri = f"file:{quote(path.as_posix())}?mode={mode}&psow=0"

    def connect() -> Any:  # noqa: ANN401 - the drivers share no type
        connection = driver.connect(
            uri,
            uri=True,
            timeout=busy_timeout,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
        try:
            _prepare(connection, path, writes=mode != "ro", replayable=replayable)
        except BaseException:
            connection.close()
            raise
        return connection

    return connect


def connect(driver: ModuleType, path: Path, busy_timeout: float) -> Any:  # noqa: ANN401 - see above
    """A connection of the driver's own, to write with."""
    return _connector(driver, path, busy_timeout, "rw")()


def _prepare(  # see above
    connection: Any,  # noqa: ANN401
    path: Path,
    *,
    writes: bool,
    replayable: bool,
) -> None:
    """Sets what durability rests on and reads it back, for SQLite ignores what it cannot do."""
    if writes:
        for setting in ORDERED if replayable else DURABLE:
            _insist(connection, path, *setting)
        connection.execute(f"PRAGMA journal_size_limit = {64 << 20}")
        if is_sound(library()):
            # A commit should not stop to move the log. `wal.Log` does it beside a server; this is
            # for where there is none.
            connection.execute("PRAGMA wal_autocheckpoint = 16000")
    else:
        _insist(connection, path, "query_only", "ON", 1)
    _insist(connection, path, "foreign_keys", "ON", 1)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute(f"PRAGMA cache_size = -{128 << 10 if writes else 16 << 10}")
    # No mmap: an I/O error beneath it is a signal that ends the process, not an error that is told.
    connection.execute("PRAGMA mmap_size = 0")


def _insist(connection: Any, path: Path, name: str, value: str, effect: object) -> None:  # noqa: ANN401
    connection.execute(f"PRAGMA {name} = {value}")
    found = connection.execute(f"PRAGMA {name}").fetchone()[0]
    if found != effect:
        raise DatabaseUnavailable(
            f"Database {path}: {name} is {found!r} where {value} is needed to keep what is "
            "acknowledged. A file on a local disk can do it; network file systems may not."
        )
