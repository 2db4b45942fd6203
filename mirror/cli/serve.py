"""`mirror serve`: receives callbacks until it is told to stop."""

from __future__ import annotations

from typing import Annotated

import typer

from mirror import service
from mirror.cli.options import DatabaseOption, JsonOption, read_settings
from mirror.cli.output import as_json, say
from mirror.service import Running

HostOption = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Listen on this address. Default: MIRROR_HOST."),
]
PortOption = Annotated[
    int | None,
    typer.Option(
        min=0, max=65535, metavar="PORT", help="Listen on this port. Default: MIRROR_PORT."
    ),
]


def serve(
    host: HostOption = None,
    port: PortOption = None,
    database: DatabaseOption = None,
    single_process: Annotated[
        bool, typer.Option("--single-process", help="Apply in a thread, not in a second process.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Receive callbacks and apply them.

    Ctrl-C or SIGTERM stops it: what was received is answered and applied first.
    """
    found = read_settings(
        serving=True, database=database, host=host, port=None if port is None else str(port)
    )

    def started(running: Running) -> None:
        if json:
            as_json(
                {
                    "url": running.url,
                    "callback_url": running.callback_url,
                    "login_url": running.login_url,
                }
            )
        else:
            say(f"Receiving callbacks at {running.url}")
            say(f"Look at it, on this machine: {running.login_url}")
            say("That link logs one person in, once, within 10 minutes.")
            if running.callback_url is not None:
                say(f"Post to {running.callback_url}")
                say("That URL is a secret and is shown this once; `mirror platform` makes others.")

    service.serve(found, single_process=single_process, started=started)
