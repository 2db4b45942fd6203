"""Prints for people or machines: text from the platform can do nothing to a terminal.

Results go to standard output; errors, warnings and progress go to standard error.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from mirror.core.model import Micros
from mirror.sync.envelope import timestamp

# Control characters, and those that reorder or hide what stands beside them.
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_WIDE = 4096
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def safe(text: str) -> str:
    """`text` with its control characters written out."""
    return _UNSAFE.sub(_written_out, text)


def _written_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004 - a byte


def cell(value: object, style: str = "") -> Text:
    """A value as it stands in a table: nothing for None, markup never interpreted."""
    return Text("" if value is None else safe(str(value)), style=style)


def console(*, error: bool = False) -> Console:
    """Standard output or error; whatever is no terminal gets whole lines."""
    stream = sys.stderr if error else sys.stdout
    width = None if stream.isatty() else _WIDE
    return Console(
        file=stream,
        width=width,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=True,
        legacy_windows=False,
    )


def say(text: str) -> None:
    """Prints a line."""
    console().print(Text(safe(text)))


def warn(text: str) -> None:
    """Prints a line to standard error."""
    console(error=True).print(Text(safe(text)))


def as_json(value: object) -> None:
    """Prints a value as one line of JSON; what could harm a terminal is escaped in it, too.

    Times (`…_at`, in microseconds) become ISO 8601.
    """
    plain = _with_times(msgspec.to_builtins(value))
    print(escaped(msgspec.json.encode(plain).decode()), flush=True)  # noqa: T201


def escaped(text: str) -> str:
    """JSON that says the same, and can do nothing to a terminal."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _with_times(value: object) -> object:
    if isinstance(value, dict):
        return {
            name: timestamp(Micros(inner))
            if name.endswith("_at") and isinstance(inner, int)
            else _with_times(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_with_times(inner) for inner in value]
    return value


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Prints rows under headings; numbers to the right."""
    grid = Table(box=None, pad_edge=False, header_style="bold")
    listed = [list(row) for row in rows]
    for place, name in enumerate(columns):
        numeric = bool(listed) and all(
            isinstance(row[place], int | float) or row[place] is None for row in listed
        )
        grid.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in listed:
        grid.add_row(*(value if isinstance(value, Text) else cell(value) for value in row))
    console().print(grid)


def when(micros: int | None) -> str | None:
    """Microseconds since 1970 as people read them: UTC, to the second."""
    if micros is None:
        return None
    return (_EPOCH + timedelta(microseconds=micros)).strftime("%Y-%m-%d %H:%M:%SZ")


class Bar:
    """Progress of one task; `add` may be called from it at any pace."""

    def __init__(self, progress: Progress | None, task: int) -> None:
        self._progress = progress
        self._task = task

    def add(self, count: int) -> None:
        """So many more are done."""
        if self._progress is not None:
            self._progress.advance(self._task, count)  # type: ignore[arg-type]


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Bar]:
    """Shows progress while its body runs, if standard error is a terminal."""
    if not sys.stderr.isatty():
        yield Bar(None, 0)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        yield Bar(shown, shown.add_task(Text(what).plain, total=total))


def hush() -> None:
    """Lets the rest of standard output go nowhere, since nobody reads it any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
