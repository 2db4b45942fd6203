"""All that makes an empty database a mirror, as statements in the order in which they run.

Tables, indexes, guards and views, and what SQLite's planner should know of them.
`migrations/freeze.py` writes them down for a revision; a test holds both together.
"""

from __future__ import annotations

import re

from sqlalchemy.schema import CreateIndex, CreateTable

from mirror.store import dialects, schema, statistics, views

_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)


def statements(dialect: str) -> list[str]:
    """Every statement, in an order in which they run; none holds an empty line."""
    target = dialects.positional(dialect)
    made = []
    for table in schema.metadata.sorted_tables:
        made.append(str(CreateTable(table).compile(dialect=target)))
        made.extend(
            str(CreateIndex(index).compile(dialect=target))
            for index in sorted(table.indexes, key=lambda index: str(index.name))
            if index.info.get("only", dialect) == dialect
        )
    made.extend(statistics.statements(dialect))
    made.extend(dialects.guards(dialect))
    made.extend(views.statements(dialect))
    return [_tidy(statement) for statement in made]


def _tidy(statement: str) -> str:
    statement = _TRAILING.sub("", statement).strip().replace("\t", "    ")
    return statement.replace(")\n WITHOUT ROWID", ") WITHOUT ROWID")


def script(dialect: str) -> str:
    """The statements as one text, an empty line between them."""
    return ";\n\n".join(statements(dialect)) + ";\n"
