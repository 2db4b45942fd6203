"""A write transaction without Core keeps what one with Core promises, and means the same by an error."""

from contextlib import closing

import pytest

from mirror.core.model import Micros, Seq
from mirror.errors import Broken, ConfigurationError, DatabaseUnavailable, SchemaOutdated
from mirror.store import journal, migrate
from mirror.store.driven import Driven
from mirror.store.engine import Database, open_database
from mirror.store.failures import is_final, passes
from mirror.store.journal import Arrival


def bodies(database: Database) -> list[bytes]:
    with database.read() as connection:
        return [row.body for row in journal.read(connection, "default", Seq(0), 100)]


def append(connection: Driven, *given: bytes) -> None:
    journal.append(connection, "default", [Arrival(body, Micros(1)) for body in given])


def test_what_returned_is_kept_and_what_raised_is_taken_back(database: Database) -> None:
    with database.write_driven() as connection:
        append(connection, b"a", b"b")

    def fail() -> None:
        with database.write_driven() as connection:
            append(connection, b"c")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert bodies(database) == [b"a", b"b"]
    with database.write() as other:  # on the same connection of the pool
        journal.append(other, "default", [Arrival(b"d", Micros(1))])
    assert bodies(database) == [b"a", b"b", b"d"]


def test_a_row_that_is_refused_is_broken_and_takes_everything_back(database: Database) -> None:
    def write() -> None:
        with database.write_driven() as connection:
            append(connection, b"a")
            connection.exec_driver_sql("DELETE FROM journal")

    with pytest.raises(Broken, match="append-only"):
        write()
    assert bodies(database) == []


def test_a_missing_table_and_another_schema_are_told(database: Database) -> None:
    with (
        pytest.raises(SchemaOutdated, match="another schema"),
        database.write_driven() as connection,
    ):
        connection.exec_driver_sql("SELECT * FROM nowhere")
    migrate.prepare(database)
    with database.write_driven() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaOutdated, match="9999") as caught, database.write_driven():
        pass
    assert is_final(caught.value)


def test_who_waits_too_long_is_told_to_try_again(database: Database) -> None:
    def write(other: Database) -> None:
        with other.write_driven() as connection:
            append(connection, b"b")

    with (
        closing(open_database(database.url, busy_timeout=0.1)) as other,
        database.write_driven() as connection,
    ):
        append(connection, b"a")
        with pytest.raises(DatabaseUnavailable, match="is locked") as caught:
            write(other)
        assert passes(caught.value)
        assert not is_final(caught.value)
    assert bodies(database) == [b"a"]


def test_a_database_for_reading_is_not_written(database: Database) -> None:
    with (
        closing(open_database(database.url, read_only=True)) as reader,
        pytest.raises(ConfigurationError, match="for reading only"),
        reader.write_driven(),
    ):
        pass


def test_a_lost_connection_is_told_and_the_next_transaction_has_another(
    database: Database,
) -> None:
    if database.dialect == "sqlite":
        pytest.skip("not for SQLite: a file is not lost this way")

    def write() -> None:
        with database.write_driven() as connection:
            append(connection, b"a")
            connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(DatabaseUnavailable) as caught:
        write()
    assert not is_final(caught.value)
    with database.write_driven() as connection:
        append(connection, b"b")
    assert bodies(database) == [b"b"]


def test_rows_go_one_by_one_or_together(database: Database) -> None:
    insert = "INSERT INTO reading_tokens (name, digest, created_at) VALUES (?, ?, 1)"
    if database.dialect == "postgresql":
        insert = insert.replace("?", "%s")
    with database.write_driven() as connection:
        connection.exec_driver_sql(insert, ("a", b"a" * 32))
        connection.exec_driver_sql(insert, [("b", b"b" * 32), ("c", b"c" * 32)])
        found = connection.exec_driver_sql("SELECT name FROM reading_tokens ORDER BY name")
        assert [row[0] for row in found] == ["a", "b", "c"]
