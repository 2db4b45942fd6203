"""Durable callbacks a second, and how long each waits, against the same route without storing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from mirror.store import journal
from mirror.store.engine import open_database
from mirror.store.platforms import DEFAULT
from tests.benchmarks import feeds
from tests.benchmarks.load import Load, post
from tests.benchmarks.report import Figure, Point
from tests.benchmarks.runner import Bench, Call, Facts, medians, scratch
from tests.benchmarks.servers import serving

HERE = "tests.benchmarks.rows.callbacks"
VARIANTS = ("floor", "receiver", "mirror")
LINES = {
    "floor": "reads and answers, stores nothing",
    "receiver": "receiver alone",
    "mirror": "receiver and applier",
}


def measure(bench: Bench) -> Iterator[Figure | Point]:
    """Every number of connections; the most that each kind of server does is held against the goal."""
    sizes = bench.sizes
    feed = bench.once(Call(f"{HERE}:prepare", {"work": str(bench.work), "posts": posts(bench)}))
    found: dict[int, dict[str, list[Facts]]] = {}
    arguments = {"work": str(bench.work), "feed": feed["path"], "seconds": sizes.load_seconds}
    for connections in sizes.connections:
        bench.say(f"  {connections} connections")
        calls = {
            kind: Call(f"{HERE}:run", {**arguments, "connections": connections, "kind": kind})
            for kind in VARIANTS
        }
        found[connections] = bench.turns(calls)
        for kind in VARIANTS:
            yield Point(
                row="callbacks",
                chart="ingest",
                line=LINES[kind],
                x=connections,
                y=medians(found[connections][kind], "per_second"),
            )
    yield from _rates(found)
    connections, floor = _fastest(found, "floor")
    nothing = {**arguments, "connections": connections, "kind": "nothing"}
    client = bench.turns({"nothing": Call(f"{HERE}:run", nothing)})["nothing"]
    yield Figure(
        row="callbacks",
        what="the load itself, against a server that does nothing",
        unit="callbacks/s",
        figure=medians(client, "per_second"),
        floor=floor,
        against=LINES["floor"],
        samples={"figure": [facts["per_second"] for facts in client]},
    )
    for connections, kinds in found.items():
        for kind in ("receiver", "mirror"):
            yield _latency(connections, kind, kinds)


def posts(bench: Bench) -> int:
    """How many callbacks are made for one load; a faster server gets them once more."""
    return int(bench.sizes.posts_a_second * (bench.sizes.load_seconds + 1))


def _fastest(found: dict[int, dict[str, list[Facts]]], kind: str) -> tuple[int, float]:
    """With how many connections a kind of server is fastest, and how fast."""
    rates = {number: medians(kinds[kind], "per_second") for number, kinds in found.items()}
    best = max(rates, key=lambda number: rates[number])
    return best, rates[best]


def _rates(found: dict[int, dict[str, list[Facts]]]) -> Iterator[Figure]:
    """The most that each kind of server does, with whatever number of connections."""
    at_floor, floor = _fastest(found, "floor")
    for kind in ("receiver", "mirror"):
        at, rate = _fastest(found, kind)
        yield Figure(
            row="callbacks",
            what=f"durable callbacks, {LINES[kind]}",
            unit="callbacks/s",
            figure=rate,
            floor=floor,
            against=LINES["floor"],
            goal=0.6 if kind == "receiver" else None,
            samples={
                "figure": [facts["per_second"] for facts in found[at][kind]],
                "floor": [facts["per_second"] for facts in found[at_floor]["floor"]],
            },
            detail={
                "connections": at,
                "floor_connections": at_floor,
                **_processor_time(found[at][kind]),
                **_processor_time(found[at_floor]["floor"], "floor_"),
            },
        )


def _processor_time(rounds: list[Facts], prefix: str = "") -> Facts:
    """Microseconds of a callback in the event loop's thread and in the others, where the system tells."""
    names = [name for name in ("loop_us", "others_us") if all(name in facts for facts in rounds)]
    return {prefix + name: medians(rounds, name) for name in names}


def _latency(connections: int, kind: str, found: dict[str, list[Facts]]) -> Figure:
    return Figure(
        row="callbacks",
        what=f"p99 of callbacks, {LINES[kind]}, {connections} connections",
        unit="ms",
        figure=medians(found[kind], "p99_ms"),
        floor=medians(found["floor"], "p99_ms"),
        against=LINES["floor"],
        samples={"figure": [facts["p99_ms"] for facts in found[kind]]},
        detail={
            "per_second": medians(found[kind], "per_second"),
            "p50_ms": medians(found[kind], "p50_ms"),
            "longest_ms": medians(found[kind], "longest_ms"),
        },
    )


# ---------------------------------------------------------------------- in a process of its own


def prepare(work: str, posts: int) -> Facts:
    """Makes the feed that is posted."""
    return {"path": str(feeds.lifelike(Path(work), posts).path)}


def run(work: str, feed: str, kind: str, connections: int, seconds: float) -> Facts:
    """Posts to a server of that kind for so long; everything that it accepted must be in its journal."""
    with scratch(work) as folder:
        path = folder / "mirror.db"
        if kind in {"receiver", "mirror"}:
            with feeds.opened(path):
                pass  # an empty one, migrated
        with serving(kind, path) as server:
            before = server.cpu_seconds()
            facts = post(
                Load(
                    url=server.url, feed=feed, connections=connections, seconds=seconds, again=True
                )
            )
            for thread, cpu in server.cpu_seconds().items():
                facts[f"{thread}_us"] = 1e6 * (cpu - before[thread]) / facts["posted"]
        if facts["refused"] or facts["lost_connections"]:
            raise AssertionError(f"{kind} refused callbacks: {facts}")
        if kind in {"receiver", "mirror"}:
            _check(path, facts["accepted"])
        return facts


def _check(path: Path, accepted: int) -> None:
    with (
        closing(open_database(f"sqlite:///{path}", read_only=True)) as database,
        database.read() as connection,
    ):
        kept = journal.head(connection, DEFAULT)
        faults = list(journal.check_chain(connection, DEFAULT))
    if kept != accepted or faults:
        raise AssertionError(
            f"{accepted:,} accepted, {kept:,} in the journal, {len(faults)} faults"
        )
