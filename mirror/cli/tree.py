"""`mirror tree`: an owner's classes, drawn, now or at an earlier moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer
from rich.text import Text
from rich.tree import Tree

from mirror.cli.moments import moment
from mirror.cli.options import (
    DatabaseOption,
    JsonOption,
    PlatformOption,
    name_of,
    owner_of,
    readable,
)
from mirror.cli.output import as_json, console, safe, say
from mirror.core.paths import ROOT, normalise
from mirror.store import queries
from mirror.store.queries import Branch
from mirror.store.queries.past import Past


def tree(
    path: Annotated[
        str, typer.Argument(metavar="[PATH]", help="The class to start at.", show_default=False)
    ] = ROOT,
    *,
    owner: Annotated[
        str | None,
        typer.Option(metavar="TYPE:ID", help="Of this owner alone, such as TEAM:cmetid_1."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="SEQ|TIME", help="After this delivery, or the last one by then."),
    ] = None,
    depth: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="So many levels below PATH.")
    ] = None,
    media: Annotated[
        int, typer.Option(min=0, metavar="N", help="Name so many media of each class.")
    ] = 0,
    platform: PlatformOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Draw the tree of classes, with how many media are in each."""
    whose = None if owner is None else owner_of(owner)
    with readable(database) as (_, opened):
        name = name_of(opened, platform)
        with opened.read() as connection:
            if at is not None:
                then = Past(connection, name, moment(opened, connection, name, at))
                branches = then.tree(whose, path, depth=depth, media=media)
            elif whose or normalise(path) != ROOT or queries.owners(connection, name):
                branches = queries.tree(connection, name, whose, path, depth=depth, media=media)
            else:
                branches = []
    if json:
        as_json([_described(branch) for branch in branches])
    elif branches:
        for drawn in draw(branches):
            console().print(drawn)
    else:
        verb = "has no classes yet" if at is None else "had no classes then"
        say(f"Platform '{name}' {verb}.")


def draw(branches: Sequence[Branch]) -> Iterator[Tree]:
    """Trees of branches that come parents first; one for each owner and class without its parent."""
    above: list[tuple[Branch, Tree]] = []
    drawn: list[Tree] = []
    for branch in branches:
        while above and not _contains(above[-1][0], branch):
            above.pop()
        if above:
            node = above[-1][1].add(_label(branch))
        else:
            whose = f"{branch.owner.type}:{branch.owner.id}"
            node = Tree(Text.assemble((safe(whose), "bold"), " ", _label(branch)))
            drawn.append(node)
        for medium in branch.media:
            node.add(Text(safe(medium.name or medium.material_id), style="dim"))
        above.append((branch, node))
    yield from drawn


def _contains(above: Branch, branch: Branch) -> bool:
    start = above.path if above.path == ROOT else above.path + "/"
    return above.owner == branch.owner and branch.path.startswith(start) and branch is not above


def _label(branch: Branch) -> Text:
    label = Text(safe(branch.name or ROOT), style="" if branch.depth else "bold")
    if branch.material_count:
        label.append(f"  {branch.material_count:,}", style="cyan")
    if beneath := branch.material_total - branch.material_count:
        label.append(f"  +{beneath:,} beneath", style="dim cyan")
    if branch.in_doubt:
        label.append("  in doubt", style="yellow")
    return label


def _described(branch: Branch) -> dict[str, object]:
    return {
        "owner_type": branch.owner.type,
        "owner_id": branch.owner.id,
        "class_id": branch.class_id,
        "class_path": branch.path,
        "name": branch.name,
        "depth": branch.depth,
        "origin": branch.origin,
        "in_doubt": branch.in_doubt,
        "material_count": branch.material_count,
        "material_total": branch.material_total,
        "class_total": branch.class_total,
        "media": branch.media,
    }
