"""What both engines promise of the state: it is read back as it was written, and generations are fenced."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa

from mirror.core.library import Library
from mirror.core.model import ClassId, Micros, Seq
from mirror.core.rules import Rules
from mirror.errors import LeaseLost
from mirror.store import checkpoints, compare
from mirror.store.engine import Database
from mirror.store.schema import STATE
from mirror.store.state import Loader
from mirror.sync import rebuild as rebuilding
from mirror.sync.apply import Applier
from mirror.sync.rebuild import rebuild
from tests.naive import bodies
from tests.naive.bodies import ANN
from tests.properties.feeds import START, Arrival
from tests.support import lifelike
from tests.support.database_rows import differences, generations_with_rows
from tests.support.journals import append, apply, apply_cut, journaled, public_rows, state
from tests.support.memory import MemoryMirror
from tests.support.rich import FEED
from tests.support.workers import appending, applying, at_once

RULES = Rules()


def mirrored(feed: list[Arrival]) -> MemoryMirror:
    mirror = MemoryMirror()
    for arrival in feed:
        mirror.deliver(*arrival)
    mirror.library.refresh_class_doubt()
    return mirror


def loaded(database: Database, platform: str, of: Library) -> Library:
    """All that a library has, read from the database into an empty one."""
    library = Library(RULES)
    with database.read() as connection:
        loader = Loader(connection, platform, 1, library)
        loader.memories()
        loader.owners(list(of.owners.rows))
        loader.materials(list(of.materials.rows))
        loader.members([ClassId(key) for key in of.classes.rows])
        loader.files(list(of.files.rows))
        loader.tasks(list(of.tasks.rows))
        loader.all_projects()
    return library


def shelves(library: Library) -> dict[str, dict[Any, Any]]:
    """Every row in memory, as a set where the order is nobody's concern."""
    return {
        shelf.name: {
            key: set(row) if shelf.name in {"links", "doubts"} else row  # type: ignore[call-overload]
            for key, row in shelf.rows.items()
            if row is not None
        }
        for shelf in library.shelves()
        if shelf.name != "next_class_id"
    }


def test_every_kind_of_row_is_read_back_as_it_was_written(database: Database) -> None:
    platform = journaled(database, FEED)
    apply_cut(database, platform, range(1, len(FEED)))
    library = mirrored(FEED).library
    assert all(state(database, platform).values())
    assert shelves(loaded(database, platform, library)) == shelves(library)


def test_what_people_see_is_what_the_fold_made(database: Database) -> None:
    platform = journaled(database, FEED)
    apply(database, platform, batch=4)
    assert public_rows(database, platform) == mirrored(FEED).rows()


def test_text_of_every_script_and_length_is_kept(database: Database) -> None:
    longest, name = "é" * 127, "/" + "片" * 666
    feed = [
        Arrival(bodies.uploaded(longest, ("PERSON", longest), name, file_id=longest), START),
        Arrival(bodies.modified(longest, name="🎬" * 500, tags=["é", "é", "😀"]), START),
    ]
    platform = journaled(database, feed)
    apply(database, platform)
    assert public_rows(database, platform) == mirrored(feed).rows()


def test_a_class_that_would_get_too_long_a_path_does_not_stop_the_feed(database: Database) -> None:
    long, longer = "/" + "x" * 1_500, "/" + "y" * 1_500
    feed = [
        Arrival(bodies.created(ANN, long), START),
        Arrival(bodies.created(ANN, longer), START),
        Arrival(bodies.moved_class(ANN, long, longer), START),
        Arrival(bodies.added(["m"], ANN, long), START),
    ]
    platform = journaled(database, feed)
    apply(database, platform)
    outcomes = [row[2:4] for row in state(database, platform)["outcomes"]]
    assert outcomes[2] == ("quarantined", "A path would have more than 2000 bytes")
    assert [outcome for outcome, _ in outcomes] == ["applied"] * 2 + ["quarantined", "applied"]
    assert public_rows(database, platform) == mirrored(feed).rows()


def test_a_class_a_thousand_levels_deep_moves_with_all_above_it(database: Database) -> None:
    deep = "/a" * 999
    feed = [
        Arrival(bodies.added(["m"], ANN, deep), START),
        Arrival(bodies.moved_class(ANN, "/a", "/b"), START),
    ]
    platform = journaled(database, feed)
    apply(database, platform)
    assert [row[2] for row in state(database, platform)["outcomes"]] == ["applied", "applied"]
    (media,) = public_rows(database, platform)["media"]
    assert media[4] == "/b" + deep[2:]


# ------------------------------------------------------------------------------- comparing


@pytest.mark.parametrize("table", STATE, ids=str)
def test_a_difference_in_any_column_is_found(database: Database, table: sa.Table) -> None:
    one, other = journaled(database, FEED), journaled(database, FEED)
    apply(database, one)
    apply(database, other)
    keys = {column.name for column in table.primary_key}
    mine = table.c.platform == one
    for column in table.c:
        if column.name in keys:
            continue
        expression: Any = sa.case((column == "other", "another"), else_="other")
        if isinstance(column.type, sa.Boolean):
            expression = sa.not_(sa.func.coalesce(column, sa.false()))
        elif isinstance(column.type, sa.Integer | sa.Float):
            expression = sa.func.coalesce(column, 0) + 1
        elif table.name == "classes" and column.name == "path":
            expression = column + "x"  # they are unique
        with suppress(_Undone), database.write() as connection:
            connection.execute(sa.update(table).where(mine).values({column.name: expression}))
            found = list(compare.mismatches((connection, one, 1), (connection, other, 1)))
            assert found
            assert {(m.table, m.kind, *m.columns) for m in found} == {
                (table.name, "differs", column.name)
            }
            raise _Undone
    with database.read() as connection:
        assert list(compare.mismatches((connection, one, 1), (connection, other, 1))) == []


