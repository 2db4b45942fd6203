"""What answers on a socket: uvicorn, without a log of paths, and ending as mirror wants it."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn

from mirror.errors import ConfigurationError
from mirror.web.security import Application

Protocol = type[asyncio.Protocol] | str
"""What speaks HTTP, as uvicorn takes it."""
FINISH_SECONDS = 4
"""Seconds that open requests have to finish in, when the server stops."""


class Server(uvicorn.Server):
    """uvicorn, but a signal that asked it to stop is not raised again: it ends well, with 0."""

    _signalled = False

    def __init__(
        self, application: Application, protocol: Protocol, leaving: Callable[[], None]
    ) -> None:
        """Runs the application over a protocol.

        `leaving` is told before it waits for open requests to end.
        """
        super().__init__(
            uvicorn.Config(
                application,
                lifespan="on",
                http=protocol,
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=FINISH_SECONDS,
            )
        )
        self._leaving = leaving

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends what would go on by itself, and waits for all else that is open."""
        self._leaving()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Has signals stop it, as long as the body runs."""
        before = {
            number: signal.signal(number, self.handle_exit)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a handler
        """Stops, the first time; the second time it dies of the signal, and waits for nobody."""
        if self._signalled:
            signal.signal(sig, signal.SIG_DFL)
            signal.raise_signal(sig)
        self._signalled = self.should_exit = True


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises ConfigurationError where that cannot be."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        return socket.create_server(address, family=family, backlog=2048)
    except OSError as error:
        raise ConfigurationError(
            f"Cannot listen on {host} port {port}: {error.strerror or error}. "
            "Choose others with --host and --port."
        ) from error
