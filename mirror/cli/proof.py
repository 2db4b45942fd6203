"""`mirror rebuild` and `mirror verify`: state from the journal, anew, and whether it is the same."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from mirror import service
from mirror.cli.options import (
    DatabaseOption,
    JsonOption,
    PlatformOption,
    name_of,
    owned,
    place,
    readable,
)
from mirror.cli.output import as_json, progress, say
from mirror.errors import ConfigurationError
from mirror.store import journal
from mirror.store.engine import open_database
from mirror.sync.rebuild import rebuild as rebuild_in_place
from mirror.sync.rebuild import rebuild_into
from mirror.sync.verify import verify as differences

DIFFERENT = 1


def rebuild(
    until: Annotated[
        str | None,
        typer.Option(metavar="SEQ|TIME", help="Stop after this delivery or moment; with --into."),
    ] = None,
    into: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Fill another database, which must be empty."),
    ] = None,
    platform: PlatformOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Recompute state from the journal.

    In place it is swapped at once when it is done; readers and receivers go on meanwhile.
    """
    if until is not None and into is None:
        raise ConfigurationError(
            "--until needs --into: the live state always follows the whole journal."
        )
    with owned(database) as (found, opened):
        name, rules = name_of(opened, platform), service.rules_of(found)
        with opened.read() as connection:
            total = journal.head(connection, name)
            last = None if until is None else place(connection, name, until)
        with progress(f"Rebuilding {name}", total if last is None else last) as bar:
            if into is None:
                report = rebuild_in_place(opened, name, rules, progress=bar.add)
            else:
                with closing(open_database(into)) as target:
                    report = rebuild_into(opened, target, name, rules, until=last, progress=bar.add)
    if json:
        as_json(report)
        return
    say(f"Platform '{name}': rebuilt from {report.deliveries:,} deliveries, up to {report.seq:,}.")
    if report.changed_feed:
        say("The changes differ from those before, so the feed starts a new generation.")


def verify(
    platform: PlatformOption = None, database: DatabaseOption = None, json: JsonOption = False
) -> None:
    """Prove that the mirror is what its journal leads to.

    The journal's chain, the invariants, and live state against a fresh rebuild, row for row. Each
    difference is printed; exit code 1 if there is any.
    """
    count, kept = 0, []
    with readable(database) as (found, opened):
        name = name_of(opened, platform)
        with opened.read() as connection:
            total = journal.head(connection, name)
        with progress(f"Verifying {name}", total) as bar:
            for difference in differences(opened, name, service.rules_of(found), progress=bar.add):
                count += 1
                if json:
                    kept.append(difference)
                else:
                    say(difference.describe())
    if json:
        as_json({"platform": name, "deliveries": total, "differences": kept})
    elif not count:
        say(f"Platform '{name}': nothing differs, up to delivery {total:,}.")
    if count:
        raise typer.Exit(DIFFERENT)
