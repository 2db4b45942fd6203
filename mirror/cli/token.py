"""`mirror token`: who may read over HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from mirror.cli.options import DatabaseOption, JsonOption, owned, readable
from mirror.cli.output import as_json, say, table, warn, when
from mirror.store import reading_tokens

app = typer.Typer(help="Manage tokens for reading over HTTP.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The token's name.")]


@app.command()
def add(name: NameArgument, database: DatabaseOption = None, json: JsonOption = False) -> None:
    """Add a token for reading and show it, this once."""
    with owned(database) as (_, opened), opened.write() as connection:
        token = reading_tokens.add(connection, name, now=opened.now(connection))
    if json:
        as_json({"name": name, "token": token})
        return
    say(token)
    warn("mirror: that token reads every platform, and is shown this once.")


@app.command("list")
def list_(database: DatabaseOption = None, json: JsonOption = False) -> None:
    """List tokens and logins: when each was made, last used, and ends."""
    with readable(database) as (_, opened), opened.read() as connection:
        found = reading_tokens.listed(connection)
    if json:
        as_json(found)
        return
    table(
        ("name", "made", "last used", "ends"),
        (
            (
                token.name,
                when(token.created_at),
                when(token.last_used_at) or "never",
                when(token.expires_at) or "when revoked",
            )
            for token in found
        ),
    )


@app.command()
def revoke(name: NameArgument, database: DatabaseOption = None, json: JsonOption = False) -> None:
    """End a token or a login."""
    with owned(database) as (_, opened), opened.write() as connection:
        reading_tokens.revoke(connection, name)
    if json:
        as_json({"name": name, "revoked": True})
    else:
        say(f"Token '{name}' has ended.")
