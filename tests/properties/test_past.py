"""What is read of a moment is what was there: a rebuild until that moment, row for row, at every moment."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from shutil import copyfile

from hypothesis import event, given, settings
from hypothesis import strategies as st

from mirror.core.model import Seq
from mirror.core.rules import Rules
from mirror.store.engine import Database, open_database
from mirror.store.queries.past import Past
from mirror.sync.rebuild import rebuild, rebuild_into
from tests.properties.feeds import Arrival, feeds
from tests.support.journals import apply, journaled, public_rows
from tests.support.memory import MemoryMirror
from tests.support.past_rows import Rows, past_rows, then


def every_state(feed: list[Arrival]) -> list[Rows]:
    """The rows after the first delivery, the second, and so on."""
    mirror = MemoryMirror()
    states = []
    for arrival in feed:
        mirror.deliver(*arrival)
        states.append(then(mirror.rows()))
    return states


def check_every_moment(
    database: Database, platform: str, states: list[Rows], limit: int = 100
) -> None:
    for seq, expected in enumerate(states, start=1):
        with database.read() as connection:
            found = past_rows(Past(connection, platform, Seq(seq)), limit)
        for name, rows in expected.items():
            assert found[name] == rows, (seq, name)


@settings(max_examples=60)
@given(feed=feeds(most=24), limit=st.sampled_from((1, 2, 100)), batch=st.sampled_from((1, 7, 100)))
def test_every_moment_reads_as_it_was_then_and_does_after_a_rebuild(
    shared: Database, feed: list[Arrival], limit: int, batch: int
) -> None:
    platform = journaled(shared, feed)
    apply(shared, platform, batch=batch)
    states = every_state(feed)
    check_every_moment(shared, platform, states, limit)
    event(f"links: {any(state['links'] for state in states)}")
    rebuild(shared, platform, Rules())
    check_every_moment(shared, platform, states)


@settings(max_examples=6)
@given(feed=feeds(most=16))
def test_every_moment_reads_as_a_rebuild_until_then(
    shared: Database, migrated_file: Path, feed: list[Arrival]
) -> None:
    platform = journaled(shared, feed)
    apply(shared, platform)
    states = []
    for seq in range(1, len(feed) + 1):
        target_file = migrated_file.with_name("then.db")
        target_file.unlink(missing_ok=True)
        copyfile(migrated_file, target_file)
        with closing(open_database(f"sqlite:///{target_file}")) as target:
            rebuild_into(shared, target, platform, Rules(), until=Seq(seq))
            states.append(then(public_rows(target, platform)))
    check_every_moment(shared, platform, states)
