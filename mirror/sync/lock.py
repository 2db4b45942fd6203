"""Who serves an SQLite database: one process at most, and others can see that it does.

The lock is the operating system's and ends with the process, however it ends; the file beside the
database stays and means nothing by itself. PostgreSQL needs none: there, many may serve.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from mirror.errors import AlreadyServing, DatabaseUnavailable

SUFFIX = ".serve-lock"
PATIENCE = 0.5  # seconds; whoever only looks holds the lock for an instant

if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # beyond the text, which stays readable

    def _try_lock(file: IO[str], *, exclusive: bool) -> bool:  # noqa: ARG001 - it has one kind
        file.seek(_FAR)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: IO[str], *, exclusive: bool) -> bool:
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def lock_file(database_url: str) -> Path | None:
    """The lock file of a database; None where no lock is needed."""
    kind, _, file = database_url.partition(":///")
    return Path(f"{Path(file).resolve()}{SUFFIX}") if kind == "sqlite" else None


class ServeLock:
    """Held by the one process that serves a database, from entering to leaving a `with` block."""

    def __init__(self, database_url: str, database_name: str) -> None:
        self._path = lock_file(database_url)
        self._name = database_name
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        """Takes the lock. Raises AlreadyServing if another process holds it."""
        if self._path is not None:
            self._file = _opened(self._path)
            self._take(self._file)
        return self

    def __exit__(self, *_: object) -> None:
        """Gives the lock back."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def tell(self, who: str) -> None:
        """Writes down who serves, for the message that another would get."""
        if self._file is not None:
            self._file.seek(0)
            self._file.truncate()
            self._file.write(who)
            self._file.flush()

    def _take(self, file: IO[str]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not _try_lock(file, exclusive=True):
            if time.monotonic() > deadline:
                file.seek(0)
                who = file.read(200).strip() or "another process"
                file.close()
                self._file = None
                raise AlreadyServing(
                    f"Database {self._name} is being served already, by {who}. "
                    "Stop that first, or name another database with --database."
                )
            time.sleep(PATIENCE / 10)
        self.tell(f"process {os.getpid()}")


def is_served(database_url: str) -> bool:
    """Whether some process serves the SQLite database; False where no lock tells."""
    path = lock_file(database_url)
    if path is None or not path.exists():
        return False
    with suppress(DatabaseUnavailable), _opened(path) as file:
        return not _try_lock(file, exclusive=False)
    return False


def _opened(path: Path) -> IO[str]:
    try:
        # Opened to append, since whoever holds the lock has written its name there.
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise DatabaseUnavailable(
            f"The lock file {path} could not be opened ({error.strerror}): "
            "see to the permissions of the database's directory."
        ) from error
    return file
