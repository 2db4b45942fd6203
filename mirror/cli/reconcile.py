"""`mirror reconcile`: settles doubts, then holds the mirror against the platform's API."""

from __future__ import annotations

from typing import Annotated

import typer

from mirror import reconciler, service
from mirror.cli.options import (
    DatabaseOption,
    JsonOption,
    PlatformOption,
    name_of,
    owned,
    owner_of,
)
from mirror.cli.output import as_json, progress, say, warn
from mirror.reconciler import Report

DIFFERENT = 1

WHY = {
    "silent-by-specification": "the platform never tells this",
    "never-received": "an event should have told it and did not come",
    "silent-or-lost": "never told, or told and lost: the feed can't say which",
    "misread": "an event told it, and it was read wrongly",
    "late": "the event came after the observation",
}


def reconcile(
    owner: Annotated[
        list[str] | None,
        typer.Option(metavar="TYPE:ID", help="Read this owner alone; may be given again."),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Read everything anew: to begin with, or to be sure.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and report, but correct nothing.")
    ] = False,
    budget: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="CALLS", help="Stop after about so many API calls; go on later."
        ),
    ] = None,
    platform: PlatformOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Settle doubts, then read the platform and put right what differs.

    Prints what was corrected and why the feed had missed it. With --dry-run the exit code is 1 if
    anything would be corrected. Interrupted, it goes on where it was.
    """
    only = [owner_of(text) for text in owner or ()]
    with owned(database) as (found, opened):
        access = service.access_of(found)
        name = name_of(opened, platform)
        with progress(f"Reconciling {name}") as bar:
            report = reconciler.reconcile(
                opened,
                name,
                service.rules_of(found),
                access,
                only=only,
                full=full,
                dry=dry_run,
                budget=budget,
                tell=lambda _, count: bar.add(count),
            )
    if json:
        as_json(report)
    else:
        _tell(report)
    if dry_run and report.corrections:
        raise typer.Exit(DIFFERENT)


def _tell(report: Report) -> None:
    would = "would be corrected" if report.dry else "corrected"
    total = sum(tally.count for tally in report.corrections)
    say(
        f"Platform '{report.platform}': {report.calls:,} calls, {report.owners:,} owners read, "
        f"{total:,} {would}."
    )
    for tally in report.corrections:
        told = tally.event_type or "no event"
        say(f"  {tally.count:>8,}  {tally.label:<24} {told}: {WHY.get(tally.label, '')}")
        if (tally.label, tally.event_type) == ("misread", "Material.Deleted"):
            warn(
                "mirror: deletions were told of media that are still there. Somebody may know the callback URL: "
                f"`mirror platform rotate {report.platform}` makes another, `revoke` ends the old one."
            )
    for owner in report.refused:
        warn(
            f"mirror: the platform would not tell of {owner.type}:{owner.id}; the others were read."
        )
    if not report.complete and not report.refused:
        say("The budget is spent; the next `mirror reconcile` goes on from here.")
