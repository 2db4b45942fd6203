"""Feeds in the journal of a real database, applied in batches as a test likes to cut them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from shutil import copyfile

from mirror.core.model import Micros, Seq
from mirror.core.rules import Rules
from mirror.store import journal, platforms
from mirror.store.engine import Database, open_database
from mirror.sync.apply import Applier, apply_all
from tests.properties.feeds import Arrival
from tests.support.database_rows import Row, State, database_rows, state_rows

_NUMBERS = count(1)


@contextmanager
def database_in(folder: Path, migrated: Path, name: str = "mirror.db") -> Iterator[Database]:
    """A new, migrated SQLite database, open for as long as the `with` lasts."""
    copyfile(migrated, folder / name)
    with closing(open_database(f"sqlite:///{folder / name}")) as opened:
        yield opened


def append(database: Database, platform: str, feed: Sequence[Arrival]) -> None:
    """Journal a feed, or the next part of one; redeliveries name places in the whole journal."""
    with database.write() as connection:
        journal.append(connection, platform, [arrival(one) for one in feed])


def arrival(one: Arrival) -> journal.Arrival:
    of = None if one.redelivery_of is None else Seq(one.redelivery_of)
    source: journal.Source = "reconcile" if one.source == "reconcile" else "callback"
    return journal.Arrival(one.body, Micros(one.at), source, of)


def journaled(database: Database, feed: Sequence[Arrival]) -> str:
    """Journal a feed on a platform of its own, so that many feeds share one database; its name."""
    platform = f"feed-{next(_NUMBERS)}"
    with database.write() as connection:
        platforms.add(connection, platform, now=Micros(1))
        journal.append(connection, platform, [arrival(one) for one in feed])
    return platform


def apply(
    database: Database, platform: str, *, batch: int = 5_000, rules: Rules | None = None
) -> None:
    """Apply all that is left, in batches of one size."""
    apply_all(Applier(database, platform, rules or Rules(), batch=batch))


def apply_cut(
    database: Database,
    platform: str,
    cuts: Iterable[int],
    *,
    rules: Rules | None = None,
    fresh: bool = False,
) -> None:
    """Apply all, in batches that end at the seqs in `cuts`; `fresh`: each by an applier that knows nothing."""
    rules = rules or Rules()
    applier = Applier(database, platform, rules)
    for cut in sorted(cuts):
        if fresh:
            applier = Applier(database, platform, rules)
        apply_all(applier, until=Seq(cut))
    apply_all(Applier(database, platform, rules) if fresh else applier)


def state(database: Database, platform: str, generation: int | None = None) -> State:
    """Every row of every state table of the live generation, or the one given."""
    with database.read() as connection:
        return state_rows(connection, platform, generation)


def public_rows(database: Database, platform: str) -> dict[str, set[Row]]:
    """The rows of the public views."""
    with database.read() as connection:
        return database_rows(connection, platform)
