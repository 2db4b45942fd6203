"""The verdict itself: a sound database passes, and each way to spoil one has its complaint."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mirror.core.rules import Rules
from mirror.store import journal, sqlite
from mirror.store.engine import open_database
from mirror.store.journal import Arrival
from mirror.sync.apply import Applier, apply_all
from tests.faults.client import Operation, sent
from tests.faults.loads import unique
from tests.faults.verdict import judge

BODIES = unique(12)
Spoil = Callable[[Any], object]


@pytest.fixture(scope="module")
def sound(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve deliveries, applied; the second is there again, as its redelivery."""
    file = tmp_path_factory.mktemp("sound") / "mirror.db"
    shutil.copy(migrated_file, file)
    with closing(open_database(f"sqlite:///{file}")) as database:
        with database.write() as connection:
            now = database.now(connection)
            arrivals = [Arrival(body, now) for body in BODIES]
            (_, second, *_) = journal.append(connection, "default", arrivals)
            again = Arrival(BODIES[1], now, redelivery_of=second)
            journal.append(connection, "default", [again])
        apply_all(Applier(database, "default", Rules()))
    return file


@pytest.fixture
def file(sound: Path, tmp_path: Path) -> Path:
    """A copy that may be spoilt, by whoever minds no rule of the database."""
    return Path(shutil.copy(sound, tmp_path))


def operations() -> list[Operation]:
    """What a client remembers of it: the second body was sent twice, since no answer came."""
    done = sent(BODIES)
    done[1].statuses = [0, 200]
    return done


def spoil(file: Path, *statements: str) -> None:
    with closing(sqlite.library().connect(str(file), isolation_level=None)) as connection:
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        for (name,) in connection.execute(triggers).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)


def test_a_sound_database_is_without_complaint(file: Path) -> None:
    verdict = judge(file, operations()).check()
    assert (verdict.deliveries, verdict.redeliveries, verdict.acknowledged) == (13, 1, 12)


@pytest.mark.parametrize(
    ("statement", "complaints"),
    [
        ("DELETE FROM journal WHERE seq = 5", {"lost", "gap", "proof"}),
        ("UPDATE journal SET body = x'7b7d' WHERE seq = 5", {"lost", "invented", "proof"}),
        ("UPDATE journal SET redelivery_of = NULL WHERE seq = 13", {"doubled", "outcome"}),
        ("UPDATE journal SET redelivery_of = 4 WHERE seq = 13", {"redelivery", "proof"}),
        ("UPDATE journal SET redelivery_of = 4 WHERE seq = 7", {"swallowed", "redelivery"}),
        ("UPDATE checkpoints SET seq = 12", {"unapplied"}),
        ("UPDATE outcomes SET outcome = 'unchanged' WHERE seq = 5", {"outcome", "proof"}),
        ("DELETE FROM outcomes WHERE seq = 5", {"outcome"}),
        ("DELETE FROM changes WHERE seq = 1 AND ordinal = 1", {"feed", "proof"}),
        ("UPDATE materials SET name = 'another'", {"naive", "proof"}),
    ],
)
def test_what_is_spoilt_is_named(file: Path, statement: str, complaints: set[str]) -> None:
    spoil(file, statement)
    assert complaints <= judge(file, operations()).names


def test_a_damaged_file_is_named(file: Path) -> None:
    spoil(file, "CREATE TABLE spoilt (x UNIQUE)", "INSERT INTO spoilt VALUES ('needle-7')")
    content = file.read_bytes()
    # The value stands in the table and in its index; now they differ.
    at = content.index(b"needle-7")
    file.write_bytes(content[:at] + b"needle-8" + content[at + 8 :])
    assert "integrity" in judge(file, operations()).names


def test_a_body_that_was_never_sent_is_named(file: Path) -> None:
    assert "invented" in judge(file, operations()[:-1]).names


def test_a_body_that_is_not_there_is_named(file: Path) -> None:
    assert judge(file, [*operations(), Operation(b"{}", [200])]).names == {"lost"}
    assert judge(file, [*operations(), Operation(b"{}", [0, 503])]).names == set()
    assert judge(file, [*operations(), *sent(BODIES[4:5])]).names == {"lost"}
