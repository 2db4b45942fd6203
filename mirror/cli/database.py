"""`mirror database`: the schema and its migrations."""

from __future__ import annotations

from contextlib import closing

import typer

from mirror.cli.options import DatabaseOption, JsonOption, read_settings
from mirror.cli.output import as_json, say
from mirror.store import migrate
from mirror.store.engine import open_database

app = typer.Typer(
    help="Look at the database's schema, or bring it up to date.", no_args_is_help=True
)


@app.command()
def upgrade(database: DatabaseOption = None, json: JsonOption = False) -> None:
    """Bring the schema up to date, all of it or nothing."""
    found = read_settings(database=database)
    with closing(open_database(found.database)) as opened:
        changed = migrate.upgrade(opened)
        revision = migrate.current(opened)
        if json:
            as_json({"database": opened.name, "revision": revision, "changed": changed})
        elif changed:
            say(f"Database {opened.name} now has schema {revision}.")
        else:
            say(f"Database {opened.name} has schema {revision} already.")


@app.command()
def current(database: DatabaseOption = None, json: JsonOption = False) -> None:
    """Tell which schema the database has, and which this version needs."""
    found = read_settings(database=database)
    with closing(open_database(found.database, create=False)) as opened:
        revision, needed = migrate.current(opened), migrate.head()
        if json:
            as_json({"database": opened.name, "revision": revision, "needed": needed})
        else:
            say(f"Database {opened.name} has schema {revision or 'none'}; {needed} is needed.")
