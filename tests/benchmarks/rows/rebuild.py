"""A rebuild against the least that it could do: reading, decoding, and writing every row it ends with."""

from __future__ import annotations

import gc
import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Table

from mirror.core.decode import decode
from mirror.core.model import Seq
from mirror.core.rules import Rules
from mirror.store import ddl, journal, schema
from mirror.store.engine import Connection, Database, open_database
from mirror.store.platforms import DEFAULT
from mirror.sync.rebuild import rebuild, rebuild_into
from tests.benchmarks import feeds
from tests.benchmarks.report import Figure, Point
from tests.benchmarks.runner import (
    Bench,
    Call,
    Facts,
    copied,
    medians,
    peak_memory,
    scratch,
)

HERE = "tests.benchmarks.rows.rebuild"
CHUNK = 20_000
MAIN = ("mirror", "floor")
COMPARED = 200_000
"""Up to so many deliveries every row is compared, above that how many there are: it takes as long as a rebuild."""


def measure(bench: Bench) -> Iterator[Figure | Point]:
    """Time against the floor at three sizes, the other ways to rebuild, and memory at two sizes."""
    small, large = bench.sizes.fewer_deliveries, bench.sizes.deliveries
    yield from _points(_at(bench, small // 10, MAIN), small // 10)
    at_small = _at(bench, small, (*MAIN, "in_place", "into"))
    yield _time(f"rebuild of {small:,} deliveries", at_small, "mirror", small)
    yield _time(f"the same over state that it replaces ({small:,})", at_small, "in_place", small)
    yield _time(f"the same into another file ({small:,})", at_small, "into", small)
    yield from _points(at_small, small)
    if large <= small:
        return
    at_large = _at(bench, large, MAIN)
    yield _time(f"rebuild of {large:,} deliveries", at_large, "mirror", large, goal=2.0)
    yield from _points(at_large, large)
    yield Figure(
        row="rebuild",
        what=f"peak memory of a rebuild of {large:,} deliveries",
        unit="MiB",
        figure=medians(at_large["mirror"], "peak") / 2**20,
        floor=medians(at_small["mirror"], "peak") / 2**20,
        against=f"of {small:,}",
        goal=1.5,
        at_most=True,
        samples={
            "figure": [facts["peak"] for facts in at_large["mirror"]],
            "floor": [facts["peak"] for facts in at_small["mirror"]],
        },
    )


def _points(found: dict[str, list[Facts]], deliveries: int) -> Iterator[Point]:
    for variant, line in (("mirror", "rebuild"), ("floor", "read, decode, insert")):
        rate = deliveries / medians(found[variant], "seconds")
        yield Point(row="rebuild", chart="rebuild", line=line, x=deliveries, y=rate)


def _at(bench: Bench, deliveries: int, variants: Sequence[str]) -> dict[str, list[Facts]]:
    """Measures at one size; every variant must end with the same rows."""
    work = str(bench.work)
    ended = bench.once(Call(f"{HERE}:prepare", {"work": work, "deliveries": deliveries}))
    arguments = {"work": work, "deliveries": deliveries}
    found = bench.turns({name: Call(f"{HERE}:{name}", arguments) for name in variants})
    for name, rounds in found.items():
        for facts in rounds:
            wrong = [
                table for table, of in ended["digests"].items() if facts["digests"][table] != of
            ]
            if wrong:
                raise AssertionError(
                    f"{name} of {deliveries:,} deliveries ended with other rows in {wrong}. "
                    "If the rules were changed, empty the work folder."
                )
    return found


def _time(
    what: str,
    found: dict[str, list[Facts]],
    variant: str,
    deliveries: int,
    goal: float | None = None,
) -> Figure:
    seconds, floor = medians(found[variant], "seconds"), medians(found["floor"], "seconds")
    return Figure(
        row="rebuild",
        what=what,
        unit="s",
        figure=seconds,
        floor=floor,
        against="reading, decoding, and inserting every row, indexes last",
        goal=goal,
        at_most=True,
        samples={
            "figure": [facts["seconds"] for facts in found[variant]],
            "floor": [facts["seconds"] for facts in found["floor"]],
        },
        detail={
            "deliveries": deliveries,
            "variant": variant,
            "per_second": deliveries / seconds,
            "rows": found["floor"][0]["rows"],
            "peak_bytes": medians(found[variant], "peak"),
            **{
                f"floor_{part}": medians(found["floor"], part)
                for part in ("reading", "inserting", "indexing")
            },
        },
    )


# ---------------------------------------------------------------------- in a process of its own


def prepare(work: str, deliveries: int) -> Facts:
    """Makes what the others start from; digests of the rows that a rebuild must end with."""
    path = feeds.applied(Path(work), deliveries)
    with closing(open_database(f"sqlite:///{path}", read_only=True)) as database:
        return {"digests": _digests(database, deliveries)}


def mirror(work: str, deliveries: int) -> Facts:
    """`mirror rebuild` where nothing had been applied yet."""
    return _in_place(feeds.journaled(Path(work), deliveries), work, deliveries)


def in_place(work: str, deliveries: int) -> Facts:
    """`mirror rebuild` over state that it compares and replaces; the old rows' removal included."""
    return _in_place(feeds.applied(Path(work), deliveries), work, deliveries)


def _in_place(source: Path, work: str, deliveries: int) -> Facts:
    with scratch(work) as folder:
        path = copied(source, folder)
        with closing(open_database(f"sqlite:///{path}")) as database:
            gc.collect()
            start = time.perf_counter()
            report = rebuild(database, DEFAULT, Rules())
            seconds = time.perf_counter() - start
            peak = peak_memory()
            return {
                "seconds": seconds,
                "peak": peak,
                "deliveries": report.deliveries,
                "digests": _digests(database, deliveries),
            }


def into(work: str, deliveries: int) -> Facts:
    """`mirror rebuild --into`, which copies the journal, too."""
    with scratch(work) as folder:
        source = copied(feeds.journaled(Path(work), deliveries), folder)
        with (
            closing(open_database(f"sqlite:///{source}")) as database,
            closing(open_database(f"sqlite:///{folder / 'into.db'}")) as target,
        ):
            gc.collect()
            start = time.perf_counter()
            report = rebuild_into(database, target, DEFAULT, Rules())
            seconds = time.perf_counter() - start
            peak = peak_memory()
            return {
                "seconds": seconds,
                "peak": peak,
                "deliveries": report.deliveries,
                "digests": _digests(target, deliveries),
            }


def floor(work: str, deliveries: int) -> Facts:
    """Reads and decodes the journal, then inserts the rows of the applied state; nothing is decided.

    What it takes to get at those rows is not counted: a rebuild has them in memory.
    """
    journaled, applied = (make(Path(work), deliveries) for make in (feeds.journaled, feeds.applied))
    with scratch(work) as folder:
        source = copied(journaled, folder, "journal.db")
        with (
            closing(open_database(f"sqlite:///{source}", read_only=True)) as database,
            closing(open_database(f"sqlite:///{applied}", read_only=True)) as state,
            closing(open_database(f"sqlite:///{folder / 'floor.db'}")) as target,
        ):
            indexes = _tables_alone(target)
            gc.collect()
            reading = _read_and_decode(database)
            inserting, indexing, rows = _insert(state, target, indexes)
            return {
                "seconds": reading + inserting + indexing,
                "reading": reading,
                "inserting": inserting,
                "indexing": indexing,
                "rows": rows,
                "peak": peak_memory(),
                "digests": _digests(target, deliveries),
            }


def _tables_alone(target: Database) -> list[str]:
    """Makes the schema without its secondary indexes; returns the statements that make those."""
    made = ddl.statements("sqlite")
    indexes = [one for one in made if one.startswith(("CREATE INDEX", "CREATE UNIQUE INDEX"))]
    with target.write() as connection:
        for statement in made:
            if statement not in indexes:
                connection.exec_driver_sql(statement)
    names = {table.name for table in schema.STATE}
    return [one for one in indexes if one.split(" ON ")[1].split(" ")[0] in names]


def _read_and_decode(database: Database) -> float:
    start = time.perf_counter()
    after = Seq(0)
    while True:
        with database.read() as connection:
            some = journal.read(connection, DEFAULT, after, CHUNK)
        if not some:
            return time.perf_counter() - start
        for delivery in some:
            decode(delivery.body, delivery.source)
        after = some[-1].seq


def _insert(state: Database, target: Database, indexes: Sequence[str]) -> tuple[float, float, int]:
    """Seconds of inserting and of indexing, the commit included; and how many rows."""
    inserting, total = 0.0, 0
    with target.write() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        for table in schema.STATE:
            text = f"INSERT INTO {table.name} VALUES ({', '.join('?' * len(table.columns))})"  # noqa: S608
            for rows in _rows(state, table.name):
                start = time.perf_counter()
                driver.executemany(text, rows)
                inserting += time.perf_counter() - start
                total += len(rows)
        start = time.perf_counter()
        for statement in indexes:
            driver.execute(statement)
        indexing = time.perf_counter() - start
        start = time.perf_counter()
    return inserting + time.perf_counter() - start, indexing, total


def _rows(state: Database, table: str) -> Iterator[list[tuple[Any, ...]]]:
    with state.read() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        cursor = driver.execute(f"SELECT * FROM {table}")  # noqa: S608 - a table of ours
        while rows := cursor.fetchmany(CHUNK):
            yield rows


def _digests(database: Database, deliveries: int) -> dict[str, str]:
    """Of the rows of each state table, but for the generation that made them; of many, their number."""
    found = {}
    with database.read() as connection:
        for table in schema.STATE:
            if deliveries > COMPARED:
                count = connection.exec_driver_sql(f"SELECT count(*) FROM {table.name}")  # noqa: S608
                found[table.name] = f"{count.scalar_one()} rows"
                continue
            digest = hashlib.sha256()
            for row in _ordered(connection, table):
                digest.update(repr((row[0], *row[2:])).encode())
            found[table.name] = digest.hexdigest()
    return found


def _ordered(connection: Connection, table: Table) -> Iterator[tuple[Any, ...]]:
    driver = connection.connection.driver_connection
    assert driver is not None
    keys = ", ".join(column.name for column in table.primary_key)
    yield from driver.execute(f"SELECT * FROM {table.name} ORDER BY {keys}")  # noqa: S608
