"""Constructs that the engines spell differently: timestamps in views, and triggers.

Everything else of `mirror.store` is SQL that both understand.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

NAMES = ("sqlite", "postgresql")


def positional(name: str) -> sa.Dialect:
    """The dialect of that name, with `?` or `%s` for parameters: what its driver takes rows for."""
    if name == "sqlite":
        return SQLiteDialect_pysqlite(paramstyle="qmark")
    return PGDialect_psycopg(paramstyle="format")  # type: ignore[no-untyped-call]


@cache
def upsert(dialect: str, table: sa.Table) -> sa.Insert:
    """An insert of whole rows that replaces those with the same key."""
    construct = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = construct(table)
    keys = [column.name for column in table.primary_key.columns]
    others = {
        column.name: statement.excluded[column.name]
        for column in table.columns
        if column.name not in keys
    }
    return statement.on_conflict_do_update(index_elements=keys, set_=others)


class utc_time(FunctionElement[Any]):  # noqa: N801 - it reads as the SQL function it is
    """Microseconds since 1970 as a timestamp in UTC; null stays null.

    Text `YYYY-MM-DD HH:MM:SS.ffffff` on SQLite, so that order of text is order of time;
    `timestamp with time zone` on PostgreSQL.
    """

    inherit_cache: bool | None = True
    name = "utc_time"


@compiles(utc_time, "sqlite")
def _utc_time_sqlite(element: utc_time, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    micros = compiler.process(element.clauses, **options)
    return (
        f"(strftime('%Y-%m-%d %H:%M:%S', {micros} / 1000000, 'unixepoch')"
        f" || printf('.%06d', {micros} % 1000000))"
    )


@compiles(utc_time, "postgresql")
def _utc_time_postgresql(element: utc_time, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    micros = compiler.process(element.clauses, **options)
    # Exact as long as microseconds fit into a double's 53 bits: until the year 2255.
    return f"(TIMESTAMP WITH TIME ZONE 'epoch' + {micros} * INTERVAL '1 microsecond')"


class whole_number(FunctionElement[int]):  # noqa: N801 - it reads as the SQL function it is
    """A whole number in text that is a JSON object, by its name there; null where it has none."""

    inherit_cache: bool | None = True
    name = "whole_number"
    type: sa.types.TypeEngine[int] = sa.BigInteger()


@compiles(whole_number, "sqlite")
def _whole_number_sqlite(element: whole_number, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    text, name = (compiler.process(clause, **options) for clause in element.clauses)
    return f"json_extract({text}, '$.' || {name})"


@compiles(whole_number, "postgresql")
def _whole_number_postgresql(element: whole_number, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    text, name = (compiler.process(clause, **options) for clause in element.clauses)
    return f"CAST(CAST({text} AS json) ->> {name} AS bigint)"


def guards(dialect: str) -> tuple[str, ...]:
    """Statements that make the database itself keep the journal: append-only and without gaps."""
    return _SQLITE_GUARDS if dialect == "sqlite" else _POSTGRESQL_GUARDS


# INSERT OR REPLACE deletes the row it meets without running DELETE triggers (recursive_triggers is
# off), and ON CONFLICT DO UPDATE would come after the insert. Both meet the INSERT trigger first,
# and only the next seq passes it. `journal` has no rowid through which another row could be met.
_SQLITE_GUARDS = (
    """\
CREATE TRIGGER journal_refuses_update BEFORE UPDATE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only: no UPDATE');
END""",
    """\
CREATE TRIGGER journal_refuses_delete BEFORE DELETE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only: no DELETE');
END""",
    """\
CREATE TRIGGER journal_takes_the_next_seq_only BEFORE INSERT ON journal
WHEN NEW.seq IS NOT
    (SELECT coalesce(max(seq), 0) + 1 FROM journal WHERE platform = NEW.platform)
BEGIN
    SELECT RAISE(ABORT, 'the journal has no gaps: only the next seq can be appended');
END""",
)

# The plan is made once for a session, on an empty table perhaps, so the settings exclude a scan.
_POSTGRESQL_GUARDS = (
    """\
CREATE FUNCTION journal_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only: no %', TG_OP;
END $$""",
    """\
CREATE TRIGGER journal_refuses_update BEFORE UPDATE OR DELETE ON journal
FOR EACH ROW EXECUTE FUNCTION journal_refuses()""",
    """\
CREATE TRIGGER journal_refuses_truncate BEFORE TRUNCATE ON journal
FOR EACH STATEMENT EXECUTE FUNCTION journal_refuses()""",
    """\
CREATE FUNCTION journal_takes_the_next_seq_only() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
    IF NEW.seq IS DISTINCT FROM 1 + coalesce((
        SELECT seq FROM journal WHERE platform = NEW.platform ORDER BY seq DESC LIMIT 1), 0)
    THEN
        RAISE EXCEPTION 'the journal has no gaps: only the next seq can be appended';
    END IF;
    RETURN NEW;
END $$""",
    """\
CREATE TRIGGER journal_takes_the_next_seq_only BEFORE INSERT ON journal
FOR EACH ROW EXECUTE FUNCTION journal_takes_the_next_seq_only()""",
)