class _Undone(Exception):
    """Ends a transaction whose work is to be taken back."""


# ----------------------------------------------------------------------------- generations


def claim(database: Database, generation: int | None = None) -> checkpoints.Checkpoint:
    with database.write() as connection:
        return checkpoints.claim(
            connection, "default", RULES.stamp, Micros(1), generation=generation
        )


def open_generation(database: Database) -> int:
    with database.write() as connection:
        return checkpoints.open_generation(connection, "default", RULES.stamp, Micros(1))


def test_each_claim_of_a_checkpoint_has_an_epoch_of_its_own(database: Database) -> None:
    first, second = claim(database), claim(database)
    assert (first.generation, first.seq, first.rules) == (1, 0, RULES.stamp)
    assert second.epoch > first.epoch


def test_a_generation_number_is_never_used_again(database: Database) -> None:
    opened = [open_generation(database) for _ in range(3)]
    assert opened == [2, 3, 4]
    with database.read() as connection:
        assert checkpoints.abandoned(connection, "default") == [4]


def test_a_generation_that_was_given_up_cannot_be_claimed(database: Database) -> None:
    given_up = open_generation(database)
    taken = open_generation(database)
    with pytest.raises(LeaseLost, match="another rebuild was started"):
        claim(database, given_up)
    assert claim(database, taken).generation == taken


def test_rules_stamp_a_state_only_before_its_first_delivery(database: Database) -> None:
    append(database, "default", FEED)
    claim(database)
    Applier(database, "default", Rules(horizon=1)).run_once()
    assert claim(database).rules == Rules(horizon=1).stamp


def test_a_generation_goes_bit_by_bit_and_is_known_until_nothing_of_it_is_left(
    database: Database,
) -> None:
    append(database, "default", FEED)
    apply(database, "default")
    generation = open_generation(database)
    while Applier(database, "default", RULES, generation=generation).run_once():
        pass
    with database.write() as connection:
        checkpoints.retire(connection, "default", generation)
    bits = 0
    while True:
        with database.write() as connection:
            rows = generations_with_rows(connection, "default")
            assert (generation in checkpoints.generations(connection, "default")) == (
                generation in rows
            )
            if not checkpoints.drop_some(connection, "default", generation, most=3):
                break
            bits += 1
    assert bits > len(STATE)
    with database.read() as connection:
        assert checkpoints.generations(connection, "default") == [1]


def waits(work: Callable[[], object]) -> tuple[threading.Thread, bool]:
    """Start work in a thread; tell whether it still waits after a moment."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(0.3)
    return thread, thread.is_alive()


def test_who_claims_while_a_rebuild_swaps_waits_and_gets_the_new_generation(
    database: Database,
) -> None:
    append(database, "default", FEED)
    apply(database, "default")
    generation = open_generation(database)
    claimed: list[int] = []
    with database.write() as connection:
        checkpoints.live_generation(connection, "default", lock=True)
        thread, waited = waits(lambda: claimed.append(claim(database).generation))
        checkpoints.swap(connection, "default", generation, new_feed=False)
    thread.join()
    assert waited
    assert claimed == [generation]


def test_who_starts_a_rebuild_while_another_swaps_waits_and_gives_up_nothing_that_is_live(
    database: Database,
) -> None:
    generation = open_generation(database)
    opened: list[int] = []
    with database.write() as connection:
        checkpoints.live_generation(connection, "default", lock=True)
        thread, waited = waits(lambda: opened.append(open_generation(database)))
        checkpoints.swap(connection, "default", generation, new_feed=False)
    thread.join()
    assert waited
    assert opened == [generation + 1]
    with database.read() as connection:
        known = checkpoints.current(connection, "default")
    assert known is not None
    assert known.generation == generation


def test_a_rebuild_in_place_gives_the_same_rows(database: Database) -> None:
    append(database, "default", FEED)
    apply(database, "default", batch=3)
    before = state(database, "default")
    report = rebuild(database, "default", RULES)
    assert (report.seq, report.changed_feed) == (Seq(len(FEED)), False)
    assert differences(before, state(database, "default")) == []
    with database.read() as connection:
        assert list(compare.breaches(connection, "default", report.generation)) == []
        assert generations_with_rows(connection, "default") == {report.generation}


def test_whatever_works_at_once_the_outcome_is_that_of_one_after_the_other(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "BATCH", 10)
    monkeypatch.setattr(rebuilding, "NEARLY", 5)
    feed = lifelike.feed(40)
    alone, beside = journaled(database, feed), journaled(database, feed[:10])
    apply(database, alone)
    raised = at_once(
        database,
        appending(beside, feed[10:], each=2),
        applying(beside, RULES, times=60, batch=2),
        applying(beside, RULES, times=60, batch=3),
        lambda own: rebuild(own, beside, RULES),
        lambda own: rebuild(own, beside, RULES),
    )
    assert all(isinstance(error, LeaseLost) for error in raised), raised
    apply(database, beside)
    assert differences(state(database, alone), state(database, beside)) == []
    rebuild(database, beside, RULES)
    with database.read() as connection:
        live = checkpoints.live_generation(connection, beside)
        assert generations_with_rows(connection, beside) == {live}
