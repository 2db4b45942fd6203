"""`mirror history`: everything that happened to one thing."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer
from rich.text import Text

from mirror.cli.deliveries import STYLES
from mirror.cli.moments import told
from mirror.cli.options import (
    DatabaseOption,
    JsonOption,
    PlatformOption,
    name_of,
    owner_of,
    readable,
)
from mirror.cli.output import as_json, console, safe, say, when
from mirror.core.model import Seq
from mirror.store.queries import past
from mirror.store.queries.past import Happening, History


def history(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="material, class, project, file or task.")
    ],
    identity: Annotated[
        str, typer.Argument(metavar="ID", help="Its id; of a class also its path.")
    ],
    *,
    owner: Annotated[
        str | None,
        typer.Option(metavar="TYPE:ID", help="Whose class it is, where several have that path."),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, metavar="N", help="The newest N deliveries.")
    ] = 50,
    before: Annotated[
        int | None, typer.Option(min=1, metavar="SEQ", help="Only deliveries before this one.")
    ] = None,
    platform: PlatformOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Tell what happened to one material, class, project, file or task."""
    whose = None if owner is None else owner_of(owner)
    with readable(database) as (_, opened):
        name = name_of(opened, platform)
        with opened.read() as connection:
            if kind == "class" and not identity.isdigit():
                identity = str(past.class_of(connection, name, identity, whose))
            end = None if before is None else Seq(before)
            found = past.history(connection, name, kind, identity, before=end, limit=limit)
    if json:
        as_json(_described(found))
    else:
        _print(found)


def _label(found: History) -> str:
    """What the thing is called; a class by the newest path that is told here."""
    if found.kind != "class":
        return f"{found.kind} {found.key}"
    for happening in reversed(found.happenings):
        for change in reversed(happening.changes):
            for side in (change.after, change.before):
                if side and "class_path" in side:
                    return f"class {found.key}, {side['class_path']}"
    return f"class {found.key}"


def _print(found: History) -> None:
    console().print(Text(safe(_label(found)), style="bold"))
    if found.before is not None:
        say(f"  … `--before {found.before}` shows what was earlier")
    for happening in found.happenings:
        _print_one(happening)
    for doubt in found.doubts:
        say(f"in doubt since delivery {doubt.since_seq}: {doubt.reason}")


def _print_one(happening: Happening) -> None:
    row = happening.delivery
    line = Text(f"{row.seq:>8}  {when(row.received_at)}  ")
    line.append(f"{row.outcome:<12}", style=STYLES.get(row.outcome, ""))
    line.append(f"  {safe(row.event_type or '?')}")
    if row.detail:
        line.append(f"  {safe(row.detail.splitlines()[0])}", style="dim")
    console().print(line)
    for change in happening.changes:
        what = change.op if change.entity != "link" else f"{change.op} link"
        say(f"{'':10}{what}  {told(change.before, change.after)}")
    for correction in happening.corrections:
        missed = f", {correction.event_type}" if correction.event_type else ""
        say(f"{'':10}corrected  {correction.detail} ({correction.label}{missed})")
    for reason in happening.doubts:
        say(f"{'':10}in doubt  {reason}")


def _described(found: History) -> dict[str, object]:
    return {
        "kind": found.kind,
        "key": found.key,
        "happenings": [
            {
                **msgspec.structs.asdict(happening.delivery),
                "changes": happening.changes,
                "corrections": happening.corrections,
                "doubts": happening.doubts,
            }
            for happening in found.happenings
        ],
        "doubts": found.doubts,
        "before": found.before,
    }
