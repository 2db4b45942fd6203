"""Mistakes to be made on purpose: with each of them the verdict must fail, or it proves nothing.

Each function puts one mistake into the process that calls it, for good.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from mirror.core.model import Micros, Place, Seq, Tangle
from mirror.core.transitions import locations
from mirror.store.writes import Batch
from mirror.sync.apply import Applier
from mirror.sync.commit import Post
from mirror.sync.receipts import Receipts
from mirror.sync.receive import Answer, Receiver, answer_to
from mirror.sync.writer import Writer
from tests.faults import points


def acknowledge_before_commit() -> None:
    """A callback is answered once it is queued."""

    async def append(self: Receiver, post: Post) -> tuple[Seq, Answer]:
        durable = self._writer.append(post)
        durable.add_done_callback(asyncio.Future.exception)
        return Seq(0), answer_to(post.body)

    def answered(self: Writer, platform: str, seq: Seq, *, arrived: bool) -> None:
        """Delivery 0 has no receipt."""

    Receiver._append = append  # type: ignore[method-assign]
    Writer.answered = answered  # type: ignore[method-assign]


def checkpoint_first() -> None:
    """The checkpoint has a transaction of its own, before that of the rows."""
    _apart(checkpoint_first=True)


def checkpoint_last() -> None:
    """The checkpoint has a transaction of its own, after that of the rows."""
    _apart(checkpoint_first=False)


def _apart(*, checkpoint_first: bool) -> None:
    def run_once(self: Applier, *, until: Seq | None = None) -> int:
        checkpoint = self._checkpoint or self._claim()
        try:
            with self._database.read() as connection:
                verdicts = self._fold(connection, checkpoint, until)
            if not verdicts:
                return 0
            for part in (checkpoint_first, not checkpoint_first):
                with self._database.write() as connection:
                    if part:
                        points.call("mirror.sync.apply:advance")(
                            connection,
                            self._platform,
                            checkpoint.generation,
                            seq=checkpoint.seq,
                            epoch=checkpoint.epoch,
                            library=self._library,
                            to=verdicts[-1].seq,
                            now=self._database.now(connection),
                        )
                    else:
                        batch = Batch(connection, self._platform, checkpoint.generation)
                        batch.write(self._library, verdicts)
            self._written(checkpoint, verdicts)
        except BaseException:
            self.reset()
            raise
        return len(verdicts)

    Applier.run_once = run_once  # type: ignore[method-assign]


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
