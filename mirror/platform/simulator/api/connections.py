"""HTTP on loopback: a thread a connection, all closed with the server."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from threading import Lock
from typing import Any, Final, NamedTuple, cast

_MOST_BYTES: Final = 10 << 20


class Reply(NamedTuple):
    """What goes out. `promised` is the length that is announced."""

    status: int
    content_type: str
    body: bytes
    promised: int


# In place of a reply: the connection is closed without a word.
GONE: Final = Reply(0, "", b"", 0)

Answer = Callable[[Mapping[str, str], bytes], Reply]


class Place:
    """A port of our own. While nobody listens there, connections are refused and it stays ours.

    Only Linux lets a socket listen where another one is bound; elsewhere the port is up for grabs.
    """

    def __init__(self) -> None:
        self.port = 0
        self._held: socket.socket | None = None

    def take(self) -> int:
        """The port, the same one until `leave`; 0 is any."""
        if self._held is None and sys.platform == "linux":
            self._held = socket.socket()
            # Who listens there shares the address with this one, which never does.
            self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._held.bind(("127.0.0.1", self.port))
            self.port = self._held.getsockname()[1]
        return self.port

    def leave(self) -> None:
        """Let others have the port."""
        if self._held is not None:
            self._held.close()
            self._held = None


class Connections(ThreadingMixIn, TCPServer):
    """Listens as soon as it is made; `server_close` ends every connection and its thread."""

    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, port: int, answer: Answer) -> None:
        self.answer = answer
        self._lock = Lock()
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Connection)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as above it
        """Start a thread for the connection and remember it."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as above it
        """Close the connection."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Listen no more, end all connections and wait for their threads."""
        with self._lock:
            for connection in self._open:
                # Its thread wakes, finds the end of the stream and closes it; or is just doing so.
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as above it
        """Say nothing: a client that is gone is no news, and the server keeps what breaks."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One write a reply, sent at once: two small ones would wait for each other.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length") or ""
        if self.path != "/" or not length.isdecimal() or int(length) > _MOST_BYTES:
            self.send_error(400)
            return
        body = self.rfile.read(int(length))
        headers = cast("Mapping[str, str]", self.headers)
        reply = cast("Connections", self.server).answer(headers, body)
        if reply is GONE:
            self.close_connection = True
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(reply.promised))
        self.end_headers()
        self.wfile.write(reply.body)
        if len(reply.body) < reply.promised:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing: the server keeps its own list of calls."""
