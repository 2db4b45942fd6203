"""`mirror diff`: what differs between two moments, folder by folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Annotated

import msgspec
import typer
from rich.text import Text

from mirror.cli.deliveries import fields
from mirror.cli.moments import moment
from mirror.cli.options import DatabaseOption, JsonOption, PlatformOption, name_of, readable
from mirror.cli.output import as_json, console, safe, say
from mirror.core.paths import ROOT
from mirror.store.queries.past import NetChange, differences

SIGNS = {"added": "+", "removed": "-", "moved": ">", "renamed": "~", "changed": "~"}
STYLES = {"added": "green", "removed": "red", "moved": "cyan"}


def diff(
    start: Annotated[str, typer.Argument(metavar="FROM", help="A delivery's number, or a time.")],
    end: Annotated[str, typer.Argument(metavar="TO", help="Another one, later or earlier.")],
    *,
    platform: PlatformOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Tell what differs between two moments, folder by folder."""
    with readable(database) as (_, opened):
        name = name_of(opened, platform)
        with opened.read() as connection:
            one, other = (moment(opened, connection, name, text) for text in (start, end))
            found = differences(connection, name, one, other)
    if json:
        as_json({"from_seq": one, "to_seq": other, "differences": list(map(_described, found))})
        return
    for _, some in groupby(found, key=lambda each: (each.owner, each.folder)):
        _print_folder(list(some))
    counts: Counter[str] = Counter(each.what for each in found)
    summed = ", ".join(f"{counts[what]} {what}" for what in SIGNS if counts[what])
    say(f"Delivery {one} → {other}: {summed or 'no difference'}.")


def _print_folder(some: Sequence[NetChange]) -> None:
    first = some[0]
    owner = first.owner
    heading = "in no folder" if owner is None else f"{owner.type}:{owner.id} {first.folder}"
    console().print(Text(safe(heading), style="bold"))
    for each in some:
        console().print(Text(safe(_line(each)), style=STYLES.get(each.what, "")))


def _line(each: NetChange) -> str:
    called = f"class {each.name or ROOT}" if each.kind == "class" else f"{each.kind} {each.key}"
    if each.kind != "class" and each.name:
        called += f" {each.name!r}"
    if each.what in {"added", "removed"}:
        return f"  {SIGNS[each.what]} {called}"
    parts = [_place(each.before), fields(_plain(each.before), _plain(each.after))]
    along = f"with {each.beneath} beneath" if each.beneath else ""
    told = ", ".join(part for part in (*parts, along) if part)
    return f"  {SIGNS[each.what]} {called}  {told}"


def _place(before: dict[str, object]) -> str:
    """Where a thing was, if it was elsewhere."""
    if "class_path" not in before or before["class_path"] is None:
        return ""
    owner = f"{before['owner']} " if before.get("owner") else ""
    return f"from {owner}{before['class_path']}"


def _plain(side: dict[str, object]) -> dict[str, object]:
    inner = {"class_id", "class_path", "owner", "parent_id"}
    return {name: value for name, value in side.items() if name not in inner}


def _described(each: NetChange) -> dict[str, object]:
    owner = each.owner
    return {
        **msgspec.structs.asdict(each),
        "owner": None if owner is None else f"{owner.type}:{owner.id}",
    }
