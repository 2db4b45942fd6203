"""Turns what a database driver raises into an error of ours that says what to do next.

Errors that only a mistake in this program can cause (bad SQL) are left as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from mirror.errors import Broken, DatabaseUnavailable, MirrorError, SchemaOutdated

_UPGRADE = "`mirror database upgrade` brings it up to date."


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Raises driver errors of its body as `MirrorError`, about the database called `name`."""
    try:
        yield
    except sa.exc.TimeoutError as error:
        raise DatabaseUnavailable(
            f"Database {name} is busy: every connection of this process is in use. "
            "Try again when it has less to do."
        ) from error
    except sa.exc.DBAPIError as error:
        ours = translate(error, name)
        if ours is None:
            raise
        raise ours from error


def passes(error: DatabaseUnavailable) -> bool:
    """Tells whether the same work may succeed a moment later: a lock, not a lost or full disk."""
    cause = error.__cause__
    if isinstance(cause, sa.exc.TimeoutError):
        return True
    return isinstance(cause, sa.exc.DBAPIError) and _code(cause) in _PASSING


def is_final(error: MirrorError) -> bool:
    """Tells whether the file itself failed, so that nobody knows what a further attempt would do.

    So does a schema that is not the one this process knows: only another version can go on.

    A locked file, a full disk and a lost connection leave everything as it was. A PostgreSQL server
    keeps its own disk: it stops by itself after a failed fsync, and recovers.
    """
    if isinstance(error, SchemaOutdated):
        return True
    cause = error.__cause__
    return isinstance(cause, sa.exc.DBAPIError) and _code(cause).startswith(_FINAL)


_FINAL = ("SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOTADB")


def translate(error: sa.exc.DBAPIError, name: str) -> MirrorError | None:
    """What `error` means for the database called `name`; None, if it is a mistake of ours."""
    code = _code(error)
    if code.startswith("SQLITE_") or not code:
        return _sqlite(error, code, name)
    return _postgresql(error, code, name)


_PASSING = {
    "SQLITE_BUSY",
    "SQLITE_BUSY_RECOVERY",
    "SQLITE_BUSY_SNAPSHOT",
    "SQLITE_BUSY_TIMEOUT",
    "SQLITE_LOCKED",
    "SQLITE_LOCKED_SHAREDCACHE",
    "40001",
    "40P01",
    "55P03",
}


def _code(error: sa.exc.DBAPIError) -> str:
    """SQLite's name for the error or PostgreSQL's SQLSTATE; empty, if the driver tells neither."""
    found = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
    if found is None and type(error.orig).__module__.startswith("psycopg"):
        return "08000"  # no connection, so there was no server to name a state
    return found or ""


# By the start of SQLite's name for the error; the first that fits counts.
_SQLITE = (
    ("SQLITE_BUSY", "is locked: another process is writing to it. Try again."),
    ("SQLITE_LOCKED", "is locked: another connection is writing to it. Try again."),
    (
        "SQLITE_READONLY",
        (
            "cannot be written: the file, its -wal and -shm, or its directory are read-only. "
            "See to their permissions, and to how the disk is mounted."
        ),
    ),
    (
        "SQLITE_CANTOPEN",
        "could not be opened: see to the path and to the permissions of the file and its directory.",
    ),
    ("SQLITE_PERM", "could not be opened: see to its permissions."),
    ("SQLITE_AUTH", "could not be opened: see to its permissions."),
    ("SQLITE_NOTADB", "is not an SQLite database: name another file."),
    (
        "SQLITE_FULL",
        "could not be written: the disk is full. Make room; nothing that was answered is lost.",
    ),
    (
        "SQLITE_IOERR",
        "could not be read or written: see to the disk, which is full or fails, then start again.",
    ),
    ("SQLITE_CORRUPT", "is damaged: see to the disk and restore a backup."),
    ("SQLITE_NOMEM", "could not be read: memory ran out."),
)
_ABSENT = ("no such table", "no such column", "no such view", "has no column named")


def _sqlite(error: sa.exc.DBAPIError, code: str, name: str) -> MirrorError | None:
    said = str(error.orig)
    for start, meaning in _SQLITE:
        if code.startswith(start):
            return DatabaseUnavailable(f"Database {name} {meaning} ({code}: {said})")
    if code.startswith("SQLITE_CONSTRAINT"):
        return Broken(f"Database {name} refused a row: {said}.")
    if any(absent in said for absent in _ABSENT):
        return SchemaOutdated(f"Database {name} has another schema ({said}). {_UPGRADE}")
    return None


# By the start of the SQLSTATE; the first that fits counts.
_POSTGRESQL = (
    ("40", "was busy: two transactions were in each other's way. Try again."),
    ("55P03", "is locked: another process holds what is needed. Try again."),
    ("25006", "cannot be written: the server is read-only, a standby perhaps."),
    ("28", "refused the login: see to user and password."),
    ("3D", "does not exist: create it first, with `createdb` perhaps."),
    ("42501", "refused the access: the user lacks a privilege."),
    ("53", "is out of resources: see to disk, memory and connections of the server."),
    ("57", "stopped the work: the server is shutting down or an operator stepped in."),
    ("58", "could not be read or written: see to the disk of the server."),
    ("08", "could not be reached: see to host, port and whether the server runs."),
)


def _postgresql(error: sa.exc.DBAPIError, code: str, name: str) -> MirrorError | None:
    said = str(error.orig).strip().partition("\n")[0]
    for start, meaning in _POSTGRESQL:
        if code.startswith(start):
            return DatabaseUnavailable(f"Database {name} {meaning} ({said})")
    if code.startswith("23") or code == "P0001":  # a constraint, or RAISE of a trigger
        return Broken(f"Database {name} refused a row: {said}.")
    if code in {"42P01", "42703", "3F000"}:
        return SchemaOutdated(f"Database {name} has another schema ({said}). {_UPGRADE}")
    return None
