"""Splits a content into lines, in pieces that end where a line does.

Memory is bounded by the longest line that is taken; a longer one is passed over and named. A hash
over all that was read identifies the content, so that an interrupted import finds its place again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Protocol

from msgspec import Struct

BLOCK = 1024 * 1024
MOST_LINES = 2_000
"""Lines in a piece, at most: whoever writes one at once must not keep others waiting."""


class Content(Protocol):
    """What can be read: at most so many bytes at once, none at the end."""

    def read(self, size: int, /) -> bytes:
        """Reads."""


class Mark(Struct, frozen=True):
    """A place in a content: how many lines and bytes come before it, and a hash of them."""

    lines: int = 0
    size: int = 0
    fingerprint: bytes = sha256().digest()


class Piece(Struct, frozen=True):
    """Some lines without their ends; None stands for one that was too long. `end` comes after."""

    first: int  # the number of the first line, from 1
    lines: list[bytes | None]
    end: Mark


def find(content: Content, marks: Iterable[Mark]) -> list[Mark]:
    """Those of `marks` that lie in this content, between two lines or at its end; furthest last."""
    by_size: dict[int, dict[bytes, Mark]] = {}
    for mark in marks:
        by_size.setdefault(mark.size, {})[mark.fingerprint] = mark
    hasher, read, last = sha256(), 0, b"\n"
    found = []
    for size in sorted(by_size):
        while read < size and (block := content.read(min(BLOCK, size - read))):
            hasher.update(block)
            read += len(block)
            last = block[-1:]
        if read < size:
            break
        here = by_size[size].get(hasher.digest())
        if here is None:
            continue
        if last != b"\n":
            # A last line without an end is the same line only if it still ends here.
            last = content.read(1)
            hasher.update(last)
            read += len(last)
            if last not in {b"", b"\n", b"\r"}:
                continue
        found.append(here)
    return found


def pieces(content: Content, longest: int, after: Mark | None = None) -> Iterator[Piece]:
    """Splits what follows `after` into pieces of about `BLOCK`, or of a `longest` line.

    A line's end is a line feed, or a carriage return and one. An end that `after` lacks is passed
    over.
    """
    reader = _Reader(content, longest)
    if after is not None:
        reader.skip(after)
    yield from reader.pieces()


class _Reader:
    def __init__(self, content: Content, longest: int) -> None:
        self._content = content
        self._longest = longest
        self._block = max(BLOCK, longest // 16)
        self._hasher = sha256()
        self._size = 0
        self._lines = 0
        self._rest = b""
        self._in_long = False  # within a line that is too long

    def skip(self, mark: Mark) -> None:
        last = b""
        while self._size < mark.size:
            block = self._content.read(min(self._block, mark.size - self._size))
            if not block:
                break
            self._pass(block)
            last = block[-1:]
        self._lines = mark.lines
        if last not in {b"", b"\n"}:
            end = self._content.read(1)
            end += self._content.read(1) if end == b"\r" else b""
            self._pass(end)

    def pieces(self) -> Iterator[Piece]:
        while block := self._content.read(self._block):
            data = self._rest + block
            cut = data.rfind(b"\n") + 1
            self._rest = data[cut:]
            if cut:
                yield from self._split(data[: cut - 1])
            if len(self._rest) > self._longest + 1:  # beyond a carriage return
                self._pass(self._rest)
                self._rest = b""
                self._in_long = True
        if self._rest or self._in_long:
            yield self._piece(self._rest, [self._rest])

    def _split(self, data: bytes) -> Iterator[Piece]:
        raw = data.split(b"\n")
        if len(raw) <= MOST_LINES:
            yield self._piece(data + b"\n", raw)
            return
        for start in range(0, len(raw), MOST_LINES):
            some = raw[start : start + MOST_LINES]
            yield self._piece(b"\n".join(some) + b"\n", some)

    def _piece(self, data: bytes, raw: list[bytes]) -> Piece:
        lines: list[bytes | None] = [line.removesuffix(b"\r") for line in raw]
        lines = [line if line is None or len(line) <= self._longest else None for line in lines]
        if self._in_long:
            lines[0] = None
            self._in_long = False
        first = self._lines + 1
        self._pass(data)
        self._lines += len(lines)
        return Piece(first, lines, Mark(self._lines, self._size, self._hasher.digest()))

    def _pass(self, data: bytes) -> None:
        self._hasher.update(data)
        self._size += len(data)
