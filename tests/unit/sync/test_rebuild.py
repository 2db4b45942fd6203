"""What a rebuild refuses, and what it reports; tests/properties hold it to the live state."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mirror.core.model import Micros, Seq
from mirror.core.rules import Rules
from mirror.errors import Broken, InputError, NotFound
from mirror.store import checkpoints, platforms
from mirror.store.engine import Database, open_database
from mirror.sync.rebuild import Copy, RebuildReport, rebuild, rebuild_into
from tests.support.journals import append, apply, state
from tests.support.rich import FEED

RULES = Rules()


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Database]:
    """A database that nobody has used."""
    with closing(open_database(f"sqlite:///{tmp_path / 'target.db'}")) as opened:
        yield opened


def test_an_unknown_platform_is_named(database: Database, target: Database) -> None:
    with pytest.raises(NotFound, match="'studio'"):
        rebuild(database, "studio", RULES)
    with pytest.raises(NotFound, match="'studio'"):
        rebuild_into(database, target, "studio", RULES)


def test_a_journal_that_is_empty_is_rebuilt_too(database: Database) -> None:
    assert rebuild(database, "default", RULES) == RebuildReport("default", 0, Seq(0), 2)
    append(database, "default", FEED)
    apply(database, "default")
    assert state(database, "default")["outcomes"][-1][0] == len(FEED)


def test_a_rebuild_reports_how_it_goes_on(database: Database, target: Database) -> None:
    append(database, "default", FEED)
    told: list[int] = []
    rebuild(database, "default", RULES, progress=told.append)
    rebuild_into(database, target, "default", RULES, progress=told.append)
    assert told == [len(FEED), len(FEED)]


def test_a_target_that_holds_anything_is_refused(database: Database, target: Database) -> None:
    append(database, "default", FEED)
    rebuild_into(database, target, "default", RULES)
    before = state(target, "default")
    with pytest.raises(InputError, match="not empty"):
        rebuild_into(database, target, "default", RULES)
    assert state(target, "default") == before


def test_the_target_gets_the_platform_with_its_journal_and_no_token(
    database: Database, target: Database
) -> None:
    with database.write() as connection:
        platforms.add(connection, "studio", "1500", now=Micros(5))
        platforms.rotate(connection, "studio", now=Micros(6))
    append(database, "studio", FEED)
    rebuild_into(database, target, "studio", RULES)
    with target.read() as connection:
        adopted = platforms.resolve(connection, "studio")
    assert (adopted.platform_id, adopted.created_at, adopted.tokens) == ("1500", 5, ())


def test_until_more_than_there_is_means_all_of_it(database: Database, target: Database) -> None:
    append(database, "default", FEED)
    report = rebuild_into(database, target, "default", RULES, until=Seq(10_000))
    assert (report.deliveries, report.seq) == (len(FEED), len(FEED))


def test_a_copy_of_what_the_journal_no_longer_has_says_so(
    database: Database, target: Database
) -> None:
    append(database, "default", FEED)
    copy = Copy(database, target, "default", RULES)
    with pytest.raises(Broken, match=f"ends before delivery {len(FEED) + 1}.*mirror verify"):
        copy.extend(Seq(len(FEED) + 1))


def test_other_platforms_are_left_alone(database: Database) -> None:
    with database.write() as connection:
        platforms.add(connection, "studio", now=Micros(5))
    for platform in ("default", "studio"):
        append(database, platform, FEED)
        apply(database, platform)
    before = state(database, "studio")
    rebuild(database, "default", RULES)
    assert state(database, "studio") == before
    with database.read() as connection:
        assert checkpoints.generations(connection, "studio") == [1]
