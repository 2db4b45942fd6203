"""Measures what listening and reading cost: callbacks beside 1,000 idle listeners, the way of a change, pages.

    python -m tests.benchmarks.listening              some minutes on a quiet machine
    python -m tests.benchmarks.listening --quick      small numbers, in seconds: does it work?

Callbacks are measured in turn without listeners and with them, and the figure is the ratio of the medians. Listeners
are idle: they want export tasks alone, and callbacks create classes.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.support.events import Listener
from tests.support.processes import Mirror, Server

TOKEN = "a token for measuring"
CREATED = (
    b'{"EventType":"Class.Created","ClassCreatedEvent":'
    b'{"Owner":{"Type":"TEAM","Id":"t"},"ClassPath":"/%d"}}'
)
NUMBERS = count(1)


class Load(NamedTuple):
    """What callbacks took: how many a second, and milliseconds."""

    rate: float
    p50: float
    p99: float


def load(server: Server, seconds: float, connections: int = 8) -> Load:
    """Posts over some connections, each at once after its answer."""
    ends = time.monotonic() + seconds
    times: list[float] = []

    def post() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        path = urlsplit(server.callback_url).path
        while (begun := time.monotonic()) < ends:
            connection.request("POST", path, CREATED % next(NUMBERS))
            answer = connection.getresponse()
            answer.read()
            if answer.status != http.client.OK:
                raise SystemExit(f"a callback was answered with {answer.status}")
            times.append(time.monotonic() - begun)
        connection.close()

    workers = [threading.Thread(target=post) for _ in range(connections)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return Load(len(times) / seconds, *quantiles(times))


def quantiles(times: list[float]) -> tuple[float, float]:
    """Median and 99th percentile in milliseconds."""
    ordered = sorted(times)
    return ordered[len(ordered) // 2] * 1000, ordered[int(len(ordered) * 0.99)] * 1000


@contextmanager
def listeners(server: Server, number: int) -> Iterator[None]:
    """So many who listen for export tasks."""
    request = (
        "GET /api/v1/changes?entity=task HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {TOKEN}\r\nAccept: text/event-stream\r\n\r\n"
    ).encode()
    opened = []
    try:
        for _ in range(number):
            connection = socket.create_connection(("127.0.0.1", server.port or 0), timeout=30)
            opened.append(connection)
            connection.sendall(request)
            if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
                raise SystemExit("a listener was refused")
        yield
    finally:
        for connection in opened:
            connection.close()


def way_of_a_change(server: Server, number: int) -> list[float]:
    """Seconds from the moment a callback is sent until a listener has its change."""
    assert server.port is not None
    times = []
    with Listener(server.port, TOKEN) as listener:
        listener.opened()
        for _ in range(number):
            made, begun = next(NUMBERS), time.monotonic()
            server.post(CREATED % made)
            wanted = f'"/{made}"'
            next(event for event in listener.events() if wanted in event.data)
            times.append(time.monotonic() - begun)
            time.sleep(0.01)
    return times


def pages(server: Server, number: int) -> float:
    """Pages of a hundred classes a second, one after the other."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    begun = time.monotonic()
    for _ in range(number):
        headers = {"Authorization": f"Bearer {TOKEN}"}
        connection.request("GET", "/api/v1/classes?owner=TEAM:t&limit=100", headers=headers)
        answer = connection.getresponse()
        if answer.status != http.client.OK or len(answer.read()) < 1_000:
            raise SystemExit("a page was not what it should be")
    connection.close()
    return number / (time.monotonic() - begun)


def main() -> None:
    """Is the command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small numbers")
    parser.add_argument("--listeners", type=int, default=1_000, metavar="N")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument("--seconds", type=float, default=8.0, metavar="N", help="of each load")
    quick = (options := parser.parse_args()).quick
    rounds, seconds = (2, 1.0) if quick else (options.rounds, options.seconds)
    with tempfile.TemporaryDirectory() as folder:
        mirror = Mirror(Path(folder)).set(READ_TOKEN=TOKEN)
        with mirror.serving() as server:
            load(server, 1.0)
            without: list[Load] = []
            beside: list[Load] = []
            for turn in range(rounds):
                for listening in (turn % 2 == 0, turn % 2 == 1):
                    with listeners(server, options.listeners if listening else 0):
                        settle(mirror)
                        (beside if listening else without).append(load(server, seconds))
            settle(mirror)
            times = quantiles(way_of_a_change(server, 20 if quick else 300))
            rate = pages(server, 20 if quick else 500)
            server.terminate()
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    tell("callbacks/s", [one.rate for one in without], [one.rate for one in beside])
    tell("p50 ms", [one.p50 for one in without], [one.p50 for one in beside])
    tell("p99 ms", [one.p99 for one in without], [one.p99 for one in beside])
    print(f"from a callback to a listener: p50 {times[0]:.0f} ms, p99 {times[1]:.0f} ms")
    print(f"pages of 100 classes, one after the other: {rate:.0f} a second")


def settle(mirror: Mirror) -> None:
    """Waits until everything is applied, so that each measurement begins alike."""
    while mirror.progress().lag:
        time.sleep(0.1)
    time.sleep(1.0)


def tell(what: str, without: list[float], beside: list[float]) -> None:
    """Prints two medians and their ratio."""
    first, second = statistics.median(without), statistics.median(beside)
    print(
        f"{what:12} without listeners {first:8.1f}, with them {second:8.1f}: "
        f"{second / first:.2f} times"
    )


if __name__ == "__main__":
    main()
