"""Brings a database to the schema of this version, or says what stands in the way.

A migration is one transaction: it happens as a whole or not at all, and only once, also if several
processes begin it.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from mirror.errors import SchemaOutdated
from mirror.store import platforms, statistics
from mirror.store.engine import Database

HEAD = "0001"
"""The newest revision in `migrations/versions`; kept here, so that a start needs no Alembic."""

_LOCK = 0x6D6972726F72  # "mirror", the key of an advisory lock


def upgrade(database: Database) -> bool:
    """Migrates to `head()`; a database without a schema gets it, and the platform `default`.

    Returns whether anything had to be done. Raises SchemaOutdated where it cannot be: the schema
    is of a newer version, or the database belongs to another program.
    """
    with database.write() as connection:
        if database.dialect == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        before = _revision(connection)
        if before == HEAD:
            return False
        _refuse_strangers(database, connection, before)
        if before is not None and database.dialect == "postgresql":
            # Every write reads this table first: those under way end, and others wait.
            connection.execute(sa.text("LOCK TABLE alembic_version"))
        _run(connection)
        if before is None:
            platforms.add(connection, platforms.DEFAULT, now=database.now(connection))
        return True


def prepare(database: Database) -> None:
    """Makes a database ready on first use: an empty SQLite file gets the schema.

    Anything else must have the current one already: an existing database, and any on PostgreSQL,
    is migrated by `upgrade` alone. Should the schema change later, nothing is written to it any
    more. Raises SchemaOutdated.
    """
    if database.dialect == "sqlite" and not database.read_only and current(database) is None:
        with database.read() as connection:
            empty = not sa.inspect(connection).get_table_names()
        if empty:
            upgrade(database)
    require_current(database)
    _keep_plans(database)


def _keep_plans(database: Database) -> None:
    if database.read_only:
        return
    with database.read() as connection:
        mislead = statistics.mislead(connection)
    if mislead:
        with database.write() as connection:
            statistics.restore(connection)
        database.close()  # connections that are open go on with what they read


def current(database: Database) -> str | None:
    """The revision a database has; None without one."""
    with database.read() as connection:
        return _revision(connection)


def head() -> str:
    """The revision that this version needs."""
    return HEAD


def require_current(database: Database) -> None:
    """Returns if the database has the schema of this version, raises SchemaOutdated otherwise.

    Should the schema change later, `Database.write` raises it, too.
    """
    found = current(database)
    if found == HEAD:
        database.expect(HEAD)
        return
    if found is not None and found > HEAD:
        raise _newer(database, found)
    has = "no schema yet" if found is None else f"schema {found}"
    raise SchemaOutdated(
        f"Database {database.name} has {has}, and this version of mirror needs {HEAD}. "
        "Make a backup, then run `mirror database upgrade`."
    )


def scripts() -> Path:
    """Where the migrations are: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(
        sa.text("SELECT version_num FROM alembic_version")
    ).scalar()
    return found


def _refuse_strangers(database: Database, connection: sa.Connection, before: str | None) -> None:
    if before is not None and before > HEAD:
        raise _newer(database, before)
    if before is None and (tables := sa.inspect(connection).get_table_names()):
        raise SchemaOutdated(
            f"Database {database.name} belongs to another program: it has a table "
            f"'{min(tables)}', but no schema of mirror. Name another database."
        )


def _newer(database: Database, found: str) -> SchemaOutdated:
    return SchemaOutdated(
        f"Database {database.name} has schema {found}, and this version of mirror knows {HEAD} "
        "at most. Use the newer version that made it."
    )


def _run(connection: sa.Connection) -> None:
    from alembic import command  # noqa: PLC0415 - slow to load, and seldom needed
    from alembic.config import Config  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    command.upgrade(config, HEAD)
