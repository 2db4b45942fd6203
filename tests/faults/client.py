"""A client outside the fault domain: it posts as the platform does, and remembers what it was told.

It lives in the process of the test, which nobody kills. What it says was acknowledged has been
answered with 200, and the answer was read to its end.
"""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

RETRIES = 3  # product page 1156/71329


@dataclass(slots=True)
class Operation:
    """One operation of the platform, which it tells of with this body.

    `statuses` has one entry an attempt: what was answered, or 0 where no answer came.
    """

    body: bytes
    statuses: list[int] = field(default_factory=list)

    @property
    def acknowledged(self) -> bool:
        """Whether an answer of 200 arrived."""
        return 200 in self.statuses

    @property
    def attempts(self) -> int:
        """How often the body was sent, perhaps in part."""
        return len(self.statuses)


class Client:
    """Posts bodies over several connections at once.

    After an answer other than 200, or none, a body is sent again up to `retries` times, `pause`
    seconds later. While nobody listens nothing is sent, for `patience` seconds at most. With `keep`
    a connection is used again, as no platform does, but a client in a hurry would. `gap` is what
    a connection rests between two bodies, in seconds. A request is sent whole, or in `pieces`.
    """

    def __init__(
        self,
        port: int,
        path: str,
        *,
        connections: int = 4,
        retries: int = RETRIES,
        pause: float = 0.02,
        patience: float = 10.0,
        timeout: float = 10.0,
        keep: bool = True,
        gap: float = 0.0,
        pieces: bool = False,
    ) -> None:
        self.operations: list[Operation] = []
        self.acknowledged: list[Operation] = []
        """In the order in which the answers were read."""
        self._port = port
        self._path = path
        self._connections = connections
        self._retries = retries
        self._pause = pause
        self._patience = patience
        self._timeout = timeout
        self._keep = keep
        self._gap = gap
        self._pieces = pieces
        self._lock = threading.Lock()
        self._enough = threading.Event()

    @property
    def failed(self) -> list[Operation]:
        """Those without an acknowledgement, whatever else was answered."""
        return [operation for operation in self.operations if not operation.acknowledged]

    def post(self, *bodies: bytes) -> list[Operation]:
        """Posts bodies one after the other."""
        return self._send_all(iter(bodies), {})

    def post_all(self, bodies: Iterable[bytes]) -> list[Operation]:
        """Posts bodies over all connections; returns once each is done with, acknowledged first."""
        before = len(self.operations)
        with self.posting(bodies):
            pass
        return self.operations[before:]

    @contextmanager
    def posting(self, bodies: Iterable[bytes]) -> Iterator[None]:
        """Posts beside the body of the `with`; its end waits until each is done with.

        If that body raises, no further one is begun.
        """
        load = self.begin(bodies)
        try:
            yield
        except BaseException:
            self.stop()
            raise
        finally:
            load.wait()

    def begin(self, bodies: Iterable[bytes]) -> Load:
        """Posts over all connections, beside whatever else happens."""
        shared = _Shared(bodies)
        threads = [
            threading.Thread(target=self._send_all, args=(shared, {}), daemon=True)
            for _ in range(self._connections)
        ]
        for thread in threads:
            thread.start()
        return Load(threads)

    def stop(self) -> None:
        """Begins no further body; those under way are given up."""
        self._enough.set()

    def _send_all(self, bodies: Iterator[bytes], opened: _Opened) -> list[Operation]:
        done: list[Operation] = []
        try:
            for body in bodies:
                if self._enough.is_set():
                    break
                operation = Operation(body)
                with self._lock:
                    self.operations.append(operation)
                done.append(operation)
                self._send(operation, opened)
                self._enough.wait(self._gap)
        finally:
            _close(opened)
        return done

    def _send(self, operation: Operation, opened: _Opened) -> None:
        while not self._enough.is_set():
            connection = self._connect(opened)
            if connection is None:
                return
            status = self._attempt(connection, operation.body)
            with self._lock:
                operation.statuses.append(status)
                if status == 200:
                    self.acknowledged.append(operation)
            if status != 200 or not self._keep:
                _close(opened)
            if status == 200 or operation.attempts > self._retries:
                return
            self._enough.wait(self._pause)

    def _connect(self, opened: _Opened) -> socket.socket | None:
        """A connection on which something can be sent; None if nobody listens for too long."""
        known = opened.get("connection")
        if known is not None:
            return known
        deadline = time.monotonic() + self._patience
        while not self._enough.is_set():
            try:
                found = socket.create_connection(("127.0.0.1", self._port), self._timeout)
            except OSError:
                if time.monotonic() > deadline:
                    return None
                self._enough.wait(0.005)
            else:
                found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                opened["connection"] = found
                return found
        return None

    def _attempt(self, connection: socket.socket, body: bytes) -> int:
        try:
            self._request(connection, body)
            answer = http.client.HTTPResponse(connection, method="POST")
            answer.begin()
            answer.read()
        except (OSError, http.client.HTTPException):
            return 0
        return answer.status

    def _request(self, connection: socket.socket, body: bytes) -> None:
        head = (
            f"POST {self._path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"Connection: {'keep-alive' if self._keep else 'close'}\r\n\r\n"
        ).encode()
        if self._pieces:
            connection.sendall(head)
            time.sleep(0.002)
            connection.sendall(body)
        else:
            connection.sendall(head + body)


class Load:
    """Bodies that are being posted."""

    def __init__(self, threads: Sequence[threading.Thread]) -> None:
        self._threads = threads

    @property
    def is_on(self) -> bool:
        """Whether some body is not done with yet."""
        return any(thread.is_alive() for thread in self._threads)

    def wait(self, seconds: float = 60.0) -> None:
        """Waits until each body is done with. Fails if that takes too long."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
            assert not thread.is_alive(), "bodies are still being posted"


_Opened = dict[str, socket.socket]


def _close(opened: _Opened) -> None:
    connection = opened.pop("connection", None)
    if connection is not None:
        connection.close()


class _Shared:
    """An iterator that threads take turns with."""

    def __init__(self, bodies: Iterable[bytes]) -> None:
        self._bodies = iter(bodies)
        self._lock = threading.Lock()

    def __iter__(self) -> _Shared:
        return self

    def __next__(self) -> bytes:
        with self._lock:
            return next(self._bodies)


def sent(bodies: Sequence[bytes]) -> list[Operation]:
    """Operations as a client has them after a good day: for journals that were filled without one."""
    return [Operation(body, [200]) for body in bodies]
