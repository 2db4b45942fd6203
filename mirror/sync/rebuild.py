"""Recomputes state from the journal: beside the live state and then swapped in, or into another database.

In place, a new generation is filled while receivers append and the applier goes on; the last deliveries and the swap
are one transaction, so a reader sees the old state or the new one. The old rows are deleted afterwards.
"""

from __future__ import annotations

from contextlib import closing

from msgspec import Struct

from mirror.core.model import Seq
from mirror.core.rules import Rules
from mirror.errors import Broken, InputError, LeaseLost
from mirror.store import checkpoints, compare, journal, migrate, platforms
from mirror.store.engine import Connection, Database
from mirror.store.journal import Arrival
from mirror.sync.apply import Applier, Progress, apply_all
from mirror.sync.calm import calm
from mirror.sync.sinks import Growing

BATCH = 25_000
"""Deliveries a batch: a rebuild answers nobody, so it shares each write among many."""

NEARLY = 1_000
"""With fewer deliveries than this to go, the rest is applied in the transaction that swaps."""


class RebuildReport(Struct, frozen=True):
    """What a rebuild did. `changed_feed`: change rows differ from the old ones, so the feed starts a new generation."""

    platform: str
    deliveries: int
    seq: Seq
    generation: int
    changed_feed: bool = False


def rebuild(
    database: Database, platform: str, rules: Rules, *, progress: Progress | None = None
) -> RebuildReport:
    """Rebuild one platform's state in place.

    Raises `LeaseLost` if another rebuild of the platform was started meanwhile; the live state is untouched then.
    """
    with database.write() as connection:
        generation = checkpoints.open_generation(
            connection, platform, rules.stamp, database.now(connection)
        )
        head = journal.head(connection, platform)
    drop_abandoned(database, platform)
    with calm(), closing(Growing(database, expected=head)) as sink:
        applier = Applier(database, platform, rules, generation=generation, batch=BATCH, sink=sink)
        total = _catch_up(applier, progress)
        report = _swap(database, applier, platform, generation, total)
    drop_abandoned(database, platform)
    return report


def _catch_up(applier: Applier, progress: Progress | None) -> int:
    total = 0
    while True:
        count = applier.run_once()
        total += count
        if progress is not None:
            progress(count)
        if count < NEARLY:
            applier.settle()
            return total


def _swap(
    database: Database, applier: Applier, platform: str, generation: int, total: int
) -> RebuildReport:
    with database.read() as connection:
        live = checkpoints.live_generation(connection, platform)
        checked = min(applier.seq, _applied(connection, platform, live))
        differs = compare.changes_differ(connection, platform, live, generation, Seq(0), checked)
    with database.write() as connection:
        if checkpoints.live_generation(connection, platform, lock=True) != live:
            raise LeaseLost(f"Platform '{platform}': another rebuild swapped its state in first.")
        total += applier.finish_in(connection)
        done = checkpoints.current(connection, platform, generation)
        if done is None:
            raise LeaseLost(f"Platform '{platform}': another rebuild was started; this one ended.")
        # Nobody has been told of what the live state had not applied yet.
        told = min(done.seq, _applied(connection, platform, live))
        differs = differs or compare.changes_differ(
            connection, platform, live, generation, checked, told
        )
        checkpoints.swap(connection, platform, generation, new_feed=differs)
    return RebuildReport(platform, total, done.seq, generation, differs)


def _applied(connection: Connection, platform: str, generation: int) -> Seq:
    checkpoint = checkpoints.current(connection, platform, generation)
    return Seq(0) if checkpoint is None else checkpoint.seq


def drop_abandoned(database: Database, platform: str) -> None:
    """Delete, in short transactions, the rows of generations that are neither live nor being filled."""
    with database.read() as connection:
        stale = [
            generation
            for generation in checkpoints.abandoned(connection, platform)
            if checkpoints.current(connection, platform, generation) is None
        ]
    for generation in stale:
        while True:
            with database.write() as connection:
                if not checkpoints.drop_some(connection, platform, generation):
                    break


class Copy:
    """A platform's journal and state as they grow in another database, which must be empty at first."""

    def __init__(self, database: Database, target: Database, platform: str, rules: Rules) -> None:
        """Prepare the target; raise `InputError` if it holds anything already."""
        self._database = database
        self._target = target
        self._platform = platform
        self._copied = Seq(0)
        migrate.upgrade(target)
        with database.read() as connection:
            source = platforms.resolve(connection, platform)
        with target.write() as connection:
            if platforms.holds_anything(connection):
                raise InputError(
                    "The target database is not empty; name one that does not exist yet."
                )
            platforms.adopt(connection, source)
        self._rules = rules

    def extend(self, until: Seq, progress: Progress | None = None) -> int:
        """Copy and apply the deliveries up to `until`; return how many that were."""
        while self._copied < until:
            self._copied = self._copy(until)
        with calm(), closing(Growing(self._target, expected=until)) as sink:
            applier = Applier(self._target, self._platform, self._rules, batch=BATCH, sink=sink)
            return apply_all(applier, progress=progress)

    def _copy(self, until: Seq) -> Seq:
        with self._database.read() as connection:
            some = journal.read(connection, self._platform, self._copied, BATCH, until)
        if not some:
            raise Broken(
                f"Platform '{self._platform}': the journal ends before delivery {until}, up to "
                "which state was applied; run `mirror verify`."
            )
        with self._target.write() as connection:
            journal.append(
                connection,
                self._platform,
                [Arrival(d.body, d.received_at, d.source, d.redelivery_of) for d in some],
            )
        return some[-1].seq


def rebuild_into(
    database: Database,
    target: Database,
    platform: str,
    rules: Rules,
    *,
    until: Seq | None = None,
    progress: Progress | None = None,
) -> RebuildReport:
    """Copy the journal up to `until` into an empty database and compute the state there.

    Raises `InputError` if the target holds any delivery or platform already.
    """
    copy = Copy(database, target, platform, rules)
    with database.read() as connection:
        head = journal.head(connection, platform)
    last = head if until is None else min(until, head)
    total = copy.extend(last, progress)
    with target.read() as connection:
        generation = checkpoints.live_generation(connection, platform)
    return RebuildReport(platform, total, last, generation)
