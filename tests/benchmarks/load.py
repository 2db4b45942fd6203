"""Posts callbacks over connections that stay open, one request at a time each, from a process of its own.

With a rate, requests are due at fixed times and count from then, whether or not a connection was free: a server that
stalls is not spared the requests that it kept from being sent. Without one, each connection posts again as soon as
it is answered.
"""

from __future__ import annotations

import asyncio
import json
import math
import resource
import subprocess
import sys
import time
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec
import uvloop

from tests.benchmarks.feeds import Feed
from tests.benchmarks.runner import LONGEST, ROOT, Facts, environment

WARM_UP = 0.5
"""Seconds of posting before anything is counted, where there is no rate."""
TICK = 0.002
PATIENCE = 60.0
"""Seconds that the last answers have after the last request."""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What is posted: the lines of a feed from `after` on, to a URL, over so many connections.

    It ends after `seconds`, or after `count` posts. Without `again`, it ends with the feed, too.
    """

    url: str
    feed: str
    after: int = 0
    connections: int = 1
    seconds: float | None = None
    count: int | None = None
    rate: float | None = None
    again: bool = False


class Connection(asyncio.Protocol):
    """One connection: sends a request, waits for the whole answer, tells the poster."""

    def __init__(self, poster: Poster) -> None:
        self._poster = poster
        self._transport: asyncio.Transport | None = None
        self._due = 0.0
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes, due: float) -> None:
        """Posts; the answer must be there before the next one."""
        assert self._transport is not None
        self._due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        received = self._received + data if self._received else data
        if not complete(received):
            self._received = received
            return
        self._received = b""
        self._poster.answered(self, int(received[9:12]), self._due)

    def connection_lost(self, exc: Exception | None) -> None:
        self._poster.lost(self)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def complete(received: bytes) -> bool:
    """Whether these bytes hold an answer with all of its body."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return False
    lower = received[:end].lower()
    at = lower.find(b"content-length:")
    if at < 0:
        raise ValueError(f"An answer without a length: {received[:200]!r}")
    stop = lower.find(b"\r", at)
    length = int(lower[at + 15 : stop if stop >= 0 else end])
    return len(received) >= end + 4 + length


