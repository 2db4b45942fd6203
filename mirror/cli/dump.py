"""`mirror dump`: a view for analysts, as it is at one moment, in constant memory."""

from __future__ import annotations

import difflib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path
from typing import IO, Annotated

import typer

from mirror.cli import formats
from mirror.cli.options import DatabaseOption, PlatformOption, name_of, readable
from mirror.cli.output import progress
from mirror.errors import ConfigurationError, NotFound
from mirror.store.queries import dump as dumps


class Format(Enum):
    """How rows are written."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


_ENDINGS = {
    ".csv": Format.CSV,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".parquet": Format.PARQUET,
}


def dump(
    view: Annotated[
        str, typer.Argument(metavar="VIEW", help="A view, such as media_tree.", show_default=False)
    ],
    *,
    format_: Annotated[
        Format | None,
        typer.Option("--format", help="Default: what FILE ends in, or csv."),
    ] = None,
    output: Annotated[
        str, typer.Option(metavar="FILE", help="Write there; - is standard output.")
    ] = "-",
    platform: PlatformOption = None,
    database: DatabaseOption = None,
) -> None:
    """Write all rows of a view as CSV, JSON Lines or Parquet."""
    columns = dumps.columns(_known(view))
    style = format_ or _ENDINGS.get(Path(output).suffix.lower(), Format.CSV)
    if style is Format.PARQUET and output == "-" and sys.stdout.isatty():
        raise ConfigurationError("Parquet is nothing for a terminal: name a file with --output.")
    with (
        readable(database) as (_, opened),
        progress("rows") as bar,
        _target(output) as file,
        opened.read() as connection,
    ):
        # Of one transaction, so of one moment.
        rows = dumps.rows(connection, view, name_of(opened, platform))
        counted = _counted(rows, bar.add)
        if style is Format.PARQUET:
            formats.parquet(columns, counted, file)
            return
        write = formats.csv if style is Format.CSV else formats.jsonl
        for line in write(columns, counted):
            file.write(line)


def _known(view: str) -> str:
    """The view. Raises NotFound, with the name that may have been meant."""
    if view in dumps.ORDER:
        return view
    near = difflib.get_close_matches(view, dumps.ORDER, 1, 0.5)
    meant = f"Did you mean '{near[0]}'?" if near else f"There are {', '.join(dumps.ORDER)}."
    raise NotFound(f"There is no view '{view}'. {meant}")


def _counted(
    rows: Iterator[tuple[object, ...]], tell: Callable[[int], None]
) -> Iterator[tuple[object, ...]]:
    for number, row in enumerate(rows, start=1):
        if number % dumps.AT_ONCE == 0:
            tell(dumps.AT_ONCE)
        yield row


@contextmanager
def _target(output: str) -> Iterator[IO[bytes]]:
    """Where bytes go: a file appears under its name only when it is whole."""
    if output == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        yield from _replacing(Path(output))
    except OSError as error:
        raise ConfigurationError(f"{output} cannot be written: {error.strerror}.") from error


def _replacing(path: Path) -> Iterator[IO[bytes]]:
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)  # mkstemp's are for the owner alone
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise
