"""Opens a database by its URL and hands out its transactions: one to write in, or one to read in.

What differs between SQLite and PostgreSQL is here and in the modules this one imports. Errors of a
driver leave as `MirrorError`; a transaction that returned from `write` is durable.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy import Connection as Connection  # noqa: PLC0414 - the type that callers pass on

from mirror.core.model import Micros
from mirror.errors import ConfigurationError, SchemaOutdated
from mirror.store import dialects, postgresql, sqlite
from mirror.store.driven import Driven, driven
from mirror.store.failures import translated

DEFAULT_URL = "sqlite:///mirror.db"

Speaker = sa.Connection | Driven
"""What takes statements as the driver spells them: Core's connection, or a transaction without Core."""


class Database:
    """A database as one process uses it; safe to share between threads, not across a fork.

    `name` is the URL without its password, `version` names the engine, `warnings` are sentences
    for an operator. Where `single_writer` holds, no second process should write to it.
    """

    def __init__(
        self,
        url: sa.URL,
        writer: sa.Engine | None,
        reader: sa.Engine,
        *,
        warnings: tuple[str, ...] = (),
        single_writer: bool = False,
    ) -> None:
        self.url = url.render_as_string(hide_password=False)
        self.name = url.render_as_string(hide_password=True)
        self.dialect = url.get_backend_name()
        self.warnings = warnings
        self.single_writer = single_writer
        self.version = ""
        self._schema: str | None = None
        self._writer = writer
        self._reader = reader

    @property
    def read_only(self) -> bool:
        """Opened for reading: `write` raises."""
        return self._writer is None

    def expect(self, schema: str) -> None:
        """From now on `write` raises SchemaOutdated, should the schema become another one."""
        self._schema = schema

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that holds the write lock from its start; committed unless its body raises.

        Raises DatabaseUnavailable, Broken or SchemaOutdated; nothing is written then.
        """
        if self._writer is None:
            raise ConfigurationError(f"Database {self.name} was opened for reading only.")
        with translated(self.name), self._writer.begin() as connection:
            self._insist(connection)
            yield connection

    @contextmanager
    def write_driven(self) -> Iterator[Driven]:
        """As `write`, without Core: cheaper by far, and for what goes through `run` alone."""
        if self._writer is None:
            raise ConfigurationError(f"Database {self.name} was opened for reading only.")
        with translated(self.name), driven(self._writer) as transaction:
            self._insist(transaction)
            yield transaction

    def _insist(self, connection: Speaker) -> None:
        if self._schema is None:
            return
        # A migration waits for the transactions that have read this, and they for it.
        row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").fetchone()
        found = None if row is None else row[0]
        if found != self._schema:
            raise SchemaOutdated(
                f"Database {self.name} has got schema {found}, and this process was started for "
                f"{self._schema}. Start the version of mirror that changed it."
            )

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that sees one moment and can write nothing; keep it short.

        While it lasts, SQLite's log cannot shrink. Raises as `write` does.
        """
        with translated(self.name), self._reader.begin() as connection:
            yield connection

    def now(self, connection: Speaker) -> Micros:
        """Arrival time: this machine's clock on SQLite, the server's on PostgreSQL."""
        if self.dialect == "sqlite":
            return Micros(time.time_ns() // 1000)
        asked = "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint"
        row: Any = connection.exec_driver_sql(asked).fetchone()
        return Micros(row[0])

    def close(self) -> None:
        """Closes every connection; a later use opens new ones."""
        self._reader.dispose()
        if self._writer is not None:
            self._writer.dispose()


def open_database(
    url: str = DEFAULT_URL,
    *,
    create: bool = True,
    read_only: bool = False,
    replayable: bool = False,
    busy_timeout: float = 10.0,
) -> Database:
    """Opens the database at `url` and reaches it once, so that what cannot work fails here.

    A SQLite file is created if `create`; its tables are `migrate.prepare`'s matter. `replayable` is
    for a process that writes state only: on SQLite its commits are in order with all others, but
    durable only with the next of somebody else, since they can be made anew from the journal.
    `busy_timeout` is in seconds: how long a transaction waits for others. Raises ConfigurationError for a URL that
    cannot be meant, DatabaseUnavailable for everything outside.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        database = _open_sqlite(
            parsed, busy_timeout, create=create, read_only=read_only, replayable=replayable
        )
    else:
        database = _open_postgresql(parsed, busy_timeout, read_only=read_only)
    try:
        _reach(database)
    except BaseException:
        database.close()
        raise
    return database


def _parse(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        parsed = None
    if parsed is None or parsed.drivername not in {
        "sqlite",
        "postgres",
        "postgresql",
        "postgresql+psycopg",
    }:
        raise ConfigurationError(
            "The database URL is neither sqlite:///FILE nor postgresql://USER@HOST/NAME."
        )
    if parsed.drivername == "postgres":
        return parsed.set(drivername="postgresql")
    return parsed


def _open_sqlite(
    url: sa.URL, busy_timeout: float, *, create: bool, read_only: bool, replayable: bool
) -> Database:
    driver = sqlite.library()
    path = sqlite.file_of(url, create=create and not read_only)
    writer = None
    if not read_only:
        mode = "rwc" if create else "rw"
        writer = sqlite.make_engine(url, driver, path, busy_timeout, mode, replayable=replayable)
    return Database(
        url,
        writer,
        sqlite.make_engine(url, driver, path, busy_timeout, "ro"),
        warnings=sqlite.warnings(driver),
        single_writer=not sqlite.is_sound(driver),
    )


def _open_postgresql(url: sa.URL, busy_timeout: float, *, read_only: bool) -> Database:
    engine = postgresql.make_engine(url, busy_timeout)
    reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Database(url, None if read_only else engine, reader)


def _reach(database: Database) -> None:
    if not database.read_only:
        with database.write():  # creates a missing SQLite file and puts it into WAL mode
            pass
    with database.read() as connection:
        if database.dialect == "sqlite":
            version = connection.exec_driver_sql("SELECT sqlite_version()").scalar_one()
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
            database.version = f"SQLite {version}"
        else:
            version = connection.exec_driver_sql("SHOW server_version").scalar_one()
            database.version = f"PostgreSQL {version}"


class Result(Protocol):
    """Rows, as Core's result and the driver's cursor both give them."""

    def fetchone(self) -> Any:  # noqa: ANN401 - a row, or None after the last
        """The next row."""

    def __iter__(self) -> Iterator[Any]:
        """The rows from there on."""


Statement = sa.Select[Any] | sa.Insert | sa.Update | sa.Delete


def run(connection: Speaker, statement: Statement, values: tuple[Any, ...]) -> Result:
    """Runs `statement` as the driver takes it, for statements that run once for each batch.

    `values` are those of its parameters, in the order in which they stand in it. The rows of what
    it returns are to be read before the next statement runs.
    """
    return connection.exec_driver_sql(_positional(connection.dialect.name, statement), values)


def bulk(connection: Speaker, statement: Statement, rows: Sequence[tuple[Any, ...]]) -> None:
    """Runs `statement` once for each row through the driver's own `executemany`.

    A row holds the values of the statement's parameters in the order in which they stand in it.
    Half the time of Core's: no type conversion happens, so booleans and bytes go as they are.
    """
    if rows:
        text = _positional(connection.dialect.name, statement)
        connection.exec_driver_sql(text, list(rows))


def insert_together(connection: Speaker, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Inserts whole rows, with many in each statement, so that few statements make up a commit.

    The driver lets other threads run once for each statement, and not in turn with each row.
    """
    done = 0
    for size in TOGETHER:
        while len(rows) - done >= size:
            values = tuple(chain.from_iterable(rows[done : done + size]))
            text = _insert_many(connection.dialect.name, table, size)
            connection.exec_driver_sql(text, values)
            done += size


TOGETHER = (128, 64, 32, 16, 8, 4, 2, 1)
"""Rows in one statement: few sizes, so that the driver keeps each statement prepared."""


@lru_cache(maxsize=128)
def _insert_many(dialect: str, table: sa.Table, size: int) -> str:
    row = f"({', '.join(['?' if dialect == 'sqlite' else '%s'] * len(table.columns))})"
    names = ", ".join(column.name for column in table.columns)
    return f"INSERT INTO {table.name} ({names}) VALUES {', '.join([row] * size)}"  # noqa: S608


@lru_cache(maxsize=512)
def _positional(dialect: str, statement: Statement) -> str:
    """`statement` with `?` or `%s` for its parameters. Statements are kept in module constants."""
    return str(statement.compile(dialect=dialects.positional(dialect)))
