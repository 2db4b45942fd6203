"""The command `mirror`."""

from importlib.metadata import version

import typer

app = typer.Typer()


@app.callback(invoke_without_command=True)
def print_version() -> None:
    """Prints the version."""
    typer.echo(version("cme-mirror"))


def main() -> None:
    """Runs the command that the arguments name."""
    app()
