"""SQLite's write-ahead log as bytes: its frames, and what a disk may make of the last of them.

The format is SQLite's own (sqlite.org, "WAL-mode File Format"): a header of 32 bytes, then frames of a
header of 24 bytes and a page. A transaction counts once its last frame, which tells the size of the
database, is whole; a frame that is damaged ends the log for whoever reads it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from mirror.store import sqlite

HEADER, FRAME_HEADER = 32, 24


class Frame(NamedTuple):
    """Where a frame lies, and whether a transaction ends with it."""

    start: int
    end: int
    commits: bool


def frames(wal: bytes) -> list[Frame]:
    """The frames of a log from its beginning, without what an earlier use of the file left behind."""
    (page_size,) = struct.unpack_from(">I", wal, 8)
    salt = wal[16:24]
    found = []
    for start in range(HEADER, len(wal), FRAME_HEADER + page_size):
        end = start + FRAME_HEADER + page_size
        if end > len(wal) or wal[start + 8 : start + 16] != salt:
            break
        (size,) = struct.unpack_from(">I", wal, start + 4)
        found.append(Frame(start, end, commits=size > 0))
    return found


def transactions(wal: bytes) -> list[list[Frame]]:
    """The frames of each transaction that was committed."""
    found: list[list[Frame]] = []
    current: list[Frame] = []
    for frame in frames(wal):
        current.append(frame)
        if frame.commits:
            found.append(current)
            current = []
    return found


class Damage(NamedTuple):
    """A log that a disk spoilt from one byte on, and how."""

    how: str
    at: int
    wal: bytes


def damages(wal: bytes, places: Iterable[int]) -> Iterator[Damage]:
    """The log cut off at each place, with a byte changed there, and with nothing but zeros from there."""
    for at in places:
        yield Damage("cut", at, wal[:at])
        yield Damage("changed", at, wal[:at] + bytes([wal[at] ^ 0x55]) + wal[at + 1 :])
        zeroed = wal[:at] + bytes(len(wal) - at)
        if zeroed != wal:
            yield Damage("zeroed", at, zeroed)


class Content(NamedTuple):
    """What a database holds of a platform: journal, where it ends, and how far it is applied."""

    journal: tuple[tuple[Any, ...], ...]
    heads: tuple[tuple[Any, ...], ...]
    checkpoints: tuple[tuple[Any, ...], ...]
    outcomes: int


def read(file: Path, wal: bytes) -> Content:
    """Opens a database file with a log put beside it, as after a crash; fails unless it is sound.

    The file itself stays as it is: whoever may only read moves nothing from the log into it.
    """
    beside = file.with_name(f"{file.name}-wal")
    file.with_name(f"{file.name}-shm").unlink(missing_ok=True)
    beside.write_bytes(wal)
    with closing(sqlite.library().connect(f"file:{file}?mode=ro", uri=True)) as connection:
        said = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        assert said == ["ok"], said
        journal, heads, checkpoints = (
            tuple(connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2"))  # noqa: S608
            for table in ("journal", "heads", "checkpoints")
        )
        outcomes = connection.execute("SELECT count(*) FROM outcomes").fetchone()[0]
    return Content(journal, heads, checkpoints, outcomes)
