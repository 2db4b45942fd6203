"""A proxy on loopback between the platform and a mirror, which does what bad proxies do."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from enum import Enum, auto
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, Final, Self
from urllib.parse import urlsplit

ABORT: Final = struct.pack("ii", 1, 0)  # SO_LINGER: closing resets the connection
SUCCESS: Final = b'{"Code":"Success"}'


class Does(Enum):
    """What becomes of one post. But for the last two, the mirror gets it once and sees its answer taken."""

    PASS = auto()
    """All is well."""
    SWALLOW = auto()
    """The answer is dropped, and the connection closed."""
    RESET = auto()
    """The connection is reset amid the answer's first line."""
    FAIL = auto()
    """Whatever the answer is, the platform gets 502."""
    DELAY = auto()
    """The answer comes after the platform has given up on it."""
    REPEAT = auto()
    """The post is sent twice, as a proxy does that takes the first for lost."""
    PRETEND = auto()
    """The platform gets 200, the mirror nothing."""


Plan = Callable[[int, bytes], Does]


class Proxy:
    """Stands before a server, from entering to leaving a `with` block.

    `plan` is told the number of a post, from 0 on, and its body. `delay_s` is how late a delayed
    answer is. `seen` is what came and what became of it, in order.
    """

    def __init__(self, url: str, plan: Plan, *, delay_s: float = 0.0) -> None:
        """Prepare to stand before the callback URL `url`."""
        parts = urlsplit(url)
        assert parts.port is not None
        self.seen: list[tuple[bytes, Does]] = []
        self._port, self._path = parts.port, parts.path
        self._plan, self._delay_s = plan, delay_s
        self._lock = Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            """One connection of the platform."""

            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                """Takes one post."""
                proxy._take(self)

            def log_message(self, *_: object) -> None:
                """Is quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False  # leaving waits for what is open
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), name="proxy")

    @property
    def url(self) -> str:
        """What the platform posts to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{self._path}"

    def bodies(self, *does: Does) -> list[bytes]:
        """The bodies that met one of these fates."""
        return [body for body, done in self.seen if done in does]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Takes no more, and waits for what is open. Closing twice is no mistake."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _take(self, client: BaseHTTPRequestHandler) -> None:
        body = client.rfile.read(int(client.headers["Content-Length"]))
        with self._lock:
            does = self._plan(len(self.seen), body)
            self.seen.append((body, does))
        client.close_connection = True
        if does is Does.PRETEND:
            self._answer(client, 200, SUCCESS)
            return
        status, text = self._forward(body)
        match does:
            case Does.PASS:
                self._answer(client, status, text)
            case Does.REPEAT:
                self._answer(client, *self._forward(body))
            case Does.FAIL:
                self._answer(client, 502, b"")
            case Does.DELAY:
                time.sleep(self._delay_s)
                self._answer(client, status, text)
            case Does.RESET:
                client.connection.sendall(b"HTTP/1.1 2")
                client.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
                client.connection.close()
            case Does.SWALLOW:
                pass

    def _forward(self, body: bytes) -> tuple[int, bytes]:
        """What the mirror answers; 502, if it does not."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=20)
        try:
            headers = {"Content-Type": "application/json", "Connection": "close"}
            connection.request("POST", self._path, body, headers)
            answer: HTTPResponse = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, HTTPException):
            return 502, b""
        finally:
            connection.close()

    @staticmethod
    def _answer(client: Any, status: int, text: bytes) -> None:  # noqa: ANN401 - the handler
        try:
            client.send_response_only(status)
            client.send_header("Content-Length", str(len(text)))
            client.send_header("Connection", "close")
            client.end_headers()
            client.wfile.write(text)
        except OSError:
            pass  # the platform has given up
