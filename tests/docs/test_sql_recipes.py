"""The recipes of docs/sql.md give, on each engine, the answers that stand below them."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from mirror.store.engine import Database
from tests.support.databases import database, migrated_file, migrated_template, url
from tests.support.recipes import fill

__all__ = ["database", "migrated_file", "migrated_template", "url"]

TEXT = (Path(__file__).parents[2] / "docs" / "sql.md").read_text(encoding="utf-8")
RECIPE = re.compile(
    r"^### (?P<title>.*)\n|^.*On (?P<name>SQLite|PostgreSQL):\n|"
    r"^```sql\n(?P<query>[^`]*)^```\n\n(?P<answer>(?:\|[^\n]*\n)+)",
    re.MULTILINE,
)


def recipes() -> list[tuple[str, str | None, str, str]]:
    """Title, engine if it is for one, query, and its answer."""
    found: list[tuple[str, str | None, str, str]] = []
    title, engine = "", None
    for match in RECIPE.finditer(TEXT.split("\n## Recipes\n")[1]):
        if match["title"]:
            title, engine = match["title"], None
        elif match["name"]:
            engine = match["name"].lower()
        else:
            found.append((title, engine, match["query"], match["answer"]))
    return found


def as_table(database: Database, query: str) -> str:
    with database.read() as connection:
        result = connection.exec_driver_sql(
            query.replace("%", "%%") if _formats(database) else query
        )
        rows = [tuple(result.keys()), *result]
    lines = ["| " + " | ".join(map(_cell, row)) + " |\n" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]) + "\n")
    return "".join(lines)


def _formats(database: Database) -> bool:
    """Whether the driver takes a percent sign for a place of a value."""
    return database.dialect == "postgresql"


def _cell(value: object) -> str:
    if isinstance(value, float | Decimal):
        return f"{float(value):g}"
    return "" if value is None else str(value)


@pytest.mark.parametrize(
    ("engine", "query", "answer"),
    [recipe[1:] for recipe in recipes()],
    ids=[f"{title} {engine or ''}".strip() for title, engine, *_ in recipes()],
)
def test_a_recipe_gives_its_answer(
    database: Database, engine: str | None, query: str, answer: str
) -> None:
    if engine is not None and engine != database.dialect:
        pytest.skip(f"not for {database.dialect}: it has one of its own")
    fill(database)
    assert as_table(database, query) == answer


def test_every_recipe_is_run_and_is_for_both_engines() -> None:
    blocks = TEXT.split("\n## Recipes\n")[1].count("```sql")
    assert len(recipes()) == blocks > 10
    by_title: dict[str, set[str | None]] = {}
    for title, engine, *_ in recipes():
        by_title.setdefault(title, set()).add(engine)
    for title, engines in by_title.items():
        assert engines in ({None}, {"sqlite", "postgresql"}), title
