"""Heads of requests that were parsed before: a sender repeats its own for every callback of a size.

A request is read by its head's bytes alone, so equal bytes at the start of a request are read the
same way again, without a parser. Only heads that leave no room for doubt are kept.
"""

from __future__ import annotations

from typing import NamedTuple

from mirror.sync.bodies import Message
from mirror.sync.gate import Headers

PREFIX = "/callback/"
END = b"\r\n\r\n"
MOST = 1_000
LONGEST = 4_096
"""Heads that are kept, and bytes of each."""
_SPECIAL = {
    b"connection",
    b"expect",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
"""Headers that make a request something else than a head and a body of the length that it names."""


class Head(NamedTuple):
    """What a head says: who posts where, with which headers."""

    platform: str
    token: str
    headers: Headers


def head_of(scope: Message) -> Head | None:
    """The head of a request that was parsed; None if it posts nothing."""
    if scope["method"] != "POST":
        return None
    platform, _, token = scope["path"].removeprefix(PREFIX).partition("/")
    return Head(platform, token, scope["headers"])


class Heads:
    """The heads that are known, by their bytes."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[Head, int]] = {}

    def find(self, request: bytes) -> tuple[Head, bytes] | None:
        """The head and the body of bytes that are one whole request, if its head is known."""
        end = request.find(END) + len(END)
        known = self._known.get(request[:end])
        if known is None or len(request) - end != known[1]:
            return None
        return known[0], request[end:]

    def learn(self, request: bytes, head: Head, size: int) -> None:
        """Keeps the head of bytes that were parsed as one whole request with a body of that size."""
        end = request.find(END) + len(END)
        if len(request) - end != size or end > LONGEST:
            return  # more than one, or empty lines before it
        for name, value in head.headers:
            if name in _SPECIAL and (name, value.lower()) != (b"connection", b"keep-alive"):
                return
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[request[:end]] = head, size
