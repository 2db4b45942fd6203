"""Writing beside the fold: the same rows as here, one batch on its way, and an end that loses nothing."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from mirror.core.model import Seq
from mirror.core.rules import Rules
from mirror.errors import DatabaseUnavailable, LeaseLost
from mirror.store import checkpoints, net
from mirror.store.engine import Database
from mirror.store.net import Net
from mirror.sync import apply as applying
from mirror.sync import sinks
from mirror.sync.apply import Applier, apply_all
from mirror.sync.sinks import Beside, Direct, Growing
from tests.support.journals import apply, journaled, state
from tests.support.lifelike import feed
from tests.support.rich import FEED

RULES = Rules()


@pytest.fixture
def platform(database: Database) -> str:
    return journaled(database, FEED)


@pytest.fixture
def beside(database: Database) -> Iterator[Beside]:
    with closing(Beside(database, Seq(0))) as sink:
        yield sink


def applied(database: Database, platform: str) -> int:
    with database.read() as connection:
        known = checkpoints.current(connection, platform)
        return 0 if known is None else known.seq


def is_beside(sink: Growing) -> bool:
    return sink._beside is not None


class Kept(Direct):
    """Writes here, and keeps what it wrote."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.made: list[Net] = []

    def write(self, made: Net) -> Seq:
        self.made.append(made)
        return super().write(made)


def test_what_a_batch_changed_goes_to_another_process_and_comes_out_the_same(
    database: Database, platform: str
) -> None:
    sink = Kept(database)
    apply_all(Applier(database, platform, RULES, batch=3, sink=sink))
    assert sum(len(made.verdicts) for made in sink.made) == len(FEED)
    for made in sink.made:
        assert net.encode(net.decode(net.encode(made))) == net.encode(made)
        assert net.decode(net.encode(made)).materials == made.materials


@pytest.mark.parametrize("held", [0, 200_000])
@pytest.mark.parametrize("make", [lambda d: Beside(d, Seq(0)), lambda d: Growing(d, worth_it=40)])
def test_rows_written_beside_are_those_written_here(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Database], Beside | Growing],
    held: int,
) -> None:
    monkeypatch.setattr(applying, "HELD_ROWS", held)  # forgets all after each batch, or nothing
    here, there = (journaled(database, feed(150, seed=3)) for _ in range(2))
    apply(database, here)
    with closing(make(database)) as sink:
        apply_all(Applier(database, there, RULES, batch=25, sink=sink))
    assert applied(database, there) == applied(database, here)
    assert state(database, there) == state(database, here)


def test_a_batch_is_on_its_way_while_the_next_one_is_folded(
    database: Database, platform: str, beside: Beside
) -> None:
    mine = Applier(database, platform, RULES, batch=4, sink=beside)
    assert [mine.run_once(), mine.run_once(), mine.run_once()] == [4, 4, 4]
    assert mine.seq == 12
    mine.settle()
    assert applied(database, platform) == 12


def test_whoever_is_overtaken_hears_of_it_and_writes_nothing_more(
    database: Database, platform: str, beside: Beside
) -> None:
    slow = Applier(database, platform, RULES, batch=4, sink=beside)
    slow.run_once()
    slow.settle()
    fold = slow._fold

    def fold_slowly(*arguments: object) -> object:
        verdicts = fold(*arguments)  # type: ignore[arg-type]  # what it was called with
        Applier(database, platform, RULES, batch=2).run_once()
        return verdicts

    slow._fold = fold_slowly  # type: ignore[method-assign, assignment]
    slow.run_once()
    slow._fold = fold  # type: ignore[method-assign]
    with pytest.raises(LeaseLost):
        slow.run_once()
    assert applied(database, platform) == 6
    apply_all(Applier(database, platform, RULES))
    again = journaled(database, FEED)
    apply(database, again)
    assert state(database, platform) == state(database, again)


def test_a_writing_process_that_dies_is_told_and_what_it_had_not_committed_is_applied_again(
    database: Database, platform: str, beside: Beside
) -> None:
    mine = Applier(database, platform, RULES, batch=4, sink=beside)
    mine.run_once()
    mine.settle()
    os.kill(beside._process.pid, signal.SIGKILL)
    with pytest.raises(DatabaseUnavailable, match="ended by itself"):
        apply_all(mine)
    assert mine.seq == 0
    apply_all(Applier(database, platform, RULES))
    again = journaled(database, FEED)
    apply(database, again)
    assert state(database, platform) == state(database, again)


def test_short_work_starts_no_process(database: Database, platform: str) -> None:
    with closing(Growing(database)) as sink:
        apply_all(Applier(database, platform, RULES, sink=sink))
        assert not is_beside(sink)


@pytest.mark.parametrize(("expected", "starts"), [(39, False), (40, True)])
def test_long_work_that_is_foreseen_starts_the_process_at_once(
    database: Database, expected: int, starts: bool
) -> None:
    with closing(Growing(database, worth_it=20, expected=expected)) as sink:
        assert is_beside(sink) is starts


def test_a_process_writes_while_batches_are_large_and_ends_with_them(
    database: Database, platform: str
) -> None:
    with closing(Growing(database, worth_it=8)) as sink:
        mine = Applier(database, platform, RULES, batch=5, sink=sink)
        mine.run_once()
        assert not is_beside(sink)
        mine.run_once()
        assert is_beside(sink)
        assert sink._beside is not None
        process = sink._beside._process
        mine.run_once()
        assert is_beside(sink)
        mine.batch = 2
        mine.run_once()
        assert not is_beside(sink)
        assert process.returncode == 0
        assert applied(database, platform) == 17
        mine.batch = 5
        apply_all(mine)
        again = journaled(database, FEED)
        apply(database, again)
        assert state(database, platform) == state(database, again)


def test_a_process_that_failed_is_replaced_once_batches_are_large_again(
    database: Database, platform: str
) -> None:
    with closing(Growing(database, worth_it=4)) as sink:
        mine = Applier(database, platform, RULES, batch=4, sink=sink)
        mine.run_once()
        assert sink._beside is not None
        os.kill(sink._beside._process.pid, signal.SIGKILL)
        with pytest.raises(DatabaseUnavailable, match="ended by itself"):
            apply_all(mine)
        assert not is_beside(sink)
        mine.run_once()
        assert is_beside(sink)
        apply_all(mine)
    assert applied(database, platform) == len(FEED)


def test_where_no_process_can_start_everything_is_written_here(
    database: Database, platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Beside:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(sinks, "Beside", refuse)
    with closing(Growing(database, worth_it=4)) as sink:
        apply_all(Applier(database, platform, RULES, batch=4, sink=sink))
    assert applied(database, platform) == len(FEED)
