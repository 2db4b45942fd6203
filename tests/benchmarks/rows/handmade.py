"""Two handlers that people write by hand, posted to like mirror: callbacks a second, p99, and the rate of applying."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from mirror.core.rules import Rules
from mirror.store.engine import open_database
from mirror.store.platforms import DEFAULT
from mirror.sync.apply import Applier, apply_all
from tests.benchmarks import feeds
from tests.benchmarks.handmade.handlers import work_once
from tests.benchmarks.handmade.models import Material, Queued
from tests.benchmarks.load import Load, post
from tests.benchmarks.report import Figure
from tests.benchmarks.rows.callbacks import posts
from tests.benchmarks.runner import Bench, Call, Facts, copied, medians, scratch
from tests.benchmarks.servers import handmade, serving

HERE = "tests.benchmarks.rows.handmade"
CALLBACKS = "tests.benchmarks.rows.callbacks"
CONNECTIONS = 64
PAIRS = (
    ("receiver", "per_event", "a commit an event through the ORM"),
    ("mirror", "queue", "a queue table, its worker beside it"),
)
LINES = {"receiver": "receiver alone", "mirror": "receiver and applier"}
APPLIED = 3_000


def measure(bench: Bench) -> Iterator[Figure]:
    """The same load on each, then the same feed applied by each."""
    sizes, work = bench.sizes, str(bench.work)
    feed = bench.once(Call(f"{CALLBACKS}:prepare", {"work": work, "posts": posts(bench)}))["path"]
    load = {
        "work": work,
        "feed": feed,
        "connections": min(CONNECTIONS, max(sizes.connections)),
        "seconds": sizes.load_seconds,
    }
    calls = {
        kind: Call(f"{CALLBACKS if kind in LINES else HERE}:run", {**load, "kind": kind})
        for pair in PAIRS
        for kind in pair[:2]
    }
    found = bench.turns(calls)
    for ours, theirs, words in PAIRS:
        goal = ours == "receiver"
        yield _compared(found, ours, theirs, words, "per_second", 20.0 if goal else None)
        yield _compared(found, ours, theirs, words, "p99_ms", 0.1 if goal else None)
    yield _applying(bench)


def _compared(
    found: dict[str, list[Facts]],
    ours: str,
    theirs: str,
    words: str,
    fact: str,
    goal: float | None,
) -> Figure:
    rate = fact == "per_second"
    return Figure(
        row="handmade",
        what=f"{'durable callbacks' if rate else 'p99 of callbacks'}, {LINES[ours]}, against {words}",
        unit="callbacks/s" if rate else "ms",
        figure=medians(found[ours], fact),
        floor=medians(found[theirs], fact),
        against=words,
        goal=goal,
        at_most=not rate,
        samples={
            "figure": [facts[fact] for facts in found[ours]],
            "floor": [facts[fact] for facts in found[theirs]],
        },
    )


def _applying(bench: Bench) -> Figure:
    deliveries = bench.sizes.fewer_deliveries // 3 if bench.quick else APPLIED
    arguments = {"work": str(bench.work), "deliveries": deliveries}
    bench.once(Call("tests.benchmarks.rows.rebuild:prepare", arguments))
    found = bench.turns(
        {name: Call(f"{HERE}:{name}", arguments) for name in ("mirror_applies", "worker_applies")}
    )
    return Figure(
        row="handmade",
        what=f"{deliveries:,} deliveries applied, against the queue's worker",
        unit="deliveries/s",
        figure=medians(found["mirror_applies"], "per_second"),
        floor=medians(found["worker_applies"], "per_second"),
        against="a queue table, its worker alone",
        samples={
            "figure": [facts["per_second"] for facts in found["mirror_applies"]],
            "floor": [facts["per_second"] for facts in found["worker_applies"]],
        },
    )


# ---------------------------------------------------------------------- in a process of its own


def run(work: str, feed: str, kind: str, connections: int, seconds: float) -> Facts:
    """Posts to one of the handlers for so long; what it accepted must have left rows."""
    with scratch(work) as folder:
        path = folder / "handmade.db"
        with serving(kind, path) as server:
            facts = post(
                Load(
                    url=server.url, feed=feed, connections=connections, seconds=seconds, again=True
                )
            )
        engine = handmade(str(path))
        with Session(engine) as session:
            queued = session.scalar(sa.select(sa.func.count()).select_from(Queued))
            materials = session.scalar(sa.select(sa.func.count()).select_from(Material))
        engine.dispose()
    kept = queued == facts["accepted"] if kind == "queue" else bool(materials)
    if facts["refused"] or facts["lost_connections"] or not kept:
        raise AssertionError(f"{kind} did not keep what it accepted: {facts}")
    return facts


def worker_applies(work: str, deliveries: int) -> Facts:
    """Applies a queue one event after the other."""
    bodies = feeds.lifelike(Path(work), deliveries).bodies()
    with scratch(work) as folder:
        engine = handmade(str(folder / "handmade.db"))
        fill_queue(engine, bodies)
        start = time.perf_counter()
        total = 0
        while work_once(engine):
            total += 1
        seconds = time.perf_counter() - start
        engine.dispose()
    if total != deliveries:
        raise AssertionError(f"{total:,} of {deliveries:,} were applied")
    return {"per_second": total / seconds, "seconds": seconds}


def fill_queue(engine: sa.Engine, bodies: Iterator[bytes]) -> None:
    """Puts bodies into the queue's table."""
    with Session(engine) as session, session.begin():
        session.add_all(Queued(event=json.loads(body)) for body in bodies)


def mirror_applies(work: str, deliveries: int) -> Facts:
    """Applies the same journal with mirror's applier, as it does beside a server."""
    source = feeds.journaled(Path(work), deliveries)
    with scratch(work) as folder:
        path = copied(source, folder)
        with closing(open_database(f"sqlite:///{path}")) as database:
            start = time.perf_counter()
            total = apply_all(Applier(database, DEFAULT, Rules()))
            seconds = time.perf_counter() - start
            feeds.require_sound(database)
    if total != deliveries:
        raise AssertionError(f"{total:,} of {deliveries:,} were applied")
    return {"per_second": total / seconds, "seconds": seconds}
