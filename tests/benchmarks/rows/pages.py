"""How long the dashboard's first pages take over a large library, against a small one."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from mirror.store.engine import Database, open_database
from mirror.store.platforms import DEFAULT
from tests.benchmarks import feeds
from tests.benchmarks.report import Figure
from tests.benchmarks.runner import Bench, Call, Facts, copied, medians, scratch
from tests.support.web import Web

HERE = "tests.benchmarks.rows.pages"
TIMES = 21
PAGES = {
    "tree": "the tree's first page",
    "branch": "a branch that is opened",
    "class": "the fullest class and its media",
    "search": "search for what is nowhere",
    "past": "the tree, 100 deliveries ago",
}


def measure(bench: Bench) -> Iterator[Figure]:
    """Each page."""
    sizes = bench.sizes
    counts = {"large": sizes.materials, "small": sizes.fewer_materials}
    for materials in counts.values():
        arguments = {"work": str(bench.work), "materials": materials}
        bench.once(Call("tests.benchmarks.feeds:prepare_library", arguments))
    found = bench.turns(
        {
            name: Call(f"{HERE}:read", {"work": str(bench.work), "materials": materials})
            for name, materials in counts.items()
        }
    )
    for name, what in PAGES.items():
        yield Figure(
            row="pages",
            what=f"{what}, {counts['large']:,} materials",
            unit="ms",
            figure=medians(found["large"], name),
            floor=medians(found["small"], name),
            against=f"{counts['small']:,} materials",
            at_most=True,
            samples={
                "figure": [facts[name] for facts in found["large"]],
                "floor": [facts[name] for facts in found["small"]],
            },
            detail={
                "bytes": found["large"][0]["bytes"][name],
                "cold_ms": medians(found["large"], f"{name}_cold"),
            },
        )


# ---------------------------------------------------------------------- in a process of its own


def read(work: str, materials: int) -> Facts:
    """Milliseconds of each page, from the request to its last byte: cold, and the median of those that follow."""
    facts: Facts = {"bytes": {}}
    with scratch(work) as folder:
        path = copied(feeds.library(Path(work), materials), folder)
        with closing(open_database(f"sqlite:///{path}")) as database:
            web, addresses = Web(database), _addresses(database)
            for name, address in addresses.items():
                taken: list[float] = []
                size = 0
                for _ in range(TIMES):
                    start = time.perf_counter()
                    answer = web.get(address, headers={"Accept": "text/html"})
                    taken.append(1000 * (time.perf_counter() - start))
                    if answer.status_code != 200:
                        raise AssertionError(f"{address}: {answer.status_code}")
                    size = len(answer.content)
                facts["bytes"][name] = size
                facts[f"{name}_cold"], facts[name] = taken[0], statistics.median(taken[1:])
    return facts


def _addresses(database: Database) -> dict[str, str]:
    """Where the pages are, in this library."""
    fullest = """
        SELECT class_id FROM class_tree WHERE platform = ?
        ORDER BY material_count DESC, class_id LIMIT 1
    """
    branch = """
        SELECT class_id FROM class_tree WHERE platform = ? AND parent_path IS NULL
        ORDER BY owner_type, owner_id LIMIT 1
    """
    with database.read() as connection:
        found = [connection.exec_driver_sql(q, (DEFAULT,)).scalar() for q in (fullest, branch)]
        applied = "SELECT applied_seq FROM mirror_status WHERE platform = ?"
        seq = connection.exec_driver_sql(applied, (DEFAULT,)).scalar_one()
    return {
        "tree": "/",
        "branch": f"/parts/tree/{found[1]}",
        "class": f"/?class={found[0]}",
        "search": "/find?q=nowhere%20at%20all",
        "past": f"/?at={max(1, seq - 100)}",
    }
