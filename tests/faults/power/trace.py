"""Reads what shim.c wrote: every change that any process made to the files of one folder, by time."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

Instant = int
"""Nanoseconds of CLOCK_MONOTONIC, which `time.monotonic_ns` reads, too."""

_RECORD = struct.Struct("=QQQQIIII")


class Record(NamedTuple):
    """One call: from when to when, and `what` of the letters in shim.c it was."""

    begun: Instant
    ended: Instant
    file: int
    offset: int
    what: str
    name: str
    data: bytes
    process: int


def read(trace: Path) -> list[Record]:
    """All records, by the time at which their calls returned."""
    return sorted(_records(trace.read_bytes()), key=lambda record: record.ended)


def _records(text: bytes) -> Iterator[Record]:
    at = 0
    while at < len(text):
        begun, ended, file, offset, name, data, process, what = _RECORD.unpack_from(text, at)
        at += _RECORD.size
        called = text[at : at + name].decode()
        at += name
        yield Record(begun, ended, file, offset, chr(what), called, text[at : at + data], process)
        at += data


def boundaries(records: Iterable[Record]) -> list[Instant]:
    """Just before, amid and just after each sync: where what is durable changes."""
    found: set[Instant] = set()
    for record in records:
        if record.what in "sd":
            found |= {record.begun - 1, (record.begun + record.ended) // 2, record.ended}
    return sorted(found)
