"""One thread follows the change feed for everybody who listens: what it finds is handed to all.

However many listen, the database is looked at by one, and each change is written down once for all
who want the same. A listener has a bounded queue; one that is too slow loses it, and comes again.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Literal, NamedTuple

from mirror.errors import FeedReset, MirrorError, NotFound
from mirror.store import feed
from mirror.store.feed import Follower, Position, Scope, Step
from mirror.store.queries import Connection
from mirror.web.problems import Problem

SHORTEST, LONGEST = 0.015, 0.25
"""Seconds between two looks: after a commit that is being applied, and in the long run."""
EAGER = 0.5
"""Seconds for which looks are short after a commit."""
EACH = 0.0003
"""Seconds that handing something to one listener may take of the time that callbacks need."""
QUEUE_BYTES, QUEUE_ENTRIES = 1 << 20, 1_000
SETBACK = 1.0

Ending = Literal["overflow", "reset", "closed"]
Write = Callable[[str, feed.Change], bytes]

log = logging.getLogger(__name__)


class Batch(NamedTuple):
    """Changes in the form in which they are sent, between two places.

    In a `gap` nobody looked for them, since the listener came meanwhile: it reads them by itself.
    """

    before: Position
    place: Position
    events: list[tuple[Position, bytes]]
    joined: bytes
    gap: bool = False

    def behind(self, place: Position) -> bytes:
        """What of it lies behind `place`."""
        if place <= self.before:
            return self.joined
        return b"".join(event for at, event in self.events if at > place)


class Listener:
    """One who listens, as the event loop sees it. `news` is set when there is something to do."""

    def __init__(self, scope: Scope, place: Position) -> None:
        self.scope = scope
        self.news = asyncio.Event()
        self.ending: Ending | None = None
        self.place = place
        self._queue: deque[Batch] = deque()
        self._bytes = 0

    def put(self, batch: Batch) -> None:
        """Queues what was found, or ends the listener that has too much queued."""
        if self.ending:
            return
        self._bytes += len(batch.joined)
        self._queue.append(batch)
        if self._bytes > QUEUE_BYTES or len(self._queue) > QUEUE_ENTRIES:
            self.end("overflow")
        self.news.set()

    def take(self) -> Batch | None:
        """The next of what is queued."""
        if not self._queue:
            self.news.clear()
            return None
        batch = self._queue.popleft()
        self._bytes -= len(batch.joined)
        return batch

    def end(self, why: Ending) -> None:
        """Lets it go, for a reason."""
        if self.ending is None:
            self.ending = why
        self._queue.clear()
        self._bytes = 0
        self.news.set()


class _Platform:
    """Who listens to one platform, by what they want, and how far everything was handed out."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        self.announced = follower.place
        self.listeners: dict[Scope, set[Listener]] = {}

    @property
    def everybody(self) -> list[Listener]:
        """All who listen."""
        return [each for some in self.listeners.values() for each in some]


