"""Opening, durability and errors of SQLite files."""

import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mirror.core.model import Micros
from mirror.errors import ConfigurationError, DatabaseUnavailable, SchemaOutdated
from mirror.store import engine, journal, migrate, sqlite, views
from mirror.store.engine import Database, open_database
from mirror.store.failures import passes
from mirror.store.journal import Arrival


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mirror.db"


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    with closing(open_database(f"sqlite:///{file}", busy_timeout=0.2)) as opened:
        with opened.write() as connection:
            connection.exec_driver_sql("CREATE TABLE kept (number INTEGER PRIMARY KEY)")
        yield opened


def pragma(connection: sa.Connection, name: str) -> object:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


@contextmanager
def another(file: Path) -> Iterator[Any]:
    """Another program's connection. By the same library: two in one process share no locks."""
    connection = sqlite.library().connect(file, isolation_level=None, timeout=0)
    with closing(connection):
        yield connection


def numbers(database: Database) -> list[int]:
    with database.read() as connection:
        rows = connection.exec_driver_sql("SELECT number FROM kept ORDER BY number")
        return list(rows.scalars())


def insert(database: Database, number: int) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("INSERT INTO kept VALUES (?)", (number,))


def test_a_writing_connection_is_durable(database: Database) -> None:
    with database.write() as connection:
        assert pragma(connection, "journal_mode") == "wal"
        assert pragma(connection, "synchronous") == 2
        assert pragma(connection, "foreign_keys") == 1
        assert pragma(connection, "busy_timeout") == 200


def test_a_reading_connection_writes_nothing(database: Database) -> None:
    with database.read() as connection:
        assert pragma(connection, "query_only") == 1
    with (
        pytest.raises(DatabaseUnavailable, match="cannot be written"),
        database.read() as connection,
    ):
        connection.exec_driver_sql("INSERT INTO kept VALUES (1)")


def test_the_lock_is_taken_when_a_write_begins(database: Database, file: Path) -> None:
    locked = pytest.raises(sqlite.library().OperationalError, match="locked")
    with another(file) as other, database.write(), locked:
        other.execute("BEGIN IMMEDIATE")


def test_a_body_that_raises_takes_everything_back(database: Database) -> None:
    def fail() -> None:
        with database.write() as connection:
            connection.exec_driver_sql("INSERT INTO kept VALUES (1)")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert numbers(database) == []
    insert(database, 2)
    assert numbers(database) == [2]


def test_a_slash_too_many_still_names_the_file(database: Database, file: Path) -> None:
    insert(database, 1)
    with closing(open_database(f"sqlite:////{file}")) as same:
        assert numbers(same) == [1]


def test_threads_take_turns_in_writing(database: Database) -> None:
    with closing(open_database(database.url, busy_timeout=60)) as shared:  # they all get theirs

        def work(start: int) -> None:
            for number in range(start, start + 20):
                insert(shared, number)

        threads = [threading.Thread(target=work, args=(start,)) for start in (0, 20, 40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert numbers(database) == list(range(60))


def test_what_can_be_made_anew_is_written_in_order_and_durable_with_the_next(file: Path) -> None:
    with closing(open_database(f"sqlite:///{file}", replayable=True)) as opened:
        with opened.write() as connection:
            assert pragma(connection, "journal_mode") == "wal"
            assert pragma(connection, "synchronous") == 1
        with opened.read() as connection:
            assert pragma(connection, "query_only") == 1


def test_a_thread_that_waits_too_long_is_told_to_try_again(database: Database) -> None:
    with database.write():
        caught: list[DatabaseUnavailable] = []

        def work() -> None:
            try:
                insert(database, 1)
            except DatabaseUnavailable as error:
                caught.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert "is busy" in str(caught[0])
    assert passes(caught[0])


def test_a_file_locked_by_another_process_is_told(database: Database, file: Path) -> None:
    with another(file) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailable, match="another process is writing") as caught:
            insert(database, 1)
    assert passes(caught.value)


def test_a_missing_table_is_an_outdated_schema(database: Database) -> None:
    with (
        pytest.raises(SchemaOutdated, match="mirror database upgrade"),
        database.read() as connection,
    ):
        connection.exec_driver_sql("SELECT * FROM absent")


def test_a_mistake_of_ours_is_left_as_it_is(database: Database) -> None:
    with pytest.raises(sa.exc.OperationalError, match="syntax"), database.read() as connection:
        connection.exec_driver_sql("SELEKT")


def test_opening_creates_the_file(file: Path) -> None:
    open_database(f"sqlite:///{file}").close()
    assert file.read_bytes().startswith(b"SQLite format 3")


def test_a_name_relative_to_the_working_directory_stays_where_it_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(open_database()) as database:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        database.close()
        with database.write():
            pass
    assert (tmp_path / "mirror.db").exists()
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("name", ["a b.db", "50%.db", "a?b.db", "a#b.db", "媒体.db"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    url = sa.URL.create("sqlite", database=str(tmp_path / name))
    open_database(url.render_as_string()).close()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_without_create_a_missing_file_stays_missing(file: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="does not exist"):
        open_database(f"sqlite:///{file}", create=False)
    with pytest.raises(DatabaseUnavailable, match="does not exist"):
        open_database(f"sqlite:///{file}", read_only=True)
    assert not file.exists()


def test_a_missing_directory_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="its directory does not exist"):
        open_database(f"sqlite:///{tmp_path}/nowhere/mirror.db")


def test_a_directory_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="is a directory"):
        open_database(f"sqlite:///{tmp_path}")


def test_another_kind_of_file_is_no_database(file: Path) -> None:
    file.write_bytes(b"no database at all\n" * 100)
    with pytest.raises(DatabaseUnavailable, match="is not an SQLite database"):
        open_database(f"sqlite:///{file}")
    assert file.read_bytes().startswith(b"no database")


def test_a_torn_header_is_no_database(file: Path, migrated_file: Path) -> None:
    shutil.copyfile(migrated_file, file)
    with file.open("r+b") as opened:
        opened.write(b"torn")
    with pytest.raises(DatabaseUnavailable, match="is not an SQLite database"):
        open_database(f"sqlite:///{file}")


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///mirror.db?mode=ro",
        "mysql://localhost/mirror",
        "sqlite+aiosqlite:///mirror.db",
        "mirror.db",
        "",
    ],
)
def test_a_url_that_cannot_be_meant_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        open_database(url)


