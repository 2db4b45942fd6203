"""`mirror follow`: the change feed, from the database or from a server, until interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated

import typer
from rich.text import Text

from mirror.cli import events
from mirror.cli.deliveries import fields
from mirror.cli.options import (
    DatabaseOption,
    JsonOption,
    PlatformOption,
    name_of,
    owner_of,
    read_settings,
    readable,
)
from mirror.cli.output import as_json, console, safe
from mirror.core.paths import normalise
from mirror.errors import ConfigurationError
from mirror.store import feed, following
from mirror.store.engine import Database
from mirror.store.feed import Entity, Scope
from mirror.web.api.journal import change_of
from mirror.web.api.types import Change

LOOK_EVERY = 0.3
STYLES = {"insert": "green", "delete": "red", "update": ""}
ENTITIES: tuple[Entity, ...] = ("class", "material", "file", "link", "project", "task")


def follow(
    *,
    after: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE", help="Go on behind GENERATION:SEQ:ORDINAL; 0: from the start."
        ),
    ] = None,
    entities: Annotated[
        list[str] | None,
        typer.Option("--entity", metavar="KIND", help="Only such things; may be repeated."),
    ] = None,
    owner: Annotated[
        str | None, typer.Option(metavar="TYPE:ID", help="Only what is of this owner.")
    ] = None,
    path: Annotated[
        str, typer.Option(metavar="PATH", help="Only what is in this class and beneath.")
    ] = "/",
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="Follow this server, not a database.")
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(metavar="TOKEN", help="For --url. Default: MIRROR_READ_TOKEN."),
    ] = None,
    platform: PlatformOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Print changes as they are made, until Ctrl-C.

    Each begins with its place in the feed: --after goes on there, with none missed or repeated.
    """
    scope = Scope(
        tuple(map(_entity, entities or ())),
        None,
        None if owner is None else owner_of(owner),
        normalise(path),
    )
    place = None if after in {None, "0"} else str(feed.position(str(after)))
    with suppress(KeyboardInterrupt):  # that is how it ends
        if url is not None:
            found = read_settings(database=database)
            server = events.Server(url, token or found.read_token)
            _print(server.changes(platform, scope, place or after), json=json)
        else:
            with readable(database) as (_, opened):
                name = name_of(opened, platform)
                _print(_changes(opened, name, scope, place or after), json=json)


def _changes(
    database: Database, platform: str, scope: Scope, after: str | None
) -> Iterator[Change]:
    """Changes of a database as they come. Raises FeedReset."""
    place = None
    if after == "0":
        with database.read() as connection:
            place = feed.start(feed.end(connection, platform).generation)
    elif after is not None:
        place = feed.position(after)
    for change in following.follow(database, platform, place, scope, pause=LOOK_EVERY):
        yield change_of(platform, change)


def _print(changes: Iterator[Change], *, json: bool) -> None:
    for change in changes:
        if json:
            as_json(change)
            continue
        line = Text(f"{change.id:<12}  ")
        line.append(f"{change.op:<6}", style=STYLES[change.op])
        line.append(f"  {change.entity} {safe(change.key)}  ")
        line.append(safe(fields(change.before, change.after)))
        console().print(line)


def _entity(text: str) -> Entity:
    for known in ENTITIES:
        if text == known:
            return known
    raise ConfigurationError(f"{text!r} is no kind of thing; there are {', '.join(ENTITIES)}.")
