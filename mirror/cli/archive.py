"""`mirror import` and `mirror export`: the journal from files, and into them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mirror import service
from mirror.cli.options import (
    DatabaseOption,
    JsonOption,
    PlatformOption,
    name_of,
    owned,
    readable,
)
from mirror.cli.output import as_json, progress, say, warn
from mirror.core.model import Seq
from mirror.errors import NotFound
from mirror.store import platforms
from mirror.store.engine import Database
from mirror.sync import settle
from mirror.sync.compressed import STANDARD_INPUT, is_stream
from mirror.sync.exporting import Skipped, bodies, deliveries, envelopes
from mirror.sync.importing import Report, header_of, import_file

SHOWN = 10
"""How many lines of one kind are shown to people; JSON holds more of them."""
INTERRUPTED = 130


def import_(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE…",
            help="JSON Lines, also .gz or .zst; - is standard input.",
            show_default=False,
        ),
    ],
    platform: PlatformOption = None,
    again: Annotated[
        bool, typer.Option("--again", help="Append files anew that were imported before.")
    ] = False,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Append archived callbacks, one body a line, and apply them.

    An import that was interrupted goes on where it was: run the same command again. A file of
    `mirror export --envelope` restores a journal exactly, into an empty platform.
    """
    reports = []
    try:
        with owned(database) as (found, opened):
            for file in files:
                report = _take(opened, file, platform, found.max_body_bytes, again=again)
                reports.append(report)
                if not json:
                    _tell(report)
            for name in dict.fromkeys(report.platform for report in reports):
                with progress("Applying", total=settle.backlog(opened, name)) as bar:
                    settle.settle(opened, name, service.rules_of(found), bar.add)
    except KeyboardInterrupt:
        warn("mirror: interrupted; the same command goes on where this one stopped.")
        raise typer.Exit(INTERRUPTED) from None
    if json:
        as_json({"files": reports})


def _take(
    database: Database, file: Path, platform: str | None, largest_body: int, *, again: bool
) -> Report:
    target = _target(database, file, platform)
    if is_stream(file):
        name = "standard input" if file == STANDARD_INPUT else str(file)
        warn(f"mirror: {name} cannot be resumed; after an interruption it starts anew.")
    with progress(f"Importing {file.name}") as bar:
        return import_file(
            database, target, file, largest_body=largest_body, again=again, tell=bar.add
        )


def _target(database: Database, file: Path, platform: str | None) -> str:
    """The platform that a file goes to; an export names its own, which is made if need be."""
    header = header_of(file)
    if header is None or platform is not None:
        return name_of(database, platform)
    with database.write() as connection:
        try:
            return platforms.resolve(connection, header.platform).name
        except NotFound:
            now = database.now(connection)
            return platforms.add(connection, header.platform, now=now).name


def _tell(report: Report) -> None:
    if report.was_known:
        at = f"its {report.resumed_line - 1:,} lines" if report.resumed_line else "it"
        say(f"{report.file}: {at} were imported before; --again appends them anew.")
        return
    if report.resumed_line is not None:
        say(f"{report.file}: resumed at line {report.resumed_line:,}.")
    verb = "restored" if report.restored else "appended"
    where = f" as {report.first_seq:,} to {report.last_seq:,}" if report.appended else ""
    say(f"{report.file}: {verb} {report.appended:,} deliveries{where}.")
    if report.empty:
        say(f"{report.file}: {report.empty:,} empty lines were skipped.")
    for number in report.too_long_lines[:SHOWN]:
        warn(f"{report.file} line {number:,}: above MAX_BODY_BYTES, refused.")
    _rest(report.file, report.too_long, "lines that are too long")
    for one in report.quarantined_lines[:SHOWN]:
        warn(f"{report.file} line {one.line:,}: delivery {one.seq} is quarantined: {one.reason}.")
    _rest(report.file, report.quarantined, "quarantined deliveries")


def _rest(file: str, count: int, what: str) -> None:
    if count > SHOWN:
        warn(f"{file}: and {count - SHOWN:,} more {what}.")


def export(
    platform: PlatformOption = None,
    first: Annotated[
        int, typer.Option("--from", metavar="SEQ", min=1, help="Start with this delivery.")
    ] = 1,
    last: Annotated[
        int | None, typer.Option("--to", metavar="SEQ", min=1, help="End with this delivery.")
    ] = None,
    envelope: Annotated[
        bool,
        typer.Option("--envelope", help="Everything about each delivery, to restore a journal."),
    ] = False,
    database: DatabaseOption = None,
) -> None:
    """Write the journal to standard output as JSON Lines.

    One received body a line, or everything about each delivery.
    """
    skipped = Skipped()
    with readable(database) as (_, opened):
        name = name_of(opened, platform)
        until = None if last is None else Seq(last)
        if envelope:
            lines = envelopes(opened, name, Seq(first), until)
        else:
            lines = bodies(deliveries(opened, name, Seq(first), until), skipped)
        for line in lines:
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.write(b"\n")
        sys.stdout.buffer.flush()
    if skipped.no_line:
        warn(f"mirror: skipped {skipped.no_line:,} bodies that are no single line of JSON.")
    if skipped.ours:
        warn(f"mirror: skipped {skipped.ours:,} observations, which no platform sent.")
    if skipped.no_line or skipped.ours:
        warn("mirror: --envelope exports everything.")
