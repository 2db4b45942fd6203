"""How long the first page of each view takes in a large library, against a small one."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from mirror.store.engine import Connection, open_database
from mirror.store.platforms import DEFAULT
from tests.benchmarks import feeds
from tests.benchmarks.report import Figure
from tests.benchmarks.runner import Bench, Call, Facts, copied, medians, scratch

HERE = "tests.benchmarks.rows.first_page"
PAGE = 100
LIMIT = f"LIMIT {PAGE}"
TIMES = 21
BELOW = f"""
    SELECT * FROM media_tree
    WHERE platform = ? AND owner_type = ? AND owner_id = ?
      AND class_path >= ? AND class_path < ? AND (class_path = ? OR class_path >= ?)
    ORDER BY class_path, material_id {LIMIT}
"""  # noqa: S608 - a number of ours
FIRST = {
    "class_tree": "class_id",
    "media_tree": "material_id",
    "media_gone": "material_id",
    "media_files": "file_id",
    "media_links": "material_id",
    "material_tags": "kind, tag, material_id",
    "project_board": "project_id",
    "project_timeline": "project_id, seq",
    "export_tasks": "task_id",
    "delivery_log": "seq",
    "change_log": "seq, ordinal",
    "open_doubts": "kind, key, reason",
    "mirror_status": "platform",
}
"""Every public view, and an order that pages are read in."""


def measure(bench: Bench) -> Iterator[Figure]:
    """The page below a path, which has the goal, and the first page of each view."""
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
    for question in ("below", *FIRST):
        what = "`media_tree` below a path" if question == "below" else f"`{question}`, first page"
        yield Figure(
            row="first_page",
            what=f"{what}, {counts['large']:,} materials",
            unit="ms",
            figure=medians(found["large"], question),
            floor=medians(found["small"], question),
            against=f"{counts['small']:,} materials",
            goal=2.0 if question == "below" else None,
            at_most=True,
            samples={
                "figure": [facts[question] for facts in found["large"]],
                "floor": [facts[question] for facts in found["small"]],
            },
            detail={
                "rows": found["large"][0]["rows"][question],
                "cold_ms": medians(found["large"], f"{question}_cold"),
            },
        )


# ---------------------------------------------------------------------- in a process of its own


def read(work: str, materials: int) -> Facts:
    """Milliseconds of each page: cold, and the median of those that follow; and how many rows it has."""
    facts: Facts = {"rows": {}}
    with scratch(work) as folder:
        source = feeds.library(Path(work), materials)
        path = copied(source, folder)
        with closing(open_database(f"sqlite:///{path}", read_only=True)) as database:
            with database.read() as connection:
                questions = {"below": _below(connection)}
            questions |= {
                name: (
                    f"SELECT * FROM {name} WHERE platform = ? ORDER BY {order} {LIMIT}",  # noqa: S608
                    (DEFAULT,),
                )
                for name, order in FIRST.items()
            }
            for name, (query, values) in questions.items():
                taken: list[float] = []
                rows: Sequence[object] = ()
                for _ in range(TIMES):
                    start = time.perf_counter()
                    with database.read() as connection:
                        rows = connection.exec_driver_sql(query, values).fetchall()
                    taken.append(1000 * (time.perf_counter() - start))
                facts["rows"][name] = len(rows)
                facts[f"{name}_cold"], facts[name] = taken[0], statistics.median(taken[1:])
            with database.read() as connection:
                query, values = questions["below"]
                whole = connection.exec_driver_sql(query.replace(LIMIT, ""), values).fetchall()
    if facts["rows"]["below"] != min(PAGE, len(whole)):
        raise AssertionError(f"A page of {facts['rows']['below']} rows of {len(whole):,}")
    return facts


def _below(connection: Connection) -> tuple[str, tuple[Any, ...]]:
    """The question, for the class whose own materials and those right below it are the most."""
    fullest = """
        SELECT owner_type, owner_id, coalesce(nullif(parent_path, '/'), class_path)
        FROM class_tree WHERE platform = ? AND parent_path IS NOT NULL
        GROUP BY 1, 2, 3 ORDER BY sum(material_count) DESC, 1, 2, 3 LIMIT 1
    """
    kind, identity, path = connection.exec_driver_sql(fullest, (DEFAULT,)).one()
    return BELOW, (DEFAULT, kind, identity, path, path + "0", path, path + "/")
