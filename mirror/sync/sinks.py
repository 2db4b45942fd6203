"""Where an applier's batches are written: in this process, or in one beside it while the next batch is folded.

Whatever the sink, a batch is one transaction, fenced by its checkpoint.
"""

from __future__ import annotations

import logging
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

import msgspec

from mirror.core.model import Seq
from mirror.errors import DatabaseUnavailable, LeaseLost, MirrorError
from mirror.store import net, writes
from mirror.store.engine import Database, open_database
from mirror.store.net import Net
from mirror.sync import calm

# The same modules as here, wherever they were found; not those of the working directory.
BOOT = "import sys; sys.path[:] = sys.argv[1:]; from mirror.sync.sinks import main; main()"
PATIENCE = 5.0
"""Seconds that the writing process has to end in, once nothing more comes."""
WORTH_IT = 20_000
"""Deliveries in large batches after which a second process is worth its start."""

log = logging.getLogger(__name__)

_SIZE = struct.Struct(">Q")


class Sink(Protocol):
    """Takes batches in order. After an error it holds nothing, and the applier starts over."""

    def write(self, made: Net) -> Seq:
        """Take a batch; return how far batches are certainly committed. Raises what `writes.write` does."""

    def settle(self) -> None:
        """Return once all that was taken is committed; raise as `write` does."""

    def close(self) -> None:
        """End; what is not settled may be lost."""


class Direct:
    """Writes in this process."""

    def __init__(self, database: Database) -> None:
        """Bind the database that is written to."""
        self._database = database

    def write(self, made: Net) -> Seq:
        """Write a batch and return where it ends."""
        with self._database.write() as connection:
            writes.write(connection, made, self._database.now(connection))
        return made.to

    def settle(self) -> None:
        """Nothing is ever open."""

    def close(self) -> None:
        """Nothing is held."""


class _Job(msgspec.Struct, frozen=True):
    database_url: str


class _Answer(msgspec.Struct, frozen=True):
    """What became of a batch: an error by its kind and text, or none."""

    error: str | None = None
    lost: bool = False


_encode_answer = msgspec.msgpack.Encoder().encode
_decode_answer = msgspec.msgpack.Decoder(_Answer).decode
_decode_job = msgspec.msgpack.Decoder(_Job).decode


class Beside:
    """Writes in another process: at most one batch is on its way while the caller goes on."""

    def __init__(self, database: Database, settled: Seq) -> None:
        """Start the process; it needs a moment, in which the caller goes on. Raises OSError."""
        self._process = subprocess.Popen(  # noqa: S603 - this program itself
            [sys.executable, "-c", BOOT, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the caller, who then closes the pipe
        )
        self._settled = settled
        self._open: Seq | None = None
        self._send(msgspec.msgpack.encode(_Job(database.url)))

    def write(self, made: Net) -> Seq:
        """Hand a batch over once the one before is committed; return where that one ended."""
        encoded = net.encode(made)
        self.settle()
        self._send(encoded)
        self._open = made.to
        return self._settled

    def settle(self) -> None:
        """Wait for the batch that is on its way."""
        if self._open is None:
            return
        received = _receive(self._process.stdout.fileno()) if self._process.stdout else None
        if received is None:
            raise DatabaseUnavailable("The process that writes batches ended by itself.")
        answer = _decode_answer(received)
        if answer.error is not None:
            self._open = None
            raise (LeaseLost if answer.lost else DatabaseUnavailable)(answer.error)
        self._settled, self._open = self._open, None

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            with suppress(OSError):  # it was gone already
                self._process.stdin.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _send(self, message: bytes) -> None:
        try:
            if self._process.stdin is not None:
                self._process.stdin.write(_SIZE.pack(len(message)) + message)
                self._process.stdin.flush()
        except OSError as error:
            raise DatabaseUnavailable("The process that writes batches ended by itself.") from error


class Growing:
    """Writes in this process, and beside it as long as there is much to write."""

    def __init__(self, database: Database, worth_it: int = WORTH_IT, *, expected: int = 0) -> None:
        """Bind the database. Large batches in a row, of `worth_it` deliveries together, start the process.

        Large are those of at least half of `worth_it`; a small one ends it. Where enough deliveries are `expected`, the
        process starts at once.
        """
        self._database = database
        self._worth_it = worth_it
        self._in_a_row = 0
        self._here = Direct(database)
        self._beside: Beside | None = None
        self._may_grow = not database.single_writer and (os.cpu_count() or 1) > 1
        if self._may_grow and expected >= 2 * worth_it:
            self._grow(Seq(0))

    def write(self, made: Net) -> Seq:
        """Write a batch, or hand it over; return how far batches are certainly committed."""
        size = made.to - made.seq
        if size * 2 < self._worth_it:
            self._in_a_row = 0
            self.close()
        if self._beside is not None:
            with self._ending_it():
                return self._beside.write(made)
        settled = self._here.write(made)
        self._in_a_row += size
        if self._may_grow and self._in_a_row >= self._worth_it:
            self._grow(settled)
        return settled

    def settle(self) -> None:
        """Return once all is committed."""
        if self._beside is not None:
            with self._ending_it():
                self._beside.settle()

    def close(self) -> None:
        """End the process, if there is one, once it has committed what it took. Raises as `settle` does."""
        self.settle()
        self._end()

    def _grow(self, settled: Seq) -> None:
        try:
            self._beside = Beside(self._database, settled)
        except OSError as error:
            self._may_grow = False
            log.warning("Batches are written in this process only: %s", error)

    @contextmanager
    def _ending_it(self) -> Iterator[None]:
        """End the process if it fails: what it may have left undone is for the applier to find out."""
        try:
            yield
        except MirrorError:
            self._end()
            raise

    def _end(self) -> None:
        if self._beside is not None:
            self._beside.close()
            self._beside = None


def _receive(pipe: int) -> bytes | None:
    """The next message; None at the end of the stream."""
    head = _read(pipe, _SIZE.size)
    return None if head is None else _read(pipe, _SIZE.unpack(head)[0])


def _read(pipe: int, size: int) -> bytes | None:
    parts: list[bytes] = []
    while size:
        part = os.read(pipe, min(size, 1 << 20))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def main() -> None:
    """Is the process that writes: takes batches from standard input until it closes, and answers each."""
    job = _receive(0)
    if job is None:
        return
    _work(_decode_job(job).database_url, lambda answer: _answer(_encode_answer(answer)))


def _work(url: str, answer: Callable[[_Answer], None]) -> None:
    calm.settle_in()
    database: Database | None = None
    try:
        while (batch := _receive(0)) is not None:
            try:
                database = database or open_database(url, create=False, replayable=True)
                Direct(database).write(net.decode(batch))
            except MirrorError as error:
                answer(_Answer(str(error), isinstance(error, LeaseLost)))
            else:
                answer(_Answer())
    finally:
        if database is not None:
            database.close()


def _answer(message: bytes) -> None:
    os.write(1, _SIZE.pack(len(message)) + message)


if __name__ == "__main__":
    main()
