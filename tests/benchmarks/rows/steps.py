"""The parts of the way: appending to the journal, and applying, by size of batch and of library."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from mirror.core.model import Micros
from mirror.core.rules import Rules
from mirror.store import journal
from mirror.store.engine import open_database
from mirror.store.platforms import DEFAULT
from mirror.sync.apply import Applier, apply_all
from tests.benchmarks import feeds
from tests.benchmarks.report import Figure, Point
from tests.benchmarks.runner import Bench, Call, Facts, copied, medians, scratch

HERE = "tests.benchmarks.rows.steps"
AT_ONCE = 128
BATCHES = (100, 1_000, 10_000)
APPENDED, APPLIED = 50_000, 20_000
FEW = {100: 5_000}
"""How many deliveries show the rate of a batch size, where it is not APPLIED."""


def measure(bench: Bench) -> Iterator[Figure | Point]:
    """Appending, then applying over a small library and over a large one."""
    work = str(bench.work)
    appended, applied = (400, 300) if bench.quick else (APPENDED, APPLIED)
    found = bench.turns({"append": Call(f"{HERE}:append", {"work": work, "deliveries": appended})})[
        "append"
    ]
    yield Figure(
        row="steps",
        what=f"journal, {AT_ONCE} rows a commit",
        unit="rows/s",
        figure=medians(found, "per_second"),
        samples={"figure": [facts["per_second"] for facts in found]},
    )
    for materials in (bench.sizes.fewer_materials, bench.sizes.materials):
        arguments = {"work": work, "materials": materials}
        prepared = {**arguments, "after": applied}
        bench.once(Call("tests.benchmarks.feeds:prepare_library", prepared))
        calls = {
            str(batch): Call(
                f"{HERE}:apply",
                {**arguments, "batch": batch, "deliveries": min(applied, FEW.get(batch, applied))},
            )
            for batch in BATCHES
        }
        for batch, rounds in bench.turns(calls).items():
            yield Figure(
                row="steps",
                what=f"apply, {int(batch):,} a batch, {materials:,} materials",
                unit="deliveries/s",
                figure=medians(rounds, "per_second"),
                samples={"figure": [facts["per_second"] for facts in rounds]},
            )
            yield Point(
                row="steps",
                chart="apply",
                line=f"{materials:,} materials",
                x=int(batch),
                y=medians(rounds, "per_second"),
            )


# ---------------------------------------------------------------------- in a process of its own


def append(work: str, deliveries: int) -> Facts:
    """Appends a feed, each commit durable; the chain must hold afterwards."""
    feed = feeds.lifelike(Path(work), deliveries)
    arrivals = [journal.Arrival(body, Micros(feeds.START)) for body in feed.bodies()]
    with scratch(work) as folder:
        path = folder / "mirror.db"
        with feeds.opened(path):
            pass
        with closing(open_database(f"sqlite:///{path}")) as database:
            rest = iter(arrivals)
            gc.collect()
            start = time.perf_counter()
            while some := list(islice(rest, AT_ONCE)):
                with database.write() as connection:
                    journal.append(connection, DEFAULT, some)
            seconds = time.perf_counter() - start
            with database.read() as connection:
                if journal.head(connection, DEFAULT) != deliveries:
                    raise AssertionError("Not all deliveries were appended")
                if list(journal.check_chain(connection, DEFAULT)):
                    raise AssertionError("The chain is broken")
    return {"per_second": deliveries / seconds, "seconds": seconds}


def apply(work: str, materials: int, deliveries: int, batch: int) -> Facts:
    """Applies what comes next over a library, in batches of one size, after one batch to warm up."""
    source = feeds.library(Path(work), materials)
    bodies = feeds.traffic(Path(work), materials, deliveries).bodies(0, deliveries)
    with scratch(work) as folder:
        path = copied(source, folder)
        with closing(open_database(f"sqlite:///{path}")) as database:
            feeds.append(database, bodies)
            applier = Applier(database, DEFAULT, Rules(), batch=batch)
            warm = applier.run_once() if deliveries > batch else 0
            gc.collect()
            start = time.perf_counter()
            total = apply_all(applier)
            seconds = time.perf_counter() - start
            feeds.require_sound(database)
        if warm + total != deliveries:
            raise AssertionError(f"{warm + total:,} of {deliveries:,} deliveries were applied")
    return {"per_second": total / seconds, "seconds": seconds}
