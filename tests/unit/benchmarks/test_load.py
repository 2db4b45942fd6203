"""The load that benchmarks post: each body once and whole, every answer counted, waiting included."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.benchmarks.load import Load, Poster, complete, percentiles, quantile

Answer = Callable[[int], int]


@contextmanager
def server(answer: Answer) -> Iterator[tuple[str, list[bytes]]]:
    """A server that keeps bodies; `answer` gives the status of the n-th."""
    bodies: list[bytes] = []
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65_536  # head and body in one packet

        def do_POST(self) -> None:
            with lock:
                bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                status = answer(len(bodies))
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}/callback", bodies
        finally:
            listening.shutdown()
            thread.join()


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "feed.jsonl"
    path.write_bytes(b"".join(b'{"n":%d}\n' % number for number in range(60)))
    return path


def lines(feed: Path) -> list[bytes]:
    return feed.read_bytes().splitlines()


def test_each_line_of_a_feed_is_posted_once(feed: Path) -> None:
    with server(lambda _: 200) as (url, bodies):
        facts = asyncio.run(Poster(Load(url=url, feed=str(feed), connections=3, count=1_000)).run())
    assert sorted(bodies) == sorted(lines(feed))
    assert (facts["posted"], facts["accepted"], facts["refused"]) == (60, 60, 0)
    assert facts["answered"] == 60


def test_one_connection_keeps_the_order_and_a_count_ends_it(feed: Path) -> None:
    with server(lambda _: 200) as (url, bodies):
        asyncio.run(Poster(Load(url=url, feed=str(feed), after=10, count=7)).run())
    assert bodies == lines(feed)[10:17]


def test_a_feed_can_come_again(feed: Path) -> None:
    with server(lambda _: 200) as (url, bodies):
        asyncio.run(Poster(Load(url=url, feed=str(feed), count=130, again=True)).run())
    assert bodies == (lines(feed) * 3)[:130]


def test_what_is_refused_is_counted(feed: Path) -> None:
    with server(lambda number: 503 if number % 3 == 0 else 200) as (url, _):
        facts = asyncio.run(Poster(Load(url=url, feed=str(feed), connections=2, count=60)).run())
    assert (facts["accepted"], facts["refused"]) == (40, 20)
    assert facts["statuses"] == {"200": 40, "503": 20}


def test_at_a_rate_what_was_due_during_a_stall_has_waited_too(feed: Path) -> None:
    def stall(number: int) -> int:
        if number == 5:
            time.sleep(0.3)
        return 200

    with server(stall) as (url, bodies):
        facts = asyncio.run(
            Poster(Load(url=url, feed=str(feed), connections=1, count=40, rate=200.0)).run()
        )
    assert bodies == lines(feed)[:40]
    assert facts["longest_ms"] >= 300
    assert facts["p50_ms"] >= 100  # due within the stall, or soon after it


@pytest.mark.parametrize(
    ("received", "whole"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nserver: x\r\n\r\n{", False),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nserver: x\r\n\r\n{}", True),
    ],
)
def test_an_answer_is_complete_with_its_body(received: bytes, whole: bool) -> None:
    assert complete(received) is whole


def test_an_answer_without_a_length_is_refused() -> None:
    with pytest.raises(ValueError, match="without a length"):
        complete(b"HTTP/1.1 200 OK\r\n\r\n{}")


def test_a_quantile_is_a_value_that_was_seen() -> None:
    assert quantile([1, 2, 3, 4], 0.5) == 2
    assert quantile(range(1, 101), 0.99) == 99
    assert quantile([7], 0.99) == 7
    assert percentiles([]) == {"p50_ms": 0.0, "p99_ms": 0.0, "longest_ms": 0.0}
    assert percentiles([0.002, 0.001]) == {"p50_ms": 1.0, "p99_ms": 2.0, "longest_ms": 2.0}
