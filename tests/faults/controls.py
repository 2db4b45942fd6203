"""Mistakes to be made on purpose: with each of them the verdict must fail, or it proves nothing.

Each function puts one mistake into the process that calls it, for good.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from mirror.core.model import Micros, Place, Seq, Tangle
from mirror.core.transitions import locations
from mirror.store.engine import Connection
from mirror.store.writes import Batch
from mirror.sync.commit import Post
from mirror.sync.intake import Promise
from mirror.sync.receipts import Receipts
from mirror.sync.writer import Writer
from tests.faults import points


def acknowledge_before_commit() -> None:
    """A callback is answered once it is queued."""
    append = Writer.append_for

    def append_for(self: Writer, promise: Promise, post: Post) -> None:
        loop = asyncio.get_running_loop()
        nobody: asyncio.Future[Seq | None] = loop.create_future()
        nobody.add_done_callback(asyncio.Future.exception)
        append(self, nobody, post)
        loop.call_soon(promise.set_result, Seq(0))

    def answered(self: Writer, platform: str, seq: Seq, *, arrived: bool) -> None:
        """Delivery 0 has no receipt."""

    Writer.append_for = append_for  # type: ignore[method-assign]
    Writer.answered = answered  # type: ignore[method-assign]


def checkpoint_first() -> None:
    """The checkpoint has a transaction of its own, before that of the rows."""
    advance = points.call(ADVANCE)

    def advance_alone(connection: Connection, *arguments: object) -> None:
        advance(connection, *arguments)
        _end_and_begin(connection)

    setattr(*points.found(ADVANCE), advance_alone)


def checkpoint_last() -> None:
    """The checkpoint has a transaction of its own, after that of the rows."""
    advance, write = points.call(ADVANCE), Batch.write
    held: list[Callable[[], None]] = []

    def hold_or_advance(*arguments: object) -> None:
        if arguments:
            held.append(partial(advance, *arguments))
        else:
            held.pop()()

    def write_apart(self: Batch, *made: Any) -> None:  # noqa: ANN401 - passed on
        write(self, *made)
        _end_and_begin(self._connection)
        points.call(ADVANCE)()

    setattr(*points.found(ADVANCE), hold_or_advance)
    setattr(*points.found("mirror.store.writes:Batch.write"), write_apart)


ADVANCE = "mirror.store.writes:advance"


def _end_and_begin(connection: Connection) -> None:
    connection.exec_driver_sql("COMMIT")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def last_arrival_wins() -> None:
    """A material is where the move that arrived last says."""

    def weigh(tangle: Tangle) -> Place | None:
        return tangle.steps[-1].destination

    locations.weigh = weigh


def dedupe_by_hash() -> None:
    """A body that was seen before is a redelivery, whether or not its answer arrived."""
    seen: dict[bytes, Seq] = {}
    append = Receipts.append

    def decide(self: Receipts, digest: bytes, now: Micros) -> Seq | None:
        return seen.get(digest)

    def remember(
        self: Receipts, seq: Seq, digest: bytes, now: Micros, redelivery_of: Seq | None
    ) -> None:
        seen.setdefault(digest, seq)
        append(self, seq, digest, now, redelivery_of)

    Receipts.decide = decide  # type: ignore[method-assign]
    Receipts.append = remember  # type: ignore[method-assign]


CONTROLS: dict[str, Callable[[], None]] = {
    control.__name__: control
    for control in (
        acknowledge_before_commit,
        checkpoint_first,
        checkpoint_last,
        last_arrival_wins,
        dedupe_by_hash,
    )
}
