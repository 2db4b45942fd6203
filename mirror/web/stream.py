"""The change feed as `text/event-stream`: what a listener missed, and then what comes.

Each event's id is its place in the feed, `generation:seq:ordinal`, so that whoever comes again with
the last one (`Last-Event-ID`, as browsers do by themselves) misses nothing and gets nothing twice.
An event `reset` or `overflow` ends the stream, and says with its id where to go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec
from msgspec import Struct

from mirror.errors import FeedReset, MirrorError
from mirror.store import feed
from mirror.store.feed import Change, Position, Scope
from mirror.web.api.journal import change_of
from mirror.web.hub import Hub, Listener
from mirror.web.problems import Problem
from mirror.web.reads import Reads
from mirror.web.security import Message, Receive, Send

HEARTBEAT = 15.0
"""Seconds between two signs of life."""
STALLED = 60.0
"""Seconds for which a listener may take nothing in."""
GOOD_BYE = 1.0
RETRY_MS = 2_000
PAGE = 500

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"x-accel-buffering", b"no"),  # for a proxy that would collect a page of it first
]


class Ended(Struct, frozen=True):
    """The data of an event that ends a stream."""

    after: str
    message: str


MESSAGES = {
    "reset": "A rebuild made other changes. Drop what was made of the old ones, and read them anew.",
    "overflow": "You were too slow, and the rest was dropped. Go on from here.",
}


class Stop(Exception):
    """The stream is over."""


class EventStream:
    """One listener's stream, as an ASGI response. It holds a slot of the hub until it is over."""

    def __init__(
        self,
        hub: Hub,
        reads: Reads,
        platform: str,
        scope: Scope,
        after: Position | None,
        still: Callable[[], Awaitable[bool]],
    ) -> None:
        self._hub = hub
        self._reads = reads
        self._platform = platform
        self._scope = scope
        self._place = after
        self._still = still
        self._send: Send
        self._told = ""
        self._gone = False
        self._listener: Listener | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Sends until the client leaves, or the stream ends."""
        self._send = send
        watch: asyncio.Task[None] | None = None
        try:
            place = await self._begin()
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            if scope["method"] != "HEAD":
                watch = asyncio.create_task(self._watch(receive))
                with suppress(Stop, TimeoutError, FeedReset):
                    await self._tell(place)
            with suppress(TimeoutError):
                async with asyncio.timeout(GOOD_BYE):
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            if self._listener is not None:
                self._hub.forget(self._platform, self._listener)
            if watch is not None:
                watch.cancel()
            self._hub.leave()

    async def _watch(self, receive: Receive) -> None:
        """Waits for the client to leave."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        if self._listener is not None:
            self._listener.news.set()

    async def _tell(self, place: Position) -> None:
        await self._write(f"retry: {RETRY_MS}\n".encode() + self._mark(place))
        place = await self._catch_up(place)
        self._listener, known = self._hub.listen(self._platform, self._scope, place)
        place = await self._catch_up(place, until=known)
        await self._go_on(self._listener, place)

    async def _begin(self) -> Position:
        if self._place is not None:
            return self._place
        end = await self._reads.ask(lambda connection: feed.end(connection, self._platform))
        return feed.behind(end.seq, end.generation)

    async def _catch_up(self, place: Position, until: Position | None = None) -> Position:
        """Sends what the database has behind `place`, page by page."""
        while until is None or place < until:
            after = place
            try:
                window = await self._reads.ask(
                    lambda connection: feed.look(
                        connection,
                        self._platform,
                        after,  # noqa: B023 - it is asked at once
                        self._scope,
                        PAGE,
                    )
                )
            except FeedReset:
                await self._reset()
                raise
            except (MirrorError, Problem):
                raise Stop from None
            place = window.place
            if window.changes:
                await self._write(b"".join(write(self._platform, one) for one in window.changes))
                self._told = str(window.changes[-1].position)
            if not window.more:
                break
        return place

    async def _go_on(self, listener: Listener, place: Position) -> None:
        """Sends what is queued, and a sign of life when nothing is."""
        while not self._gone:
            batch = listener.take()
            if batch is not None:
                if batch.gap:
                    place = await self._catch_up(place, until=batch.place)
                elif batch.place > place:
                    await self._write(batch.behind(place))
                    place = batch.place
                    self._told = str(batch.events[-1][0])
            elif listener.ending is not None:
                await self._end(listener, place)
                return
            else:
                place = max(place, self._hub.known(self._platform, listener))
                await self._wait(listener, place)

    async def _wait(self, listener: Listener, place: Position) -> None:
        try:
            async with asyncio.timeout(HEARTBEAT):
                await listener.news.wait()
        except TimeoutError:
            with suppress(MirrorError, Problem):  # nobody can tell now, so later
                if not await self._still():
                    raise Stop from None
            await self._write(self._mark(place))

    async def _end(self, listener: Listener, place: Position) -> None:
        if listener.ending == "reset":
            await self._reset()
        elif listener.ending == "overflow":
            await self._write(_event("overflow", str(place)))

    async def _reset(self) -> None:
        end = await self._reads.ask(lambda connection: feed.end(connection, self._platform))
        await self._write(_event("reset", str(feed.start(end.generation))))

    def _mark(self, place: Position) -> bytes:
        """A comment, with the place if the client does not know it: it sets its Last-Event-ID."""
        text = str(place)
        if text == self._told:
            return b":\n\n"
        self._told = text
        return f": \nid: {text}\n\n".encode()

    async def _write(self, data: bytes) -> None:
        if self._gone:
            raise Stop
        async with asyncio.timeout(STALLED):
            await self._send({"type": "http.response.body", "body": data, "more_body": True})


def write(platform: str, change: Change) -> bytes:
    """A change as an event."""
    shown = change_of(platform, change)
    return b"id: %b\ndata: %b\n\n" % (shown.id.encode(), msgspec.json.encode(shown))


def _event(name: str, after: str) -> bytes:
    data = msgspec.json.encode(Ended(after, MESSAGES[name]))
    return f"event: {name}\nid: {after}\ndata: ".encode() + data + b"\n\n"
