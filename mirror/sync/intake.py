"""The queue between the event loop, which reads callbacks, and the thread that writes them.

What the loop reads in one round is handed over together, so that the thread is woken once for all of
it; a lone callback waits for nobody but the end of its round.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import NamedTuple, Protocol

from mirror.core.model import Seq
from mirror.errors import MirrorError
from mirror.sync.commit import Post


class Promise(Protocol):
    """Is told, in the event loop, what became of a post: a future, or something that acts as one."""

    def done(self) -> bool:
        """Whether nobody waits any more."""

    def set_result(self, seq: Seq | None, /) -> object:
        """It is durable; None: its token opens nothing."""

    def set_exception(self, error: MirrorError, /) -> object:
        """It could not be made durable."""


class Waiting(NamedTuple):
    """A post that is not written yet; `since` is monotonic."""

    post: Post
    future: Promise
    since: float


class Intake:
    """The queue. Whoever bounds it counts what is in it."""

    def __init__(self) -> None:
        self._read: list[Waiting] = []
        self._queue: SimpleQueue[list[Waiting] | None] = SimpleQueue()
        self.next: deque[Waiting] = deque()
        """What the thread has taken, and has not written."""
        self.ended = False
        """Whether the thread has taken the last."""

    # --------------------------------------------------------------------- in the event loop

    def put(self, waiting: Waiting, loop: asyncio.AbstractEventLoop) -> None:
        """Takes what was read, to be handed over when this round ends."""
        if not self._read:
            loop.call_soon(self._hand_over)
        self._read.append(waiting)

    def end(self) -> None:
        """Hands over the last."""
        self._hand_over()
        self._queue.put(None)

    def _hand_over(self) -> None:
        if self._read:
            self._queue.put(self._read)
            self._read = []

    # --------------------------------------------------------------------- in the thread

    def take(self, wait: float | None) -> None:
        """Takes what was handed over, and waits for it, so many seconds at most. Raises Empty."""
        taken = self._queue.get(timeout=wait)
        if taken is None:
            self.ended = True
        else:
            self.next += taken

    def take_all(self) -> None:
        """Takes all that was handed over by now."""
        with suppress(Empty):
            while not self.ended:
                self.take(wait=0)

    def batch(self, most: int, size: int) -> list[Waiting]:
        """What is to be written next: at most so many, and no more after so many bytes."""
        batch: list[Waiting] = []
        while self.next and len(batch) < most and size > 0:
            waiting = self.next.popleft()
            batch.append(waiting)
            size -= len(waiting.post.body)
        return batch
