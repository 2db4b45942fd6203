"""A write transaction in the driver's own words, for the one that every callback waits for.

Core's way through its engine costs about 150 µs of processor time for the transaction of an append,
the driver's a sixth of that. Locks, pool and the meaning of errors are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa


class Driven:
    """The transaction. Runs what `engine.run`, `bulk` and `insert_together` hand to a connection."""

    __slots__ = ("_cursor", "_driver", "dialect")

    def __init__(self, dialect: sa.Dialect, cursor: Any) -> None:  # noqa: ANN401 - any driver's
        """Takes the driver's cursor, whose transaction has begun."""
        self.dialect = dialect
        self._cursor = cursor
        self._driver: Any = dialect.loaded_dbapi

    def exec_driver_sql(self, text: str, values: Any = None) -> Any:  # noqa: ANN401 - as in Core
        """Runs a statement, with a tuple of values, or once for each of a list of them.

        What it returns gives rows until the next statement runs.
        """
        cursor = self._cursor
        try:
            if values is None:
                cursor.execute(text)
            elif type(values) is list:
                cursor.executemany(text, values)
            else:
                cursor.execute(text, values)
        except self._driver.Error as error:
            raise _as_core_does(self._driver, text, error) from error
        return cursor


@contextmanager
def driven(engine: sa.Engine) -> Iterator[Driven]:
    """A transaction on a connection of `engine`; committed unless its body raises.

    The driver's errors leave as Core's: `sa.exc.DBAPIError`.
    """
    dialect = engine.dialect
    driver: Any = dialect.loaded_dbapi
    try:
        held = engine.raw_connection()
    except driver.Error as error:
        raise _as_core_does(driver, "", error) from error
    cursor = held.cursor()
    try:
        transaction = Driven(dialect, cursor)
        if dialect.name == "sqlite":  # psycopg begins by itself
            transaction.exec_driver_sql("BEGIN IMMEDIATE")
        yield transaction
        try:
            held.commit()
        except driver.Error as error:
            raise _as_core_does(driver, "COMMIT", error) from error
    except BaseException as error:
        cause = error.__cause__
        lost: Any = held.driver_connection
        if isinstance(cause, driver.Error) and dialect.is_disconnect(cause, lost, None):
            held.invalidate(cause)
        raise
    finally:
        cursor.close()  # or what it reads from would stay open
        if held.is_valid:
            held.close()  # the pool rolls back what was not committed


def _as_core_does(driver: Any, text: str, error: Exception) -> sa.exc.DBAPIError:  # noqa: ANN401
    return sa.exc.DBAPIError.instance(text, None, error, driver.Error)  # type: ignore[return-value]
