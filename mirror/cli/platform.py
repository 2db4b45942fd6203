"""`mirror platform`: platforms, their secret callback URLs, and the ticket that has them called."""

from __future__ import annotations

from typing import Annotated

import typer

from mirror.cli.options import DatabaseOption, JsonOption, owned, readable
from mirror.cli.output import as_json, say, table, warn, when
from mirror.cli.ticket import PLACEHOLDER, ticket_text
from mirror.service import public_url
from mirror.settings import Settings
from mirror.store import platforms

app = typer.Typer(help="Manage platforms and their secret callback URLs.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The platform.")]


@app.command()
def add(
    name: NameArgument,
    platform_id: Annotated[
        str | None,
        typer.Option(metavar="ID", help="What API calls send as Platform. Default: NAME."),
    ] = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Add a platform and show its callback URL, this once."""
    with owned(database) as (found, opened), opened.write() as connection:
        now = opened.now(connection)
        platforms.add(connection, name, platform_id, now=now)
        token = platforms.rotate(connection, name, now=now)
    _show_url(found, name, token, json=json)


@app.command("list")
def list_(database: DatabaseOption = None, json: JsonOption = False) -> None:
    """List platforms, and when each of their tokens was made and last used."""
    with readable(database) as (_, opened), opened.read() as connection:
        found = platforms.listed(connection)
    if json:
        as_json(found)
        return
    rows = []
    for platform in found:
        state = "removed" if platform.removed_at is not None else "no token"
        facts = (platform.name, platform.platform_id)
        for token in platform.tokens:
            rows.append((*facts, when(token.created_at), when(token.last_used_at) or "never"))
            facts = ("", "")
        if not platform.tokens:
            rows.append((*facts, state, ""))
    table(("platform", "platform id", "token made", "last used"), rows)


@app.command()
def rotate(name: NameArgument, database: DatabaseOption = None, json: JsonOption = False) -> None:
    """Add a token and show its URL, this once; earlier ones work until `revoke`."""
    with owned(database) as (found, opened), opened.write() as connection:
        token = platforms.rotate(connection, name, now=opened.now(connection))
    _show_url(found, name, token, json=json)


@app.command()
def revoke(name: NameArgument, database: DatabaseOption = None, json: JsonOption = False) -> None:
    """End every token but the newest."""
    with owned(database) as (_, opened), opened.write() as connection:
        count = platforms.revoke(connection, name)
    if json:
        as_json({"name": name, "revoked": count})
    else:
        say(f"Platform '{name}': {count} older {'token' if count == 1 else 'tokens'} ended.")


@app.command()
def remove(name: NameArgument, database: DatabaseOption = None, json: JsonOption = False) -> None:
    """End a platform's callback URLs; its history stays."""
    with owned(database) as (_, opened), opened.write() as connection:
        platforms.remove(connection, name, now=opened.now(connection))
    if json:
        as_json({"name": name, "removed": True})
    else:
        say(f"Platform '{name}': its callback URLs have ended, its history stays.")


@app.command()
def ticket(
    name: NameArgument,
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The callback URL that `add` or `rotate` showed."),
    ] = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Print the support ticket, in Chinese, that asks the platform to turn callbacks on."""
    with readable(database) as (_, opened), opened.read() as connection:
        platform = platforms.resolve(connection, name)
    text = ticket_text(platform.platform_id, url)
    if json:
        as_json({"name": name, "text": text})
    else:
        for line in text.splitlines():
            say(line)
    if url is None:
        warn(
            f"mirror: put the callback URL in the place of {PLACEHOLDER}. Only a hash of its token "
            f"is kept; if nobody noted it, `mirror platform rotate {name}` makes another."
        )


def _show_url(settings: Settings, name: str, token: str, *, json: bool) -> None:
    path = platforms.callback_path(name, token)
    url = public_url(settings) + path
    if json:
        as_json({"name": name, "callback_path": path, "callback_url": url})
        return
    say(url)
    warn("mirror: that URL is a secret and is shown this once.")
    if settings.public_url is None:
        warn("mirror: MIRROR_PUBLIC_URL is not set, so it says where this machine listens.")