class Poster:
    """Spreads requests over connections and keeps what came of them."""

    def __init__(self, load: Load) -> None:
        self._load = load
        parts = urlsplit(load.url)
        self._host, self._port = str(parts.hostname), int(parts.port or 80)
        self._head = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()
        self._requests = self._prepared()
        self._idle: list[Connection] = []
        self._done = asyncio.Event()
        self._open = 0
        self._under_way = 0
        self._posted = 0
        self._start = self._counts_from = self._ends = 0.0
        self._last = 0.0
        self._over = False
        self.latencies = array("d")
        self.statuses: Counter[int] = Counter()
        self.all_statuses: Counter[int] = Counter()
        self.lost_connections = 0

    def _prepared(self) -> Iterator[bytes]:
        load = self._load
        bodies = Feed(Path(load.feed)).bodies(load.after)
        requests = (b"%s%d\r\n\r\n%s" % (self._head, len(body), body) for body in bodies)
        if load.rate is None:  # as fast as it can: nothing is left to be built meanwhile
            built = list(requests)
            return cycle(built) if load.again else iter(built)
        return requests

    async def run(self) -> Facts:
        """Posts until it is over; what came of it. Raises TimeoutError if answers stay away."""
        load = self._load
        loop = asyncio.get_running_loop()
        connections = []
        for _ in range(self._load.connections):
            _, made = await loop.create_connection(lambda: Connection(self), self._host, self._port)
            connections.append(made)
        self._open = len(connections)
        self._start = time.perf_counter()
        warm_up = WARM_UP if self._load.rate is None and self._load.count is None else 0.0
        self._counts_from = self._start + warm_up
        seconds = self._load.seconds
        self._ends = math.inf if seconds is None else self._counts_from + seconds
        if self._load.rate is None:
            for connection in connections:
                self._next(connection, time.perf_counter())
        else:
            self._idle = list(connections)
            await self._keep_rate(self._load.rate)
        expected = 0.0 if self._over else WARM_UP + (load.seconds or LONGEST)
        await asyncio.wait_for(self._done.wait(), expected + PATIENCE)
        self._over = True
        for connection in connections:
            connection.close()
        await asyncio.sleep(0)  # they close in the loop's next round
        return self._facts()

    async def _keep_rate(self, rate: float) -> None:
        while not self._over:
            self._send_due(rate)
            await asyncio.sleep(TICK)

    def _send_due(self, rate: float) -> None:
        now = time.perf_counter()
        while self._idle and not self._over:
            due = self._start + self._posted / rate
            if due > now:
                return
            self._next(self._idle.pop(), due)

    def _next(self, connection: Connection, due: float) -> None:
        """Posts the next request over a connection, or notes that there is none."""
        load = self._load
        enough = load.count is not None and self._posted >= load.count
        request = None if enough or due >= self._ends else next(self._requests, None)
        if request is None:
            self._over = True
            self._finish()
            return
        self._posted += 1
        self._under_way += 1
        connection.send(request, due)

    def answered(self, connection: Connection, status: int, due: float) -> None:
        """Takes an answer, and posts again."""
        now = time.perf_counter()
        self._under_way -= 1
        self.all_statuses[status] += 1
        if self._counts_from <= due and now <= self._ends:
            self.latencies.append(now - due)
            self.statuses[status] += 1
            self._last = now
        if self._over:
            self._finish()
        elif self._load.rate is None:
            self._next(connection, now)
        else:
            self._idle.append(connection)
            self._send_due(self._load.rate)

    def lost(self, connection: Connection) -> None:
        """Notes a connection that the server closed."""
        if not self._done.is_set():
            self.lost_connections += 1
            self._under_way -= connection not in self._idle
            self._over = True
            self._finish()

    def _finish(self) -> None:
        if not self._under_way:
            self._done.set()

    def _facts(self) -> Facts:
        seconds = min(self._last, self._ends) - self._counts_from
        answered = len(self.latencies)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "answered": answered,
            "seconds": seconds,
            "per_second": answered / seconds if seconds > 0 else 0.0,
            "statuses": {str(status): count for status, count in self.statuses.items()},
            "posted": self._posted,
            "accepted": self.all_statuses[200],
            "refused": sum(self.all_statuses.values()) - self.all_statuses[200],
            "lost_connections": self.lost_connections,
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            **percentiles(self.latencies),
        }


def percentiles(latencies: Sequence[float]) -> dict[str, float]:
    """p50, p99 and the longest, in milliseconds; 0 of nothing."""
    ordered = sorted(latencies)
    if not ordered:
        return {"p50_ms": 0.0, "p99_ms": 0.0, "longest_ms": 0.0}
    return {
        "p50_ms": 1000 * quantile(ordered, 0.5),
        "p99_ms": 1000 * quantile(ordered, 0.99),
        "longest_ms": 1000 * ordered[-1],
    }


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def post(load: Load) -> Facts:
    """Runs a load in a process of its own; what came of it."""
    return collect(start(load))


def start(load: Load) -> subprocess.Popen[bytes]:
    """Starts a load."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.load"],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(msgspec.json.encode(load))
    process.stdin.close()
    return process


def collect(process: subprocess.Popen[bytes]) -> Facts:
    """Waits for a load; what came of it. Raises RuntimeError if it failed."""
    assert process.stdout is not None
    with process.stdout as output:
        told = output.read()
    if process.wait():
        raise RuntimeError("The load could not be posted; see above.")
    facts: dict[str, Any] = json.loads(told)
    return facts


async def _run(load: Load) -> Facts:
    return await Poster(load).run()


def main() -> None:
    """Is the process."""
    load = msgspec.json.decode(sys.stdin.buffer.read(), type=Load)
    print(json.dumps(uvloop.run(_run(load))))


if __name__ == "__main__":
    main()
