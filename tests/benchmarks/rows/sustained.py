"""Callbacks at a steady rate over a large library, for long: how far the applier falls behind, and what is refused."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from mirror.core.rules import Rules
from mirror.store.engine import Database, open_database
from mirror.store.platforms import DEFAULT
from mirror.sync.beside import ApplierProcess, Job
from mirror.sync.verify import verify
from tests.benchmarks import feeds
from tests.benchmarks.load import Load, collect, quantile, start
from tests.benchmarks.report import Figure
from tests.benchmarks.runner import ROOT, Bench, Call, Facts, copied, environment, medians, scratch
from tests.benchmarks.servers import serving

HERE = "tests.benchmarks.rows.sustained"
CONNECTIONS = 64
LOOK_EVERY = 0.05
"""Seconds between two looks at how far behind the applier is."""
PATIENCE = 600.0
"""Seconds that the applier may take for what is left at the end."""
WHERE = """
    SELECT head_seq, (SELECT seq FROM checkpoints WHERE platform = p.platform
                      AND generation = p.generation)
    FROM platforms AS p JOIN heads USING (platform) WHERE platform = ?
"""


def measure(bench: Bench) -> Iterator[Figure]:
    """The long load, then how fast a backlog drains, then the load with and without a reader."""
    sizes = bench.sizes
    posts = max(
        round(sizes.rate * max(sizes.sustained_seconds, sizes.reading_seconds)), sizes.backlog
    )
    arguments = {"work": str(bench.work), "materials": sizes.materials}
    prepared = {**arguments, "after": posts}
    bench.once(Call("tests.benchmarks.feeds:prepare_library", prepared))
    load = {**arguments, "rate": sizes.rate, "proved": bench.quick}
    long = bench.turns(
        {"load": Call(f"{HERE}:run", {**load, "seconds": sizes.sustained_seconds, "read": False})},
        rounds=1,
    )["load"][0]
    yield from _sustained(bench, long)
    drain = {**arguments, "backlog": sizes.backlog}
    drained = bench.turns({"drain": Call(f"{HERE}:drain", drain)})["drain"]
    yield Figure(
        row="sustained",
        what=f"a backlog drains, {sizes.materials:,} materials",
        unit="deliveries/s",
        figure=medians(drained, "per_second"),
        goal=12_000,
        samples={"figure": [facts["per_second"] for facts in drained]},
        detail={"backlog": sizes.backlog},
    )
    yield _read_meanwhile(bench, load)


def _sustained(bench: Bench, facts: Facts) -> Iterator[Figure]:
    sizes = bench.sizes
    label = f"{sizes.rate:,}/s for {sizes.sustained_seconds:g} s, {sizes.materials:,} materials"
    detail = {
        name: facts[name]
        for name in ("posted", "accepted", "refused", "looks", "lag_longest_s", "drained_after_s")
    }
    yield Figure(
        row="sustained",
        what=f"durable callbacks, {label}",
        unit="callbacks/s",
        figure=facts["per_second"],
        goal=sizes.rate * 0.999,  # the last answer may come a little after the last second
        detail=detail,
    )
    for name, what, unit, goal in (
        ("lag_p99_s", "apply lag, p99", "s", 1.0),
        ("lag_p50_s", "apply lag, p50", "s", None),
        ("p99_ms", "callbacks, p99", "ms", None),
        ("p50_ms", "callbacks, p50", "ms", None),
        ("refused", "callbacks refused", "callbacks", 0),
    ):
        yield Figure(
            row="sustained",
            what=f"{what}, {label}",
            unit=unit,
            figure=facts[name],
            goal=goal,
            at_most=True,
        )


def _read_meanwhile(bench: Bench, load: Facts) -> Figure:
    seconds = bench.sizes.reading_seconds
    found = bench.turns(
        {
            name: Call(f"{HERE}:run", {**load, "seconds": seconds, "read": name == "busy"})
            for name in ("quiet", "busy")
        }
    )
    return Figure(
        row="sustained",
        what=f"p99 of callbacks at {bench.sizes.rate:,}/s with a reader busy",
        unit="ms",
        figure=medians(found["busy"], "p99_ms"),
        floor=medians(found["quiet"], "p99_ms"),
        against="the same without",
        goal=3.0,
        at_most=True,
        samples={
            "figure": [facts["p99_ms"] for facts in found["busy"]],
            "floor": [facts["p99_ms"] for facts in found["quiet"]],
        },
        detail={
            "pages": medians(found["busy"], "pages"),
            "seconds": seconds,
            "lag_p99_s": medians(found["busy"], "lag_p99_s"),
            "floor_lag_p99_s": medians(found["quiet"], "lag_p99_s"),
        },
    )


# ---------------------------------------------------------------------- in a process of its own


def run(
    *,
    work: str,
    materials: int,
    rate: int,
    seconds: float,
    read: bool,
    proved: bool,
) -> Facts:
    """Posts at a rate to a whole server; all that was accepted must be in the journal, and applied in the end."""
    source = feeds.library(Path(work), materials)
    feed = feeds.traffic(Path(work), materials, round(rate * seconds))
    with scratch(work) as folder:
        path = copied(source, folder)
        url = f"sqlite:///{path}"
        with serving("mirror", path) as server, closing(open_database(url, read_only=True)) as db:
            before, _, _ = _lag(db)
            with _reading(path, wanted=read) as pages:
                load = Load(
                    url=server.url,
                    feed=str(feed.path),
                    connections=CONNECTIONS,
                    count=round(rate * seconds),
                    rate=float(rate),
                )
                posting = start(load)
                lags = _watch(db, posting)
                facts = collect(posting)
            drained_after = _wait(db)
            head, applied, _ = _lag(db)
        if head - before != facts["accepted"] or applied != head:
            raise AssertionError(
                f"{facts['accepted']:,} accepted, {head - before:,} in the journal, "
                f"applied up to {applied:,} of {head:,}"
            )
        with closing(open_database(url)) as database:
            feeds.require_sound(database)
            if proved and (differences := list(verify(database, DEFAULT, Rules()))):
                raise AssertionError(f"verify found {len(differences)} differences")
    return facts | lags | {"drained_after_s": drained_after, "pages": pages[0]}


def _lag(database: Database) -> tuple[int, int, float]:
    """Head, checkpoint, and for how many seconds the oldest delivery has waited to be applied."""
    with database.read() as connection:
        head, applied = connection.exec_driver_sql(WHERE, (DEFAULT,)).one()
        if applied >= head:
            return head, applied, 0.0
        query = "SELECT received_at FROM journal WHERE platform = ? AND seq = ?"
        received = connection.exec_driver_sql(query, (DEFAULT, applied + 1)).scalar_one()
    return head, applied, max(0.0, time.time() - received / 1e6)


def _watch(database: Database, posting: subprocess.Popen[bytes]) -> Facts:
    """Looks at the lag for as long as something is posted."""
    seen = []
    while posting.poll() is None:
        seen.append(_lag(database)[2])
        time.sleep(LOOK_EVERY)
    seen.sort()
    return {
        "looks": len(seen),
        "lag_p50_s": quantile(seen, 0.5),
        "lag_p99_s": quantile(seen, 0.99),
        "lag_longest_s": seen[-1],
    }


def _wait(database: Database) -> float:
    """Waits until all is applied; returns the seconds that took. Raises AssertionError if it never is."""
    started = time.monotonic()
    while True:
        head, applied, _ = _lag(database)
        taken = time.monotonic() - started
        if applied == head:
            return taken
        if taken > PATIENCE:
            raise AssertionError(f"{head - applied:,} deliveries were still not applied")
        time.sleep(LOOK_EVERY)


@contextmanager
def _reading(path: Path, *, wanted: bool) -> Iterator[list[int]]:
    """A process that reads page after page meanwhile; afterwards the list holds how many those were."""
    pages = [0]
    if not wanted:
        yield pages
        return
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.reader", str(path)],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield pages
        told, _ = process.communicate("", timeout=PATIENCE)
        pages[0] = int(told)
    finally:
        process.kill()
        process.wait()


def drain(work: str, materials: int, backlog: int) -> Facts:
    """Has the applier, the same process as beside a server, work off what the journal holds already."""
    source = feeds.library(Path(work), materials)
    bodies = feeds.traffic(Path(work), materials, backlog).bodies(0, backlog)
    with scratch(work) as folder:
        path = copied(source, folder)
        with feeds.opened(path) as database:
            feeds.append(database, bodies)
        url = f"sqlite:///{path}"
        applier = ApplierProcess(Job(url, Rules(), log_level="warning"))
        started = time.perf_counter()
        applier.start()
        drained = applier.stop(PATIENCE)
        seconds = time.perf_counter() - started
        with closing(open_database(url)) as database:
            head, applied, _ = _lag(database)
            feeds.require_sound(database)
    if not drained or applied != head:
        raise AssertionError(f"The applier ended at {applied:,} of {head:,}")
    return {"per_second": backlog / seconds, "seconds": seconds}
