"""Reads request bodies as they stream in: bounded each, bounded together, bounded in time.

Of a body that is too large nothing is kept; it is read on for a while, since a sender that is still
writing would not hear the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

SECONDS = 60.0
"""How long a body may take to come."""
TOGETHER = 256 * 1024**2
"""Bytes of all bodies held at once, at least; four of the largest fit in any case."""
READ_ON = 8
"""How many times its limit a body that is too large is read, to be answered after it."""


class TooLarge(Exception):
    """The body is larger than the limit."""


class TooMuch(Exception):
    """All bodies together are more than are held at once."""


class HungUp(Exception):
    """The client left before its body was complete."""


class Bodies:
    """The bodies that are held now. `limit` is in bytes."""

    def __init__(self, limit: int) -> None:
        self.held = 0
        self._limit = limit
        self._together = max(TOGETHER, 4 * limit)

    async def read(self, headers: Iterable[tuple[bytes, bytes]], receive: Receive) -> bytes:
        """Returns one body, which is held until `release`.

        Raises TooLarge, TooMuch, HungUp or TimeoutError, and then holds nothing.
        """
        if self._refusable(headers):
            raise TooLarge
        message = at_once(receive)
        if message is None or message.get("more_body", False):
            # A timeout costs as much as all else here, and few bodies are long in coming.
            async with asyncio.timeout(SECONDS):
                return await self._stream(message or await receive(), receive)
        if message["type"] != "http.request":
            raise HungUp
        body: bytes = message.get("body", b"")
        if len(body) > self._limit:
            raise TooLarge
        self._hold(len(body))
        return body

    def take(self, size: int) -> bool:
        """Holds a body that is here already, if it may be held."""
        if size > self._limit or self.held + size > self._together:
            return False
        self.held += size
        return True

    def release(self, body: bytes) -> None:
        """Holds `body` no more."""
        self.held -= len(body)

    async def _stream(self, message: Message, receive: Receive) -> bytes:
        body, size = bytearray(), 0
        try:
            size += self._take(message, body, size)
            while message.get("more_body", False):
                message = await receive()
                size += self._take(message, body, size)
        except BaseException:
            self.held -= len(body)
            raise
        if size > self._limit:
            raise TooLarge
        return bytes(body)

    def _take(self, message: Message, body: bytearray, before: int) -> int:
        """Adds a message to the body, as long as that may still be wanted; returns its size."""
        if message["type"] != "http.request":
            raise HungUp
        chunk: bytes = message.get("body", b"")
        size = before + len(chunk)
        if size > self._limit * READ_ON:
            raise TooLarge
        if size <= self._limit:
            self._hold(len(chunk))
            body += chunk
        else:
            self.held -= len(body)
            body.clear()
        return len(chunk)

    def _hold(self, size: int) -> None:
        if self.held + size > self._together:
            raise TooMuch
        self.held += size

    def _refusable(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Whether the client waits for leave to send a body that is too large."""
        declared, expecting = b"", False
        for name, value in headers:
            if name == b"content-length":
                declared = value
            elif name == b"expect":
                expecting = True
        return expecting and declared.isdigit() and int(declared[:20]) > self._limit


def at_once(receive: Receive) -> Message | None:
    """What `receive` gives without waiting; None if it would wait, and then nothing was taken.

    The one step that it is given ends it if there is news.
    """
    step = receive().__await__()
    try:
        next(step)
    except StopIteration as end:
        found: Message = end.value
        return found
    close = getattr(step, "close", None)
    if close is not None:
        close()
    return None