def test_a_file_opened_for_reading_is_read(database: Database, file: Path) -> None:
    insert(database, 7)
    with closing(open_database(f"sqlite:///{file}", read_only=True)) as reader:
        assert reader.read_only
        assert numbers(reader) == [7]
        insert(database, 8)
        assert numbers(reader) == [7, 8]
        with pytest.raises(ConfigurationError, match="for reading only"), reader.write():
            pass


def test_an_old_library_is_warned_about_and_writes_alone(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "SOUND", (999, 0, 0))
    with closing(open_database(f"sqlite:///{file}")) as database:
        (warning,) = database.warnings
        assert "3.51.3" in warning
        assert database.single_writer


def test_a_sound_library_needs_no_warning(database: Database) -> None:
    if sqlite.is_sound(sqlite.library()):
        assert database.warnings == ()
        assert not database.single_writer
    assert database.version == f"SQLite {sqlite.library().sqlite_version}"


def test_pythons_own_library_serves_where_the_better_one_is_missing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "library", lambda: sqlite3)
    with closing(open_database(f"sqlite:///{file}")) as database:
        assert database.version == f"SQLite {sqlite3.sqlite_version}"
        migrate.prepare(database)
        with database.write() as connection:
            assert pragma(connection, "synchronous") == 2
            journal.append(connection, "default", [Arrival(b"{}", Micros(1))])
        with database.read() as connection:
            assert list(journal.check_chain(connection, "default")) == []
            for name in views.QUERIES:
                connection.execute(sa.select(views.view(name))).all()


def test_a_full_disk_is_told_and_leaves_what_was_there(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE large (bytes BLOB)")
        connection.exec_driver_sql("PRAGMA max_page_count = 10")

    def fill() -> None:
        with database.write() as connection:
            connection.exec_driver_sql("INSERT INTO kept VALUES (1)")
            connection.exec_driver_sql("INSERT INTO large VALUES (zeroblob(100000))")

    with pytest.raises(DatabaseUnavailable, match="the disk is full") as caught:
        fill()
    assert not passes(caught.value)
    assert numbers(database) == []
    insert(database, 2)
    assert numbers(database) == [2]


def test_a_damaged_file_is_told(database: Database, file: Path) -> None:
    insert(database, 1)
    database.close()
    with file.open("r+b") as opened:
        opened.seek(4096)
        opened.write(b"\xff" * 4096)
    with pytest.raises(DatabaseUnavailable, match="is damaged"):
        numbers(database)


def test_a_setting_that_has_no_effect_is_an_error(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_database(f"sqlite:///{file}").close()
    monkeypatch.setattr(sqlite, "DURABLE", (("synchronous", "NORMAL", 2),))
    with pytest.raises(DatabaseUnavailable, match="synchronous is 1 where NORMAL"):
        open_database(f"sqlite:///{file}")


def test_arrival_time_is_this_machines_clock(database: Database) -> None:
    with database.read() as connection:
        assert abs(database.now(connection) - time.time() * 1e6) < 5e6


def test_bulk_takes_rows_as_they_are(database: Database) -> None:
    table = sa.Table("kept", sa.MetaData(), sa.Column("number", sa.Integer, primary_key=True))
    statement = sa.insert(table)
    with database.write() as connection:
        engine.bulk(connection, statement, [])
        engine.bulk(connection, statement, [(3,), (1,), (2,)])
    assert numbers(database) == [1, 2, 3]


def test_the_password_is_not_in_the_name() -> None:
    with pytest.raises(DatabaseUnavailable) as caught:
        open_database("postgresql://mirror:secret@127.0.0.1:1/mirror", busy_timeout=1)
    assert "could not be reached" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_times_are_whole_microseconds(database: Database) -> None:
    with database.read() as connection:
        assert isinstance(database.now(connection), int)
    assert Micros(1) == 1
