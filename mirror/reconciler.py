"""Wires reconciliation: the client of the platform, the journal that observations go into, and the applier.

Takes plain values; who reads the settings is `mirror.service`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from msgspec import Struct

from mirror.core.model import Correction, Owner, Seq
from mirror.core.rules import Rules
from mirror.platform.client import PlatformClient
from mirror.platform.pacing import Clock
from mirror.platform.reader import PlatformReader
from mirror.store import journal, platforms, reconciling
from mirror.store.engine import Database
from mirror.store.reconciling import Tally
from mirror.sync.observing import BudgetSpent, Tell
from mirror.sync.reading import DrySink, JournalSink, Sink
from mirror.sync.reconcile import Outcome, Reconciler
from mirror.sync.settle import settle
from mirror.sync.watch import Watch


class Access(Struct, frozen=True):
    """What the platform's API is read with. Its text form shows no key."""

    secret_id: str
    secret_key: str
    endpoint: str
    rate: float  # calls a second of each kind

    def __repr__(self) -> str:
        """Name the endpoint alone."""
        return f"Access(endpoint={self.endpoint!r})"


class Report(Struct, frozen=True):
    """What one run did, and what it put right (or, dry, would have), by kind."""

    platform: str
    calls: int
    owners: int
    complete: bool
    dry: bool
    corrections: tuple[Tally, ...]
    refused: tuple[Owner, ...] = ()  # owners that the platform would not tell of


@contextmanager
def _reader(
    database: Database, platform: str, access: Access, clock: Clock | None = None
) -> Iterator[PlatformReader]:
    with database.read() as connection:
        platform_id = platforms.resolve(connection, platform).platform_id
    with PlatformClient(
        platform_id,
        access.endpoint,
        access.secret_id,
        access.secret_key,
        rate=access.rate,
        clock=clock,
    ) as client:
        yield PlatformReader(client)


def reconcile(  # noqa: PLR0913 - what the command offers
    database: Database,
    platform: str,
    rules: Rules,
    access: Access,
    *,
    only: Sequence[Owner] = (),
    full: bool = False,
    dry: bool = False,
    budget: int | None = None,
    tell: Tell = lambda _what, _count: None,
) -> Report:
    """Run one reconciliation of a platform.

    `dry` reads everything and writes nothing. Raises PlatformUnavailable if the platform can't be read (what was read
    before is kept, and the next run goes on), and ConfigurationError if it refuses the key.
    """
    settle(database, platform, rules)
    with database.read() as connection:
        before = journal.head(connection, platform)
    dry_sink = DrySink(database, platform, rules) if dry else None
    sink: Sink = dry_sink or JournalSink(database, platform, _settled(database, platform, rules))
    with _reader(database, platform, access) as reader:
        run = Reconciler(database, platform, reader, sink, budget=budget, tell=tell, dry=dry)
        outcome = run.run(only=only, full=full)
    if dry_sink is not None:
        return _report(platform, outcome, _counted(dry_sink.corrections), dry=True)
    with database.read() as connection:
        found = reconciling.tallies(connection, platform, before)
    return _report(platform, outcome, found, dry=False)


def _settled(database: Database, platform: str, rules: Rules) -> Callable[[Seq], None]:
    def up_to(_: Seq) -> None:
        settle(database, platform, rules)

    return up_to


def _report(platform: str, outcome: Outcome, found: Sequence[Tally], *, dry: bool) -> Report:
    return Report(
        platform,
        outcome.calls,
        outcome.owners,
        outcome.complete,
        dry,
        tuple(found),
        outcome.refused,
    )


def _counted(corrections: Sequence[Correction]) -> list[Tally]:
    counts: dict[tuple[str, str | None], int] = {}
    for correction in corrections:
        kind = (correction.label, correction.event_type)
        counts[kind] = counts.get(kind, 0) + 1
    return [Tally(*kind, counts[kind]) for kind in sorted(counts, key=str)]


@contextmanager
def watching(database: Database, rules: Rules, access: Access) -> Iterator[None]:
    """Reconcile every platform of the database beside a server, as long as the body runs."""
    with database.read() as connection:
        names = [known.name for known in platforms.listed(connection) if known.removed_at is None]
    stop = threading.Event()
    with ExitStack() as stack:
        for name in names:
            reader = stack.enter_context(_reader(database, name, access, _Clock(stop)))
            watch = _watch(database, name, rules, reader, access.rate, stop)
            stack.callback(watch.stop, STOP_SECONDS)
            watch.start()
        try:
            yield
        finally:
            stop.set()


STOP_SECONDS = 5.0
"""Seconds that a read under way has to end in, when the server stops."""


class _Clock:
    """Time for the client of a watch: being told to stop ends a wait between two attempts."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait; raise BudgetSpent when told to stop."""
        if self._stop.wait(seconds):
            raise BudgetSpent


def _watch(
    database: Database,
    platform: str,
    rules: Rules,
    reader: PlatformReader,
    rate: float,
    stop: threading.Event,
) -> Watch:
    sink = JournalSink(database, platform, _settled(database, platform, rules))

    def make(stopping: Callable[[], bool]) -> Reconciler:
        return Reconciler(database, platform, reader, sink, stopping=stopping)

    return Watch(database, platform, make, clock=time.monotonic, rate=rate, stop=stop)
