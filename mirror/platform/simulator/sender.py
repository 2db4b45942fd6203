"""Posts bodies as the platform does: success is exactly 200, all else is tried three times more."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Condition, Event, Lock, Thread
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEADERS: Final = {"Content-Type": "application/json", "Connection": "close"}
_SUCCESS: Final = 200
_REPLY_LIMIT: Final = 65_536


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the bodies: delivered or given up, and how many posts that took.

    `dropped` were taken and not settled, because sending was stopped.
    """

    attempts: int = 0
    delivered: int = 0
    given_up: int = 0
    dropped: int = 0


class Sender:
    """Sends to one URL. Safe for several threads at once; it owns none."""

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = 5.0,
        retries: int = 3,
        retry_interval_s: float = 1.0,
    ) -> None:
        """Prepare sending to an http or https `url`.

        The platform's own time-out and interval are unknown. The time-out holds for each wait on
        the network, not for their sum.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(url)
        self._connection = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port = parts.hostname, parts.port
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._timeout_s = timeout_s
        self._retries = retries
        self._interval_s = retry_interval_s
        self._stopped = Event()
        self._lock = Lock()
        self._counts = Counts()

    @property
    def counts(self) -> Counts:
        """What became of all bodies so far."""
        with self._lock:
            return self._counts

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Start nothing more: a wait ends at once, a running post within its time-out."""
        self._stopped.set()

    def send(self, body: bytes) -> bool:
        """Post until a 200 comes or the retries are used up; whether it came.

        After `stop` nothing is posted and the body counts as dropped.
        """
        for attempt in range(1 + self._retries):
            if attempt:
                self._stopped.wait(self._interval_s)
            if self.stopped:
                self._count(dropped=1)
                return False
            self._count(attempts=1)
            if self._post(body) == _SUCCESS:
                self._count(delivered=1)
                return True
        self._count(given_up=1)
        return False

    def drop(self, bodies: int) -> None:
        """Count bodies that were taken and will not be sent."""
        self._count(dropped=bodies)

    def _post(self, body: bytes) -> int | None:
        """The status, or None if none came."""
        connection = self._connection(self._host, self._port, timeout=self._timeout_s)
        try:
            connection.request("POST", self._target, body, _HEADERS)
            response = connection.getresponse()
            # Only the status counts, whatever becomes of the rest; but to hang up on a reply that
            # is still being written would look like a fault to whoever writes it.
            with suppress(OSError, HTTPException):
                response.read(_REPLY_LIMIT)
        except (OSError, HTTPException):
            return None
        finally:
            connection.close()
        return response.status

    def _count(self, **more: int) -> None:
        with self._lock:
            sums = {name: getattr(self._counts, name) + by for name, by in more.items()}
            self._counts = replace(self._counts, **sums)


class SendingThreads:
    """Threads that share one sender and a bounded queue; order among them is not kept.

    As a context manager, leaving it sends all that was offered; leaving by an exception stops.
    """

    def __init__(self, sender: Sender, *, threads: int = 4, capacity: int = 1_000) -> None:
        """Start `threads`; at most `capacity` bodies wait."""
        self._sender = sender
        self._capacity = capacity
        self._waiting: deque[bytes] = deque()
        self._closed = False
        # Guards the two above.
        self._changed = Condition()
        self._threads = [
            Thread(target=self._work, name=f"sender-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.stop()

    def offer(self, body: bytes) -> bool:
        """Queue a body, waiting while the queue is full; False if it was closed or stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._waiting) < self._capacity)
            if self._closed:
                return False
            self._waiting.append(body)
            self._changed.notify_all()
            return True

    def offer_all(self, bodies: Iterable[bytes]) -> int:
        """Queue bodies in order; how many were taken."""
        taken = 0
        for body in bodies:
            if not self.offer(body):
                break
            taken += 1
        return taken

    def close(self) -> None:
        """Take nothing more, send what waits, and end the threads."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def stop(self) -> None:
        """End the threads as soon as a running post allows; what waits is dropped and counted."""
        self._sender.stop()
        with self._changed:
            self._sender.drop(len(self._waiting))
            self._waiting.clear()
        self.close()

    def _work(self) -> None:
        while (body := self._next()) is not None:
            self._sender.send(body)

    def _next(self) -> bytes | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or bool(self._waiting))
            if not self._waiting:
                return None
            self._changed.notify_all()
            return self._waiting.popleft()
