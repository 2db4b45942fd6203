"""How much room a delivery takes: `python -m tests.benchmarks.growth [DELIVERIES]`, on SQLite.

A simulated platform works until it has sent so many callbacks; they are journaled and applied, and
the size of the file is divided by their number.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from mirror.core.model import Micros
from mirror.core.rules import Rules
from mirror.platform.simulator import Platform, Workload
from mirror.store import journal, migrate
from mirror.store.engine import Database, open_database
from mirror.store.journal import Arrival
from mirror.store.platforms import DEFAULT
from mirror.store.queries import measures
from mirror.sync.apply import Applier, apply_all

SEED = 1
START, SPACING = 1_700_000_000_000_000, 200_000


class Growth(Struct, frozen=True):
    """Bytes a delivery: as received, in the journal, and in the whole database once it is applied."""

    deliveries: int
    body: float
    journal: float
    together: float


def measure(deliveries: int, folder: Path) -> Growth:
    """Fills a new database in `folder`, and measures it."""
    bodies = _bodies(deliveries)
    with closing(open_database(f"sqlite:///{folder / 'growth.db'}")) as database:
        migrate.upgrade(database)
        empty = _size(database)
        for first in range(0, deliveries, 1_000):
            arrivals = [
                Arrival(body, Micros(START + place * SPACING))
                for place, body in enumerate(bodies[first : first + 1_000], first)
            ]
            with database.write() as connection:
                journal.append(connection, DEFAULT, arrivals)
        journaled = _size(database)
        apply_all(Applier(database, DEFAULT, Rules()))
        applied = _size(database)
    received = sum(map(len, bodies))
    sizes = (received, journaled - empty, applied - empty)
    return Growth(deliveries, *(size / deliveries for size in sizes))


def _bodies(deliveries: int) -> list[bytes]:
    """What a platform sends in the end, in the order in which it happened."""
    platform = Platform(SEED, persons=3, teams=3)
    workload = Workload(platform, SEED)
    bodies: list[bytes] = []
    while len(bodies) < deliveries:
        workload.run(1_000)
        bodies += [sent.body for sent in platform.drain()]
    return bodies[:deliveries]


def _size(database: Database) -> int:
    with database.read() as connection:
        return measures.measures(connection).database_bytes


def main() -> None:
    """Prints what a delivery takes."""
    deliveries = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        growth = measure(deliveries, Path(folder))
    print(f"{growth.deliveries:,} deliveries; bytes of each:")
    print(f"{growth.body:8.0f}  as received")
    print(f"{growth.journal:8.0f}  in the journal")
    print(f"{growth.together:8.0f}  in the whole database")


if __name__ == "__main__":
    main()
