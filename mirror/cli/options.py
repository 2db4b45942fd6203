"""What commands have in common: their options, the database they work on, and what names a moment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from mirror import logs, service, settings, values
from mirror.cli.output import warn
from mirror.core.model import Micros, Owner, Seq
from mirror.errors import ConfigurationError, NotFound
from mirror.settings import Settings
from mirror.store import journal, platforms
from mirror.store.engine import Connection, Database

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="The database, such as sqlite:///mirror.db. Default: MIRROR_DATABASE, or that file.",
    ),
]
PlatformOption = Annotated[
    str | None,
    typer.Option(
        "--platform", metavar="NAME", help="The platform. Default: 'default', or the only one."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def read_settings(*, serving: bool = False, **options: str | None) -> Settings:
    """The settings, with a command's own options; warns of variables that no setting reads."""
    found = settings.load(options=options)
    for sentence in settings.misspelt(os.environ):
        warn(f"mirror: {sentence}.")
    # A command that ends by itself says what it did; a server has nothing but its log.
    logs.configure(found.log_format, found.log_level if serving else "warning")
    return found


@contextmanager
def owned(url: str | None) -> Iterator[tuple[Settings, Database]]:
    """The database, to write to."""
    found = read_settings(database=url)
    database = service.open_beside(found)
    try:
        yield found, database
    finally:
        database.close()


@contextmanager
def readable(url: str | None) -> Iterator[tuple[Settings, Database]]:
    """The database, to read from."""
    found = read_settings(database=url, read_database=url)
    database = service.open_for_reading(found)
    try:
        yield found, database
    finally:
        database.close()


def name_of(database: Database, platform: str | None) -> str:
    """The platform that is meant. Raises NotFound."""
    with database.read() as connection:
        return platforms.resolve(connection, platform).name


def owner_of(text: str) -> Owner:
    """The owner that TYPE:ID means. Raises ConfigurationError."""
    kind, colon, identity = text.partition(":")
    if not (kind and colon and identity):
        raise ConfigurationError(f"{text!r} is no owner, such as TEAM:cmetid_1.")
    return Owner(kind.upper(), identity)


def place(connection: Connection, platform: str, text: str) -> Seq:
    """The delivery that a SEQ or a TIME means: that one, or the last at or before then.

    Raises ConfigurationError, and NotFound for a seq beyond the journal's end.
    """
    if text.isascii() and text.isdigit():
        seq, head = Seq(int(text)), journal.head(connection, platform)
        if seq > head:
            raise NotFound(
                f"Platform '{platform}' has no delivery {seq}: its journal ends at {head}."
            )
        return seq
    try:
        moment = values.moment(text)
    except ValueError as error:
        raise ConfigurationError(f"{text!r} is no delivery's number, and {error}.") from None
    return journal.seq_at(connection, platform, Micros(moment))
