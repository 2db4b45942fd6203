"""What `mirror demo` shows: the growing tree, the latest deliveries and counts."""

from __future__ import annotations

import sys
import threading
from contextlib import closing

from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from mirror import service
from mirror.cli.deliveries import STYLES
from mirror.cli.output import console, safe, say
from mirror.cli.tree import draw
from mirror.errors import MirrorError
from mirror.service import Running
from mirror.settings import Settings
from mirror.store import queries
from mirror.store.engine import Database
from mirror.store.platforms import DEFAULT

LOOK_EVERY = 0.25
TELL_EVERY = 2.0
LATEST = 40
"""Deliveries that are shown, if the terminal is that high."""


def watch(running: Running, place: str, ended: threading.Event) -> None:
    """Shows the mirror until ended: drawn in a terminal, told line by line elsewhere.

    `place` is where the dashboard is: a login link, as long as nobody has used it.
    """
    if sys.stdout.isatty():
        _draw(running.database, place, ended)
    else:
        say(f"Receiving callbacks at {running.url}")
        say(f"Look at it, on this machine: {place}")
        _tell(running.database, ended)


def farewell(settings: Settings) -> None:
    """Says what there was in the end."""
    with closing(service.open_for_reading(settings)) as database:
        with database.read() as connection:
            branches = queries.tree(connection, DEFAULT)
        for drawn in draw(branches):
            console().print(drawn)
        say(_summary(database))


def _draw(database: Database, place: str, ended: threading.Event) -> None:
    with Live(Text("Starting …"), console=console(), screen=True, auto_refresh=False) as live:
        while not ended.wait(LOOK_EVERY):
            try:
                live.update(_picture(database, place), refresh=True)
            except MirrorError:
                continue  # busy; the next look will do


def _tell(database: Database, ended: threading.Event) -> None:
    while not ended.wait(TELL_EVERY):
        try:
            say(_summary(database))
        except MirrorError:
            continue


def _picture(database: Database, place: str) -> RenderableType:
    with database.read() as connection:
        branches = queries.tree(connection, DEFAULT)
        latest = queries.log(connection, DEFAULT, limit=LATEST)
    rows = Table.grid(padding=(0, 1))
    for row in latest:
        style = STYLES.get(row.outcome, "green")
        rows.add_row(
            Text(str(row.seq), style="dim"),
            Text(safe(row.event_type or "?")),
            Text(row.outcome, style=style),
        )
    body = Layout()
    body.split_row(
        Layout(Panel(Group(*draw(branches)), title="The tree"), ratio=3),
        Layout(Panel(rows, title="Deliveries, newest first"), ratio=2),
    )
    picture = Layout()
    picture.split_column(
        Layout(Text(f"{_summary(database)}  Ctrl-C ends", style="bold"), size=1),
        Layout(Text(f"Dashboard: {place}"), size=1),
        body,
    )
    return picture


def _summary(database: Database) -> str:
    with database.read() as connection:
        found = queries.status(connection, DEFAULT)
        latest = queries.log(connection, DEFAULT, limit=1)
    counts = found.counts
    newest = f"; the latest: {latest[0].event_type}, {latest[0].outcome}" if latest else ""
    return (
        f"{found.progress.head_seq:,} deliveries, {found.progress.lag:,} to apply, "
        f"{counts.live:,} media in {counts.classes:,} classes, {counts.projects:,} projects, "
        f"{sum(found.doubts.values()):,} doubts{newest}"
    )
