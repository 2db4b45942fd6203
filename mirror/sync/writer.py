"""Group commit: callbacks go in from the event loop, their seqs come out once they are durable.

One thread makes all appends. What came while a commit ran goes into the next one; a lone callback
waits for nobody. After an error of the disk nothing is tried again: a failed fsync may have lost what
an equal one would then confirm.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty

from mirror.core.model import Seq
from mirror.errors import DatabaseUnavailable, MirrorError, SchemaOutdated, Unavailable
from mirror.store.failures import is_final
from mirror.sync.commit import Answer, Committer, Post
from mirror.sync.intake import Intake, Promise, Waiting
from mirror.sync.meters import APPEND_BOUNDS, Latencies
from mirror.sync.pace import BETWEEN, Pace

MOST_WAITING = 10_000
ENOUGH = MOST_WAITING // 2
"""So many callbacks are not held back any more, so that none is refused for it."""
MOST_AT_ONCE = 2_000
BYTES_AT_ONCE = 32 * 1024**2
IDLE = 1.0
"""Seconds of quiet after which the fate of the last answers is written down by itself."""

log = logging.getLogger(__name__)


Result = Seq | None | MirrorError
Appended = Callable[[str, Seq, int, float], None]
"""Is told the platform, the last seq, how many deliveries those were, and the monotonic time."""


class Figures:
    """What a writer has done so far, for whoever wants to know; times are in seconds."""

    def __init__(self) -> None:
        self.commits = 0
        self.callbacks = 0
        self.largest = 0
        """Callbacks in the largest commit."""
        self.committing = 0.0
        """How long all commits took together."""
        self.paced = 0.0
        """How long callbacks were held back for the applier, all pauses together."""
        self.failed = 0
        """Callbacks whose commit failed, or was not tried: the disk, the reserve."""
        self.refused = 0
        """Callbacks that found the queue full."""
        self.received: Counter[str] = Counter()
        """Deliveries made durable, by platform."""
        self.appending = Latencies(APPEND_BOUNDS)
        """How long each of them waited for that, from when it was queued."""


class Writer:
    """The thread that appends, and its bounded queue."""

    def __init__(
        self,
        committer: Committer,
        *,
        folder: Path | None = None,
        reserve: int = 0,
        hold: float = 0.0,
        on_commit: Callable[[], None] = lambda: None,
        on_appended: Appended = lambda *_: None,
        on_failure: Callable[[MirrorError], None] = lambda _: None,
    ) -> None:
        """Prepares the thread; `reserve` is free space that must be left in `folder`.

        For an applier that falls behind, callbacks are held back, `hold` seconds each at most.

        `on_commit` is called in the thread after each append, and before it `on_appended` for each
        platform; `on_failure` in the event loop when the disk failed and this writer has ended for
        good.
        """
        self._committer = committer
        self._folder = folder
        self._reserve = reserve
        self._on_commit = on_commit
        self._on_appended = on_appended
        self._on_failure = on_failure
        self._hold = hold
        self.figures = Figures()
        self.pace = Pace()
        self._intake = Intake()
        self._answers: deque[Answer] = deque()
        self._waiting = 0
        self._closed = False
        self._stopping = threading.Event()
        self._failure: MirrorError | None = None
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def waiting(self) -> int:
        """Callbacks that are not committed yet."""
        return self._waiting

    def start(self) -> None:
        """Starts the thread, on behalf of the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def append(self, post: Post) -> asyncio.Future[Seq | None]:
        """Queues a callback; the future gives its seq once it is durable, None for a dead token.

        Raises Unavailable at once if it cannot be taken; the future raises it if the commit failed.
        """
        if self._loop is None:
            raise Unavailable("The server is stopping.")
        future: asyncio.Future[Seq | None] = self._loop.create_future()
        self.append_for(future, post)
        return future

    def append_for(self, promise: Promise, post: Post) -> None:
        """Queues a callback as `append` does, for a promise of the caller's."""
        if self._loop is None or self._closed:
            raise Unavailable("The server is stopping.")
        if self._failure is not None:
            raise Unavailable("The database failed; the server has to be started again.")
        if self._waiting >= MOST_WAITING:
            self.figures.refused += 1
            raise Unavailable(f"{MOST_WAITING} callbacks wait to be written already.")
        self._waiting += 1
        self._intake.put(Waiting(post, promise, time.monotonic()), self._loop)

    def answered(self, platform: str, seq: Seq, *, arrived: bool) -> None:
        """Notes the fate of an answer; it is written down with a later commit."""
        self._answers.append(Answer(platform, seq, arrived))

    async def why_not(self) -> str | None:
        """Tells in a sentence why nothing could be appended now; None if it could."""
        try:
            await self.append(Post("", b"", b""))
        except MirrorError as error:
            # Ours names no place on this machine; the database's may.
            return str(error) if type(error) is Unavailable else "The database cannot be written."
        return None

    async def stop(self) -> None:
        """Appends what waits, writes down the fate of all answers, and ends the thread."""
        if not self._closed:
            self._closed = True
            self._stopping.set()
            self._intake.end()
        await asyncio.to_thread(self._thread.join)

    # ------------------------------------------------------------------------- in the thread

    def _run(self) -> None:
        intake = self._intake
        pause: float | None = None
        while not intake.ended:
            try:
                intake.take(wait=pause)
            except Empty:
                pause = IDLE if self._settle_answers() else None
                continue
            while intake.next:
                most = self._room(intake.next[0].since + self._hold)
                intake.take_all()
                self._write(intake.batch(most, BYTES_AT_ONCE))
            pause = IDLE
        self._settle_answers()

    def _room(self, until: float) -> int:
        """How many may be appended together; waits for the applier, until that time at most."""
        pace, began = self.pace, time.monotonic()
        now = began
        while True:
            if pace.wants_look(now):
                self._look()
            room = pace.room(now)
            if room != 0 or now >= until or self._waiting > ENOUGH or self._stopping.is_set():
                break
            self._stopping.wait(BETWEEN)
            now = time.monotonic()
        self.figures.paced += now - began
        return min(room or MOST_AT_ONCE, MOST_AT_ONCE)

    def _look(self) -> None:
        try:
            applied = self._committer.applied()
        except MirrorError as error:
            log.debug("Could not look how far each platform is applied: %s", error)
            applied = {}  # no progress that we know of, so nobody is held back for long
        self.pace.looked(applied, time.monotonic())

    def _write(self, batch: list[Waiting]) -> None:
        posts = [waiting.post for waiting in batch]
        began = time.monotonic()
        results = self._commit(posts)
        ended = time.monotonic()
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop was closed: nobody waits any more
                loop.call_soon_threadsafe(self._hand_out, batch, results)
        ends = {
            post.platform: result
            for post, result in zip(posts, results, strict=True)
            if isinstance(result, int)
        }
        counts = Counter(
            p.platform for p, r in zip(posts, results, strict=True) if isinstance(r, int)
        )
        for platform, seq in ends.items():
            self.pace.appended(platform, seq, ended)
            self._on_appended(platform, seq, counts[platform], ended)
        if ends:
            self.pace.took(len(batch))
            self._on_commit()
        self._count(batch, ended - began, failed=isinstance(results[0], MirrorError))
        self._measure(batch, results, counts, ended)

    def _count(self, batch: Sequence[Waiting], seconds: float, *, failed: bool) -> None:
        figures = self.figures
        if failed:
            figures.failed += len(batch)
            return
        figures.commits += 1
        figures.callbacks += len(batch)
        figures.largest = max(figures.largest, len(batch))
        figures.committing += seconds

    def _measure(
        self, batch: Sequence[Waiting], results: Sequence[Result], counts: Counter[str], now: float
    ) -> None:
        self.figures.received.update(counts)
        for waiting, result in zip(batch, results, strict=True):
            if isinstance(result, int):
                self.figures.appending.add(now - waiting.since)

    def _commit(self, posts: Sequence[Post]) -> Sequence[Result]:
        error: MirrorError
        if self._failure is not None:
            error = Unavailable("The database failed; the server has to be started again.")
        elif self._low_on_space():
            error = Unavailable("The disk is nearly full: the reserve is left free.")
        else:
            # After the posts were taken: the answer to an earlier post of the same sender is here.
            self._take_answers()
            try:
                return self._committer.commit(posts)
            except MirrorError as refused:
                error = refused
                self._end_if_final(refused)
            except Exception:
                log.exception("A commit failed unexpectedly", extra={"callbacks": len(posts)})
                error = DatabaseUnavailable("The commit failed unexpectedly.")
        return [error] * len(posts)

    def _low_on_space(self) -> bool:
        if self._folder is None or not self._reserve:
            return False
        return shutil.disk_usage(self._folder).free < self._reserve

    def _take_answers(self) -> None:
        while self._answers:
            self._committer.note(self._answers.popleft())

    def _settle_answers(self) -> bool:
        """Writes down the fate of answers; whether some are still open."""
        if self._failure is not None:
            return False
        self._take_answers()
        try:
            self._committer.flush()
        except MirrorError as error:
            # The next commit carries it.
            self._end_if_final(error)
        return self._committer.has_open_answers

    def _end_if_final(self, error: MirrorError) -> None:
        if not is_final(error):
            return
        self._failure = error
        if isinstance(error, SchemaOutdated):
            log.critical("The schema changed; no callback is confirmed any more: %s", error)
        else:
            log.critical("The database failed; no callback is confirmed any more: %s", error)
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._on_failure, error)

    # --------------------------------------------------------------------- in the event loop

    def _hand_out(self, batch: Sequence[Waiting], results: Sequence[Result]) -> None:
        for waiting, result in zip(batch, results, strict=True):
            self._waiting -= 1
            if waiting.future.done():
                # Its request was given up, but it is in the journal.
                if isinstance(result, int):
                    self.answered(waiting.post.platform, result, arrived=False)
            elif isinstance(result, MirrorError):
                waiting.future.set_exception(result)
            else:
                waiting.future.set_result(result)
