"""Opens a file that may be compressed with gzip or zstd; its first bytes tell, not its name.

A file that was cut off is an error, not an end.
"""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

from mirror.errors import InputError

STANDARD_INPUT = Path("-")
AHEAD = 1024 * 1024
LARGEST_WINDOW = 128 * 1024**2  # the memory that a zstd file may ask for
INPUT = 2048
"""Bytes that zstd is given at once: four may stand for 128 KiB, so this bounds what comes out."""


def is_stream(path: Path) -> bool:
    """Whether a path can be read only once: standard input, a pipe, a device."""
    return path == STANDARD_INPUT or not (path.is_file() or path.is_dir() or not path.exists())


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The decompressed content of a file, or of standard input for `-`.

    Raises InputError, also for what goes wrong while it is read.
    """
    name = "Standard input" if path == STANDARD_INPUT else str(path)
    try:
        source = nullcontext(sys.stdin.buffer) if path == STANDARD_INPUT else path.open("rb")
        with source as file:
            yield _decompressed(io.BufferedReader(cast("io.RawIOBase", file), AHEAD))
    except (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as error:
        raise InputError(
            f"{name} is cut off or damaged ({error}). What stood before was taken; with the whole "
            "file, the same command goes on from there."
        ) from error
    except OSError as error:
        raise InputError(f"{name} could not be read: {error.strerror or error}.") from error


def _decompressed(file: io.BufferedReader) -> BinaryIO:
    magic = file.peek(4)[:4]
    if magic[:2] == b"\x1f\x8b":
        return cast("BinaryIO", gzip.GzipFile(fileobj=file))
    if magic == b"\x28\xb5\x2f\xfd":
        return io.BufferedReader(_Zstd(file), AHEAD)
    return file


class _Zstd(io.RawIOBase):
    """The content of one zstd frame after another."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self._frames = zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW)
        self._frame = self._frames.decompressobj()
        self._begun = False
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        """Says that it can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fills `buffer` as far as it can; 0 at the end. Raises EOFError within a frame."""
        while not self._ready:
            given = self._file.read(INPUT)
            if not given:
                if self._begun:
                    raise EOFError("it ends within a frame")
                return 0
            self._ready = memoryview(b"".join(self._fed(given)))
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _fed(self, given: bytes) -> Iterator[bytes]:
        while given:
            self._begun = True
            yield self._frame.decompress(given)
            given = b""
            if self._frame.eof:
                given = self._frame.unused_data
                self._frame = self._frames.decompressobj()
                self._begun = False
