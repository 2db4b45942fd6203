"""A real server whose applier is slow: senders are slowed down to it, and nobody is turned away."""

import http.client
import sys
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

from tests.support.processes import Mirror, Server, eventually

SPEED = 800
"""What the applier manages in a second."""
SENDERS, SECONDS = 16, 2.5
BODY = (
    b'{"EventType":"Material.Added","MaterialAddedEvent":{"MaterialIdSet":["m%d"],'
    b'"Owner":{"Type":"TEAM","Id":"t"},"ClassPath":"/a"}}'
)


def post_all(server: Server, sender: int, statuses: Counter[int], until: float) -> None:
    """Posts one after the other over one connection, each once the one before is answered."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    path, number = urlsplit(server.callback_url).path, sender
    while time.monotonic() < until:
        connection.request("POST", path, BODY % number)
        answer = connection.getresponse()
        answer.read()
        statuses[answer.status] += 1
        number += SENDERS
    connection.close()


def overload(mirror: Mirror, server: Server, statuses: Counter[int]) -> int:
    """Posts for some seconds, and waits for the applier; returns how far that was behind at most."""
    until = time.monotonic() + SECONDS
    senders = [
        threading.Thread(target=post_all, args=(server, number, statuses, until))
        for number in range(SENDERS)
    ]
    for sender in senders:
        sender.start()
    behind = 0
    while any(sender.is_alive() for sender in senders):
        progress = mirror.progress()
        behind = max(behind, progress.head_seq - progress.applied_seq)
        time.sleep(0.05)
    assert mirror.progress().head_seq == statuses.total()
    assert eventually(lambda: mirror.progress().applied_seq == statuses.total(), 20)
    return behind


def test_senders_that_wait_for_answers_are_slowed_to_what_is_applied(mirror: Mirror) -> None:
    mirror.command = [sys.executable, "-m", "tests.support.slow_applier", str(SPEED)]
    with mirror.serving() as server:
        statuses: Counter[int] = Counter()
        assert server.post(BODY % 0) == 200
        assert eventually(lambda: mirror.progress().applied_seq == 1)
        statuses[200] += 1
        overload(mirror, server, statuses)  # in which the applier's speed shows
        before = statuses.total()
        behind = overload(mirror, server, statuses)
        assert set(statuses) == {200}
        # Unpaced, nearly all would wait: sixteen senders get some thousand answers a second.
        assert behind < max(SPEED * 4, (statuses.total() - before) / 2)
    assert mirror.differences() == []


def test_while_nothing_is_applied_nobody_is_slowed_down_or_turned_away(mirror: Mirror) -> None:
    mirror.command = [sys.executable, "-m", "tests.support.slow_applier", "1"]
    with mirror.serving() as server:
        assert server.post(BODY % 0) == 200
        assert eventually(lambda: mirror.progress().applied_seq == 1)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        for number in range(1, 400):
            connection.request("POST", urlsplit(server.callback_url).path, BODY % number)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
        connection.close()
        assert mirror.progress().head_seq == 400
