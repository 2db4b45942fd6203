"""The applier: batches as large as asked for, all of one or nothing, and nothing at all once it is overtaken."""

import pytest
import sqlalchemy as sa

from mirror.core.model import Seq
from mirror.core.rules import Rules
from mirror.errors import LeaseLost, NotFound
from mirror.store import checkpoints
from mirror.store.engine import Database
from mirror.store.writes import Batch
from mirror.sync.apply import Applier, apply_all
from tests.naive import bodies
from tests.properties.feeds import SECOND, START, Arrival
from tests.support.journals import append, apply, journaled, state
from tests.support.rich import FEED

RULES = Rules()


def applier(database: Database, batch: int = 5_000) -> Applier:
    return Applier(database, "default", RULES, batch=batch)


def uploads(count: int, first: int = 0) -> list[Arrival]:
    return [
        Arrival(bodies.uploaded(f"m{n}", bodies.ANN, f"/c{n % 5}"), START + n * SECOND)
        for n in range(first, first + count)
    ]


def applied_to(database: Database) -> int:
    with database.read() as connection:
        known = checkpoints.current(connection, "default")
        return 0 if known is None else known.seq


def test_a_batch_holds_as_many_deliveries_as_asked_for(database: Database) -> None:
    append(database, "default", uploads(5))
    mine = applier(database, batch=2)
    assert [mine.run_once() for _ in range(4)] == [2, 2, 1, 0]
    assert mine.seq == applied_to(database) == 5


def test_applying_stops_where_it_is_told_to(database: Database) -> None:
    append(database, "default", uploads(5))
    mine = applier(database, batch=2)
    told: list[int] = []
    assert apply_all(mine, until=Seq(3), progress=told.append) == 3
    assert told == [2, 1]
    assert applied_to(database) == 3


def test_an_unknown_platform_is_named(database: Database) -> None:
    with pytest.raises(NotFound, match="'studio'"):
        Applier(database, "studio", RULES).run_once()


def test_an_overtaken_applier_writes_nothing_and_then_goes_on_from_the_database(
    database: Database,
) -> None:
    append(database, "default", FEED)
    slow, fast = applier(database, batch=3), applier(database, batch=4)
    slow.run_once()
    fast.run_once()
    before = state(database, "default")
    with pytest.raises(LeaseLost, match="nothing was written here"):
        slow.run_once()
    assert state(database, "default") == before
    assert slow.seq == 0
    while slow.run_once():
        pass
    append(database, "default", uploads(1))
    with pytest.raises(LeaseLost):
        fast.run_once()
    apply(database, "default")
    assert applied_to(database) == len(FEED) + 1


def test_an_applier_that_is_overtaken_while_it_folds_writes_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(database, "default", FEED)
    slow, fast = applier(database, batch=3), applier(database, batch=3)
    slow.run_once()
    fold = slow._fold

    def fold_slowly(*arguments: object) -> object:
        verdicts = fold(*arguments)  # type: ignore[arg-type]  # what it was called with
        fast.run_once()
        return verdicts

    monkeypatch.setattr(slow, "_fold", fold_slowly)
    with pytest.raises(LeaseLost, match="moved on from 3"):
        slow.run_once()
    assert applied_to(database) == 6


def test_two_idle_appliers_leave_each_other_in_peace(database: Database) -> None:
    append(database, "default", uploads(2))
    one, other = applier(database), applier(database)
    assert [one.run_once(), other.run_once()] == [2, 0]
    with database.read() as connection:
        before = checkpoints.current(connection, "default")
    assert [one.run_once(), other.run_once(), one.run_once(), other.run_once()] == [0] * 4
    with database.read() as connection:
        assert checkpoints.current(connection, "default") == before


def test_a_write_that_fails_leaves_the_state_as_it_was_and_the_batch_is_applied_later(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(database, "default", FEED)
    mine = applier(database, batch=5)
    mine.run_once()
    before = state(database, "default")
    with monkeypatch.context() as patch:
        patch.setattr(Batch, "_verdicts", lambda *_: 1 / 0)  # all but the last rows are written
        with pytest.raises(ZeroDivisionError):
            mine.run_once()
    assert state(database, "default") == before
    assert applied_to(database) == 5
    apply_all(mine)
    assert applied_to(database) == len(FEED)


def test_only_an_applier_that_holds_a_checkpoint_can_finish(database: Database) -> None:
    append(database, "default", uploads(3))
    mine = applier(database, batch=1)
    with pytest.raises(LeaseLost, match="holds no checkpoint"), database.write() as connection:
        mine.finish_in(connection)
    mine.run_once()
    with database.write() as connection:
        assert mine.finish_in(connection) == 2
    assert applied_to(database) == 3
    assert mine.seq == 0


def statements(database: Database, count: int, *, fresh: bool) -> int:
    """How many statements it takes to apply so many deliveries in one batch."""
    mine = applier(database)
    if not fresh:
        mine.run_once()
    first = applied_to(database)
    append(database, "default", uploads(count, first))
    append(database, "default", [moved(n) for n in range(first, first + count)])
    seen: list[str] = []
    engines = (database._reader, database._writer)
    for engine in engines:
        sa.event.listen(
            engine, "before_cursor_execute", lambda *args: seen.append(args[2]), named=False
        )
    mine.run_once()
    return len(seen)


def moved(number: int) -> Arrival:
    body = bodies.moved([f"m{number}"], bodies.ANN, f"/c{number % 5}", "/成片")
    return Arrival(body, START + 10_000 * SECOND)


def test_what_is_in_memory_from_the_first_delivery_on_is_never_read(database: Database) -> None:
    mine = applier(database, batch=10)
    append(database, "default", uploads(5))
    mine.run_once()
    append(database, "default", [moved(n) for n in range(5)])
    append(database, "default", uploads(5, 5))
    seen: list[str] = []
    sa.event.listen(
        database._reader, "before_cursor_execute", lambda *args: seen.append(args[2]), named=False
    )
    mine.run_once()
    assert not [text for text in seen if "FROM materials" in text or "FROM classes" in text]
    again = journaled(database, [*uploads(5), *(moved(n) for n in range(5)), *uploads(5, 5)])
    apply(database, again)
    assert state(database, "default") == state(database, again)


@pytest.mark.parametrize("fresh", [False, True])
def test_a_batch_takes_a_few_statements_however_many_deliveries_it_holds(
    database: Database, fresh: bool
) -> None:
    statements(database, 10, fresh=fresh)  # an empty database is not even read
    few = statements(database, 10, fresh=fresh)
    assert few < 60
    assert statements(database, 200, fresh=fresh) <= few