class Hub:
    """The listeners of one process. All but `nudge` and the thread belongs to the event loop."""

    def __init__(
        self,
        read: Callable[[], AbstractContextManager[Connection]],
        write: Write,
        most: int,
    ) -> None:
        self._read = read
        self._write = write
        self._most = most
        self._count = 0
        self._platforms: dict[str, _Platform] = {}
        self._changing = threading.Lock()
        self._wake = threading.Event()
        self._eager_until = 0.0
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def count(self) -> int:
        """How many listen."""
        return self._count

    def enter(self) -> None:
        """Counts one more who listens. Raises Problem 503 where that is too many."""
        if self._closed or self._count >= self._most:
            raise Problem(
                503,
                f"{self._most:,} listen to changes already: that is as many as this server takes.",
                next="Try again, or read `changes` page by page.",
                headers={"Retry-After": "10"},
            )
        self._count += 1

    def leave(self) -> None:
        """Counts one less."""
        self._count -= 1

    def listen(self, platform: str, scope: Scope, place: Position) -> tuple[Listener, Position]:
        """A listener for what comes, and the place up to which it has to read by itself.

        `place` is where it is now. What lies behind the place returned will be queued.
        """
        self._start()
        listener = Listener(scope, place)
        found = self._platforms.get(platform)
        if found is not None and found.announced.generation != place.generation:
            self._reset(found)
            found = None
        with self._changing:
            if found is None:
                found = self._platforms[platform] = _Platform(Follower(platform, place))
            found.listeners.setdefault(scope, set()).add(listener)
        self._wake.set()
        return listener, found.announced

    def known(self, platform: str, listener: Listener) -> Position:
        """How far there is nothing more for a listener that has taken all that was queued."""
        found = self._platforms.get(platform)
        mine = found is not None and listener in found.listeners.get(listener.scope, ())
        return found.announced if found is not None and mine else listener.place

    def forget(self, platform: str, listener: Listener) -> None:
        """It listens no more."""
        with self._changing:
            found = self._platforms.get(platform)
            if found is None:
                return
            some = found.listeners.get(listener.scope, set())
            some.discard(listener)
            if not some:
                found.listeners.pop(listener.scope, None)
            if not found.listeners:
                del self._platforms[platform]

    def nudge(self) -> None:
        """Says that something was committed, and will be applied soon; never waits."""
        if self._platforms:
            self._eager_until = time.monotonic() + EAGER
            self._wake.set()

    def close(self) -> None:
        """Ends everybody; the thread ends, too."""
        self._closed = True
        for platform in list(self._platforms.values()):
            for listener in platform.everybody:
                listener.end("closed")
        self._wake.set()

    # ----------------------------------------------------------------------------- the thread

    def _start(self) -> None:
        if self._thread is None:
            self._loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        pause = SHORTEST
        while not self._closed:
            with self._changing:
                following = list(self._platforms.values())
            if not following:
                self._wake.wait()
                self._wake.clear()
                continue
            started = time.monotonic()
            reached = sum([self._look(platform) for platform in following])
            if reached:
                # So that callbacks have the event loop for most of the time, however many listen.
                time.sleep(max(SHORTEST, reached * EACH))
                pause = SHORTEST
                continue
            eager = started < self._eager_until
            pause = SHORTEST if eager else min(LONGEST, pause * 2)
            if eager:
                time.sleep(pause)
            elif self._wake.wait(pause):
                self._wake.clear()

    def _look(self, platform: _Platform) -> int:
        """Hands out what is new; how many listeners there were for it."""
        with self._changing:
            scopes = list(platform.listeners)
        try:
            with self._read() as connection:
                step = platform.follower.step(connection, scopes)
        except (FeedReset, NotFound):
            self._call(self._reset, platform)
            return 1
        except MirrorError as error:
            log.warning("Could not look for changes: %s", error)
            time.sleep(SETBACK)
            return 0
        if step is None:
            return 0
        name = platform.follower.platform
        batches = {scope: self._batch(name, step, scope) for scope in step.wanted}
        self._call(self._hand_out, platform, step.place, batches)
        wanted = [scope for scope, batch in batches.items() if batch.joined]
        return 1 + sum(len(platform.listeners.get(scope, ())) for scope in wanted)

    def _batch(self, platform: str, step: Step, scope: Scope) -> Batch:
        events = [(found.position, self._write(platform, found)) for found in step.wanted[scope]]
        return Batch(step.before, step.place, events, b"".join(event for _, event in events))

    def _call(self, what: Callable[..., None], *arguments: object) -> None:
        loop = self._loop
        if loop is not None and not self._closed:
            try:
                loop.call_soon_threadsafe(what, *arguments)
            except RuntimeError:  # the loop has ended, and so has everybody who listened
                self._closed = True

    # ------------------------------------------------------------------------- the event loop

    def _hand_out(self, platform: _Platform, place: Position, batches: dict[Scope, Batch]) -> None:
        before, platform.announced = platform.announced, place
        for scope, listeners in platform.listeners.items():
            batch = batches.get(scope)
            if batch is None:
                # They came while this was looked for: what they missed, they have to read.
                batch = Batch(before, place, [], b"", gap=True)
            elif not batch.joined:
                continue  # nothing for these, and nothing is done for them
            for listener in listeners:
                listener.put(batch)

    def _reset(self, platform: _Platform) -> None:
        for listener in platform.everybody:
            listener.end("reset")
        with self._changing:
            if self._platforms.get(platform.follower.platform) is platform:
                del self._platforms[platform.follower.platform]
