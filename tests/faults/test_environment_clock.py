"""The clock jumps while a server runs: rows stay right, and redeliveries are told from events as before."""

import signal
import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from mirror.core.model import Seq
from mirror.store import journal
from mirror.store.journal import Delivery
from tests.faults.environment import Conditions
from tests.faults.loads import unique
from tests.faults.mirrors import Faulted, Serving
from tests.naive import bodies
from tests.support.processes import eventually

HOUR = 3_600_000_000
DAY = 24 * HOUR
THERE = bodies.moved(["m-1"], bodies.ANN, "/a", "/b")
BACK = bodies.moved(["m-1"], bodies.ANN, "/b", "/a")


@pytest.fixture
def conditions(mirror: Faulted) -> Conditions:
    return Conditions(mirror)


def delivered(mirror: Faulted) -> list[Delivery]:
    with mirror.reading() as connection:
        return journal.read(connection, "default", Seq(0), 10_000)


def all_applied(mirror: Faulted) -> bool:
    return mirror.applied() == len(delivered(mirror))


def test_rows_are_those_of_the_journal_wherever_the_clock_goes(
    mirror: Faulted, conditions: Conditions
) -> None:
    jumps = (0, -HOUR, DAY, 0, -DAY, HOUR, -HOUR)
    lifelike = unique(350)
    with mirror.serving() as server:
        client = mirror.client()
        for number, wrong_by in enumerate(jumps):
            conditions.set(clock=wrong_by)
            client.post_all(lifelike[50 * number : 50 * (number + 1)])
            if number % 2:
                assert eventually(lambda: all_applied(mirror))
        server.stop()
    times = [delivery.received_at for delivery in delivered(mirror)]
    backward = [first - then for first, then in pairwise(times) if then < first]
    forward = [then - first for first, then in pairwise(times) if then > first]
    assert max(backward) > 0.9 * DAY
    assert max(forward) > 0.9 * DAY
    # State, rebuilt state and the naive model agree, and nothing was applied twice.
    verdict = mirror.judge().check()
    assert verdict.acknowledged == len(lifelike)
    assert verdict.redeliveries == 0


@pytest.mark.parametrize("wrong_by", [-HOUR, DAY])
def test_a_repeat_is_known_and_an_event_is_none_although_the_clock_was_set_between(
    mirror: Faulted, conditions: Conditions, wrong_by: int
) -> None:
    """All that is a redelivery is one; nothing else is, though the clock says it could be."""
    mirror.set(RETRY_WINDOW="3s")
    unanswered = bodies.created(bodies.ANN, "/a")
    event = bodies.created(bodies.ANN, "/b")
    with mirror.serving() as server:
        _give_up_on(mirror, server, unanswered)
        _give_up_on(mirror, server, event)
        conditions.set(clock=wrong_by)
        client = mirror.client()
        client.post(unanswered)  # the platform tries again, at once
        time.sleep(3.1)
        client.post(event)  # a class of that name is created anew, long afterwards
        server.stop()
    rows = delivered(mirror)
    assert [row.body for row in rows] == [unanswered, event, unanswered, event]
    assert [row.redelivery_of for row in rows] == [None, None, 1, None]


def _give_up_on(mirror: Faulted, server: Serving, body: bytes) -> None:
    """Posts a body and hangs up before there is an answer."""
    before = len(delivered(mirror))
    server.process.send_signal(signal.SIGSTOP)
    client = mirror.client(retries=0, timeout=0.2)
    [operation] = client.post(body)
    server.process.send_signal(signal.SIGCONT)
    assert not operation.acknowledged
    assert eventually(lambda: len(delivered(mirror)) == before + 1)


def test_moves_there_and_back_count_each_time_wherever_the_clock_goes(
    mirror: Faulted, conditions: Conditions
) -> None:
    steps: list[Callable[[], None]] = [
        lambda wrong_by=wrong_by: conditions.set(clock=wrong_by)  # type: ignore[misc]
        for wrong_by in (-HOUR, DAY, -DAY, 0)
    ]
    with mirror.serving() as server:
        client = mirror.client()
        client.post(bodies.uploaded("m-1", bodies.ANN, "/a"))
        for step in steps:
            client.post(THERE)
            step()
            client.post(BACK)
        client.post(THERE)
        server.stop()
    verdict = mirror.judge().check()
    assert (verdict.deliveries, verdict.redeliveries) == (10, 0)
