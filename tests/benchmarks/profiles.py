"""Where the time of a figure goes: own time by part of the program, measured by cProfile in one process.

    python -m tests.benchmarks.profiles rebuild        or: apply
    python -m tests.benchmarks.profiles rebuild --functions 30

The profiler makes each Python call dearer, and calls into C not; so shares are hints, not figures.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from mirror.core.rules import Rules
from mirror.store.engine import open_database
from mirror.store.platforms import DEFAULT
from mirror.sync.apply import Applier, apply_all
from mirror.sync.rebuild import rebuild
from tests.benchmarks import feeds
from tests.benchmarks.runner import copied, scratch

PARTS = (
    ("mirror/core/decod", "decoding bodies"),
    ("mirror/core/", "the rules: fold, working set, changes"),
    ("mirror/store/chain", "the hash chain"),
    ("mirror/store/journal", "reading and appending the journal"),
    ("mirror/store/state", "loading rows"),
    ("mirror/store/writes", "laying out what is written"),
    ("mirror/store/rows", "laying out what is written"),
    ("mirror/store/", "the rest of the store"),
    ("mirror/sync/", "receiver and applier"),
    ("sqlalchemy/", "SQLAlchemy"),
    ("msgspec", "msgspec: JSON and structs"),
    ("hashlib", "SHA-256"),
    ("_sha", "SHA-256"),
    ("openssl", "SHA-256"),
    ("executemany", "SQLite: executemany"),
    ("fetch", "SQLite: fetching rows"),
    ("sqlite3.", "SQLite: other statements, COMMIT with its fsync"),
    ("dbapi2", "SQLite: other statements, COMMIT with its fsync"),
)
"""What a function's file or name holds, and what it counts as; the first that fits counts."""

Profile = Callable[[Path, int], pstats.Stats]


def rebuilding(work: Path, deliveries: int) -> pstats.Stats:
    """A rebuild of a lifelike feed."""
    with scratch(work) as folder:
        path = copied(feeds.journaled(work, deliveries), folder)
        with closing(open_database(f"sqlite:///{path}")) as database:
            return _profiled(lambda: rebuild(database, DEFAULT, Rules()))


def applying(work: Path, deliveries: int) -> pstats.Stats:
    """The same feed, applied as beside a server that has fallen behind."""
    with scratch(work) as folder:
        path = copied(feeds.journaled(work, deliveries), folder)
        with closing(open_database(f"sqlite:///{path}")) as database:
            return _profiled(lambda: apply_all(Applier(database, DEFAULT, Rules())))


def _profiled(work: Callable[[], object]) -> pstats.Stats:
    profile = cProfile.Profile()
    profile.runcall(work)
    return pstats.Stats(profile)


KINDS: dict[str, Profile] = {"rebuild": rebuilding, "apply": applying}


def shares(stats: pstats.Stats) -> list[tuple[str, float]]:
    """Parts and their share of all own time, the largest first."""
    seconds: Counter[str] = Counter()
    # pstats has no public way to its numbers, which are documented nowhere and stable since 1994.
    table = vars(stats)["stats"]
    for (file, _, name), (_, _, own, _, _) in table.items():
        seconds[_part(f"{file} {name}".replace("\\", "/"))] += own
    total = sum(seconds.values())
    return [(part, own / total) for part, own in seconds.most_common()]


def _part(where: str) -> str:
    return next((part for sign, part in PARTS if sign in where), "Python itself and the rest")


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    made = argparse.ArgumentParser(prog="python -m tests.benchmarks.profiles")
    made.add_argument("kind", choices=KINDS)
    made.add_argument("--deliveries", type=int, default=50_000, metavar="N")
    made.add_argument("--functions", type=int, default=0, metavar="N", help="name the N dearest")
    made.add_argument("--work", type=Path, metavar="DIR", help="keep feeds here")
    return made


def main(arguments: list[str] | None = None) -> None:
    """Is the command."""
    options = parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="mirror-bench-") as temporary:
        work = options.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        stats = KINDS[options.kind](work.resolve(), options.deliveries)
    for part, share in shares(stats):
        print(f"{share:6.1%}  {part}")
    if options.functions:
        stats.sort_stats("tottime").print_stats(options.functions)


if __name__ == "__main__":
    main()
