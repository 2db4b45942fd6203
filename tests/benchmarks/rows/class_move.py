"""How long it takes to apply the move of a class that holds much, against that of an empty one."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from mirror.core.model import Micros, Seq
from mirror.core.rules import Rules
from mirror.platform.simulator import Platform
from mirror.store import journal
from mirror.store.engine import open_database
from mirror.store.platforms import DEFAULT
from mirror.sync.apply import Applier
from tests.benchmarks import feeds
from tests.benchmarks.report import Figure
from tests.benchmarks.runner import Bench, Call, Facts, copied, medians, scratch

HERE = "tests.benchmarks.rows.class_move"
AT_ONCE = 50
MOVES = 31
"""Moves in one process, there and back again: one alone is too short to be timed."""


def measure(bench: Bench) -> Iterator[Figure]:
    """Moves of a full class and of an empty one, each a batch of its own."""
    moved = bench.sizes.moved
    arguments = {"work": str(bench.work), "moved": moved}
    bench.once(Call(f"{HERE}:prepare", arguments))
    found = bench.turns(
        {name: Call(f"{HERE}:move", {**arguments, "name": name}) for name in ("full", "empty")}
    )
    yield Figure(
        row="class_move",
        what=f"moving a class with {moved:,} materials",
        unit="ms",
        figure=medians(found["full"], "median_ms"),
        floor=medians(found["empty"], "median_ms"),
        against="moving an empty class",
        goal=1.5,
        at_most=True,
        samples={
            "figure": [facts["median_ms"] for facts in found["full"]],
            "floor": [facts["median_ms"] for facts in found["empty"]],
        },
        detail={
            "moves": MOVES,
            "first_ms": medians(found["full"], "first_ms"),
            "floor_first_ms": medians(found["empty"], "first_ms"),
        },
    )


# ---------------------------------------------------------------------- in a process of its own


def prepare(work: str, moved: int) -> Facts:
    """Makes the library with both classes."""
    return {"path": str(_library(Path(work), moved))}


def _library(work: Path, moved: int) -> Path:
    def bodies() -> Iterator[bytes]:
        platform = Platform(feeds.SEED, persons=1, teams=1)
        owner = platform.owners()[0]
        for name in ("full", "empty"):
            platform.create_class(owner, f"/媒资/{name}")
        for start in range(0, moved, AT_ONCE):
            names = [f"{number}.mp4" for number in range(start, min(start + AT_ONCE, moved))]
            platform.import_media(owner, "/媒资/full", names)
            yield from (callback.body for callback in platform.drain())

    return feeds.applied_feed(work, f"moved-{moved}", bodies)


def move(work: str, moved: int, name: str) -> Facts:
    """Moves one of the classes to and fro; how long a move takes from its being read to its commit."""
    with scratch(work) as folder:
        path = copied(_library(Path(work), moved), folder)
        with closing(open_database(f"sqlite:///{path}")) as database:
            with database.read() as connection:
                head = journal.head(connection, DEFAULT)
                owner = _owner(connection)
            bodies = [_moved(owner, name, number) for number in range(MOVES)]
            with database.write() as connection:
                start = feeds.START + (head + 1) * feeds.SPACING
                arrivals = [
                    journal.Arrival(body, Micros(start + number * feeds.SPACING))
                    for number, body in enumerate(bodies)
                ]
                seqs = journal.append(connection, DEFAULT, arrivals)
            applier = Applier(database, DEFAULT, Rules())
            applier.run_once(until=Seq(head))  # takes the checkpoint over
            taken = [_apply(applier, seq) for seq in seqs]
            feeds.require_sound(database)
            with database.read() as connection:
                _check(connection, name, moved if name == "full" else 0)
        return {"median_ms": 1000 * statistics.median(taken[1:]), "first_ms": 1000 * taken[0]}


def _apply(applier: Applier, seq: Seq) -> float:
    start = time.perf_counter()
    assert applier.run_once(until=seq) == 1
    return time.perf_counter() - start


def _owner(connection: Any) -> dict[str, str]:  # noqa: ANN401 - a connection of mirror's
    query = "SELECT owner_type, owner_id FROM class_tree WHERE class_path = '/媒资/full'"
    kind, identity = connection.exec_driver_sql(query).one()
    return {"Type": kind, "Id": identity}


def _place(name: str, number: int) -> str:
    return f"/媒资/{name}" if number % 2 == 0 else f"/媒资/{name}-moved"


def _moved(owner: dict[str, str], name: str, number: int) -> bytes:
    payload = {
        "SourceOwner": owner,
        "SourceClassPathSet": [_place(name, number)],
        "DestinationOwner": owner,
        "DestinationClassPath": _place(name, number + 1),
    }
    return feeds.encoded("Class.Moved", "ClassMovedEvent", payload)


def _check(connection: Any, name: str, materials: int) -> None:  # noqa: ANN401 - as above
    query = "SELECT material_count FROM class_tree WHERE class_path = ?"
    found = connection.exec_driver_sql(query, (_place(name, MOVES),)).scalar()
    if found != materials:
        raise AssertionError(f"The class moved has {found} materials, not {materials}")
