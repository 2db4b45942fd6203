"""The sender holds to the platform's manners against a small server that answers as it is told."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

from mirror.platform.simulator import Counts, Sender, SendingThreads

if TYPE_CHECKING:
    from collections.abc import Iterator

HANG_UP = 0
STALL = 1


class Server(ThreadingHTTPServer):
    """Answers with the next of its replies, then 200 for ever; keeps what it was sent."""

    daemon_threads = True

    def __init__(self, replies: list[int]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies = replies
        self.seen: list[tuple[str, str | None, str | None, bytes]] = []
        self.released = Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/callback/secret?studio=1"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        assert isinstance(self.server, Server)
        headers = self.headers
        body = self.rfile.read(int(headers["Content-Length"]))
        self.server.seen.append((self.path, headers["Content-Type"], headers["Connection"], body))
        status = self.server.replies.pop(0) if self.server.replies else 200
        if status == STALL:
            self.server.released.wait(30)
        self.close_connection = True
        if status in (HANG_UP, STALL):
            return
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", "2")
        self.end_headers()
        if status != 204:
            self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Nothing: the tests say enough."""


@contextmanager
def serving(*replies: int) -> Iterator[Server]:
    server = Server(list(replies))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def sender(server: Server, *, retry_interval_s: float = 0.0, timeout_s: float = 5.0) -> Sender:
    return Sender(server.url, timeout_s=timeout_s, retry_interval_s=retry_interval_s)


def test_a_body_is_posted_as_the_platform_does() -> None:
    with serving() as server:
        assert sender(server).send("媒资".encode())
        assert server.seen == [
            ("/callback/secret?studio=1", "application/json", "close", "媒资".encode())
        ]


@pytest.mark.parametrize("reply", [500, 503, 204, 201, 302, 404, HANG_UP])
def test_anything_but_200_is_tried_again(reply: int) -> None:
    with serving(reply) as server:
        one = sender(server)
        assert one.send(b"{}")
        assert one.counts == Counts(attempts=2, delivered=1)
        assert [body for *_, body in server.seen] == [b"{}", b"{}"]


def test_after_three_retries_a_body_is_given_up() -> None:
    with serving(500, 204, HANG_UP, 500) as server:
        one = sender(server)
        assert not one.send(b"{}")
        assert one.counts == Counts(attempts=4, given_up=1)
        assert one.send(b"{}")
        assert one.counts == Counts(attempts=5, delivered=1, given_up=1)


def test_an_unreachable_receiver_is_a_failure_and_not_an_exception() -> None:
    with serving() as server:
        gone = sender(server)
    assert not gone.send(b"{}")
    assert gone.counts == Counts(attempts=4, given_up=1)


def test_a_receiver_that_never_answers_runs_into_the_time_out() -> None:
    with serving(STALL) as server:
        one = sender(server, timeout_s=0.1)
        assert one.send(b"{}")
        assert one.counts == Counts(attempts=2, delivered=1)


def test_retries_keep_their_interval() -> None:
    with serving(500, 500) as server:
        began = time.monotonic()
        assert sender(server, retry_interval_s=0.05).send(b"{}")
        assert time.monotonic() - began >= 0.1


def test_stopping_ends_a_wait_for_the_next_retry_at_once() -> None:
    with serving(500) as server:
        one = sender(server, retry_interval_s=30)
        results: list[bool] = []
        thread = Thread(target=lambda: results.append(one.send(b"{}")))
        thread.start()
        while not server.seen:
            time.sleep(0.001)
        one.stop()
        thread.join(10)
        assert results == [False]
        assert one.counts == Counts(attempts=1, dropped=1)
        assert not one.send(b"{}")
        assert len(server.seen) == 1


def test_threads_send_all_that_was_offered() -> None:
    bodies = [b"%d" % number for number in range(100)]
    with serving(500, 500, 500) as server:
        one = sender(server)
        with SendingThreads(one, threads=4, capacity=10) as threads:
            assert threads.offer_all(bodies) == 100
        assert one.counts == Counts(attempts=103, delivered=100)
        assert {body for *_, body in server.seen} == set(bodies)
        assert not threads.offer(b"late")


def test_what_waits_when_sending_stops_is_counted_as_dropped() -> None:
    with serving(STALL) as server:
        one = sender(server)
        threads = SendingThreads(one, threads=1, capacity=3)
        assert threads.offer_all([b"1"]) == 1
        while not server.seen:
            time.sleep(0.001)
        assert threads.offer_all([b"2", b"3", b"4"]) == 3
        taken: list[bool] = []
        # The queue is full, so this waits until the threads stop.
        waiting = Thread(target=lambda: taken.append(threads.offer(b"5")))
        waiting.start()
        server.released.set()
        threads.stop()
        waiting.join(10)
        counts = one.counts
        assert counts.attempts == len(server.seen)
        assert counts.delivered + counts.given_up + counts.dropped == 4 + sum(taken)


def fail_while_sending(one: Sender) -> None:
    with SendingThreads(one, threads=1) as threads:
        threads.offer(b"1")
        raise LookupError


def test_leaving_by_an_exception_stops_the_sending() -> None:
    with serving(500) as server:
        one = sender(server, retry_interval_s=30)
        with pytest.raises(LookupError):
            fail_while_sending(one)
        assert one.stopped
        assert one.counts.dropped == 1


def test_what_is_offered_after_the_end_is_not_taken() -> None:
    with serving() as server:
        threads = SendingThreads(sender(server), threads=1)
        threads.close()
        assert threads.offer_all([b"1", b"2"]) == 0
        assert server.seen == []


def test_an_address_that_is_no_url_is_refused() -> None:
    for url in ("127.0.0.1:80", "ftp://127.0.0.1/", "http:///path"):
        with pytest.raises(ValueError, match=re.escape(url)):
            Sender(url)
