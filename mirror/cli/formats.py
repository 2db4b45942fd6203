"""Writes rows as CSV, JSON Lines or Parquet: a few in memory at a time, and harmless to who opens them.

Names in a library are anybody's text. In CSV a cell that a spreadsheet would take for a formula gets an
apostrophe before it, and control characters are written out; the other two hold exactly what there is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any

from mirror.cli.output import escaped, safe
from mirror.errors import ConfigurationError
from mirror.store.queries.dump import Column

Rows = Iterable[Sequence[Any]]

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell must not begin with; the full-width ones are taken for the others by some programs."""
GROUP = 20_000
"""Rows in a row group of a Parquet file."""


def csv(columns: Sequence[Column], rows: Rows) -> Iterator[bytes]:
    """RFC 4180 in UTF-8, with a line of names. Null is nothing; text is quoted, so empty text is `""`."""
    yield (",".join(column.name for column in columns) + "\r\n").encode()
    booleans = [place for place, column in enumerate(columns) if column.kind == "boolean"]
    for row in rows:
        cells = list(row)
        for place in booleans:
            cells[place] = None if cells[place] is None else bool(cells[place])
        yield (",".join(map(_cell, cells)) + "\r\n").encode("utf-8", "backslashreplace")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    mark = "'" if text.lstrip(" ").startswith(FORMULA) else ""
    return '"' + mark + safe(text).replace('"', '""') + '"'


def jsonl(columns: Sequence[Column], rows: Rows) -> Iterator[bytes]:
    """An object a line, with lists and objects as such; nothing in it can harm a terminal."""
    for row in rows:
        values = {
            column.name: _plain(column, value) for column, value in zip(columns, row, strict=True)
        }
        yield escaped(json.dumps(values, ensure_ascii=False)).encode() + b"\n"


def _plain(column: Column, value: Any) -> object:  # noqa: ANN401 - whatever a database has
    if value is None:
        return None
    if column.kind == "boolean":
        return bool(value)
    return json.loads(value) if column.kind == "json" else value


def parquet(columns: Sequence[Column], rows: Rows, target: Path | IO[bytes]) -> None:
    """A Parquet file; lists and objects are JSON text, times are timestamps in UTC.

    Raises ConfigurationError where pyarrow is missing.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional, and slow to load
        from pyarrow import parquet as pq  # noqa: PLC0415 - as above
    except ImportError as error:
        raise ConfigurationError(
            "Parquet needs pyarrow: install it with `pip install 'cme-mirror[parquet]'`."
        ) from error
    kinds = {
        "text": pa.string(),
        "json": pa.string(),
        "integer": pa.int64(),
        "real": pa.float64(),
        "boolean": pa.bool_(),
        "time": pa.timestamp("us", tz="UTC"),
    }
    schema = pa.schema([(column.name, kinds[column.kind]) for column in columns])
    left = iter(rows)
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        while group := list(islice(left, GROUP)):
            arrays = [
                pa.array(_typed(column, cells), kinds[column.kind])
                for column, cells in zip(columns, zip(*group, strict=True), strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _typed(column: Column, cells: Sequence[Any]) -> list[object]:
    match column.kind:
        case "boolean":
            return [None if cell is None else bool(cell) for cell in cells]
        case "time":
            return [None if cell is None else datetime.fromisoformat(cell) for cell in cells]
        case _:
            return list(cells)
