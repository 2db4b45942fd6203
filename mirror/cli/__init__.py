"""The command `mirror`: each command group has a file; what goes wrong is told in one line."""

from __future__ import annotations

import sys
from importlib.metadata import version
from io import TextIOWrapper
from typing import Annotated

import typer

from mirror.cli import (
    archive,
    database,
    deliveries,
    demo,
    diff,
    dump,
    follow,
    history,
    platform,
    proof,
    reconcile,
    serve,
    status,
    token,
    tree,
)
from mirror.cli.output import safe
from mirror.errors import MirrorError

app = typer.Typer(
    help="Keeps a queryable, provable copy of a media library from its callbacks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(version("cme-mirror"))
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    pass


app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.add_typer(platform.app, name="platform")
app.command("import")(archive.import_)
app.command("export")(archive.export)
app.command("rebuild")(proof.rebuild)
app.command("verify")(proof.verify)
app.command("tree")(tree.tree)
app.command("history")(history.history)
app.command("diff")(diff.diff)
app.command("log")(deliveries.log)
app.command("show")(deliveries.show)
app.command("follow")(follow.follow)
app.command("dump")(dump.dump)
app.command("status")(status.status)
app.command("reconcile")(reconcile.reconcile)
app.add_typer(token.app, name="token")
app.add_typer(database.app, name="database")


def main() -> None:
    """Runs the command that the arguments name, and exits with its code."""
    for stream in (sys.stdout, sys.stderr):
        # What a terminal's encoding lacks is written out, not an error.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(prog_name="mirror")
    except MirrorError as error:
        sys.stdout.flush()
        print(f"mirror: {safe(str(error))}", file=sys.stderr)  # noqa: T201
        sys.exit(error.exit_code)
