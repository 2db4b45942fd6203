"""What an engine says about how it would answer: which tables it reads whole, and whether it sorts."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from mirror.store.schema import metadata

Ask = Callable[[sa.Connection], object]

SMALL = {"platforms", "heads", "checkpoints", "callback_tokens", "unconfirmed", "sweeps", "imports"}
"""Tables that stay small, however large the library."""

SHARED = {"platform", "generation"}
"""What nearly all rows of a table have alike: looking for that alone reads them all."""


class Plan(Struct, frozen=True):
    """`whole`: what is read whole, or as far as a page goes. `sorts`: something is sorted before a row comes out."""

    whole: tuple[str, ...]
    sorts: bool
    text: str


def plans(connection: sa.Connection, ask: Ask, *, unsorted: bool = False) -> list[Plan]:
    """The plans of the statements that a question sends; `unsorted`: that sort only where they must."""
    sent: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:  # noqa: ANN401
        sent.append((statement, parameters))

    sa.event.listen(connection, "before_cursor_execute", note)
    try:
        ask(connection)
    finally:
        sa.event.remove(connection, "before_cursor_execute", note)
    explain = _sqlite
    if connection.dialect.name != "sqlite":
        explain = _postgresql
        for name in (*_WITHOUT, *(("sort",) if unsorted else ())):
            connection.exec_driver_sql(f"SET LOCAL enable_{name} = off")
    return [explain(connection, statement, parameters) for statement, parameters in sent]


_STEP = re.compile(r"(?:SCAN|SEARCH) (?P<table>\w+)(?P<rest>.*)")


def _sqlite(connection: sa.Connection, statement: str, parameters: Any) -> Plan:  # noqa: ANN401
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    steps = [str(row[3]) for row in rows]
    whole = []
    for step in steps:
        match = _STEP.match(step)
        if match is None or match["table"] in SMALL:
            continue
        skipped = set(re.findall(r"ANY\((\w+)\)", match["rest"])) - SHARED
        if skipped or not set(re.findall(r"(\w+)[=<>]", match["rest"])) - SHARED:
            whole.append(match["table"])
    sorts = any("TEMP B-TREE FOR ORDER BY" in step for step in steps)
    return Plan(tuple(whole), sorts, "\n".join(steps))


_WITHOUT = ("seqscan", "hashjoin", "mergejoin")
"""What PostgreSQL shall do only where it must: on so few rows it would prefer it to the best index."""


def _postgresql(connection: sa.Connection, statement: str, parameters: Any) -> Plan:  # noqa: ANN401
    explained = f"EXPLAIN (FORMAT JSON) {statement}"
    ((found,),) = connection.exec_driver_sql(explained, parameters).all()
    nodes = list(_nodes(found[0]["Plan"]))
    whole = [
        node["Relation Name"]
        for node in nodes
        if node.get("Relation Name", "platforms") not in SMALL and not _narrowed(node)
    ]
    return Plan(tuple(whole), any(node["Node Type"] == "Sort" for node in nodes), str(found[0]))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _narrowed(node: dict[str, Any]) -> bool:
    """Whether an index is searched for more than what nearly all rows have alike."""
    table = metadata.tables[node["Relation Name"]]
    keys = {str(index.name): [column.name for column in index.columns] for index in table.indexes}
    keys[f"pk_{table.name}"] = [column.name for column in table.primary_key.columns]
    scans = [each for each in _nodes(node) if each.get("Index Name") in keys]
    return bool(scans) and all(
        next(column for column in keys[scan["Index Name"]] if column not in SHARED)
        in re.findall(r"\w+", scan.get("Index Cond", ""))
        for scan in (scans if "Bitmap" in node["Node Type"] else scans[:1])
    )
