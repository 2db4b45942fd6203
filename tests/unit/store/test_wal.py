"""SQLite's log is moved into the database beside those who commit and read, and starts anew."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from mirror.errors import DatabaseUnavailable
from mirror.store import sqlite, wal
from mirror.store.engine import Database, open_database
from mirror.store.wal import Log

pytestmark = pytest.mark.skipif(
    not sqlite.is_sound(sqlite.library()), reason="one connection must write and move the log"
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(open_database(f"sqlite:///{tmp_path}/wal.db")) as opened:
        with opened.write() as connection:
            connection.execute(sa.text("CREATE TABLE filler (body BLOB)"))
        yield opened


@pytest.fixture
def log(database: Database) -> Iterator[Log]:
    with closing(Log(database.url)) as opened:
        yield opened


def fill(database: Database, pages: int) -> None:
    with database.write() as connection:
        connection.execute(
            sa.text("INSERT INTO filler VALUES (zeroblob(:size))"), {"size": pages * 4096}
        )


def test_a_short_log_is_left_alone_and_a_longer_one_is_moved(database: Database, log: Log) -> None:
    fill(database, 100)
    assert not log.tidy()
    fill(database, wal.ENOUGH)
    assert log.tidy()
    assert log.pages >= wal.ENOUGH
    assert not log.tidy()


def test_a_long_log_starts_anew_though_it_grew_all_the_time(
    database: Database, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wal, "LONG", 1_500)
    fill(database, 1_100)
    assert log.tidy()
    fill(database, 1_100)
    assert log.tidy()
    fill(database, 10)
    assert not log.tidy()
    assert log.pages < 100


def test_a_reader_keeps_the_log_long_and_nobody_waits_for_it(
    database: Database, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wal, "LONG", 1_500)
    with database.read() as connection:
        connection.execute(sa.text("SELECT count(*) FROM filler"))
        for _ in range(3):
            fill(database, 1_100)
            log.tidy()
        fill(database, 1_100)
        log.tidy()
        assert log.pages > 4_000
    log.tidy()
    fill(database, 1)
    log.tidy()
    assert log.pages < 100


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    log = Log(f"sqlite:///{tmp_path}/gone.db")
    with pytest.raises(DatabaseUnavailable, match="does not exist"):
        log.tidy()


def test_other_engines_look_after_themselves() -> None:
    assert not Log("postgresql://mirror@db.example.com/mirror").is_movable
