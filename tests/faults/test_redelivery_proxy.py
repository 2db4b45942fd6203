"""A proxy hides from the mirror that its answers get lost: rows stay right, or are in doubt.

The mirror sees each answer taken, so that the platform's repeats look like events. What a proxy answers
by itself is lost; only reconciliation finds it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from http.client import HTTPConnection, HTTPException
from random import Random
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from mirror.platform.simulator import Limits, Platform, Workload
from mirror.platform.simulator.api import ApiServer
from tests.faults.client import Operation
from tests.faults.mirrors import Faulted
from tests.faults.proxy import Does, Proxy
from tests.support import truth
from tests.support.database_rows import database_rows
from tests.support.truth import Rows
from tests.support.worlds import told
from tests.support.worlds import truth as all_told

ATTEMPTS = 4
PATIENT, IMPATIENT = 20.0, 1.0
"""Seconds after which the platform gives up on an answer."""
HIDDEN = (Does.SWALLOW, Does.RESET, Does.FAIL, Does.REPEAT)


class Hides:
    """Lets each body's first attempt meet one of these fates, at a rate; what is repeated passes."""

    def __init__(self, *fates: Does, rate: float, seed: int) -> None:
        self._fates, self._rate = fates, rate
        self._random = Random(seed)
        self._failed: Counter[bytes] = Counter()

    def __call__(self, _number: int, body: bytes) -> Does:
        """What becomes of a post."""
        if self._failed[body]:
            self._failed[body] -= 1
            return Does.PASS
        if self._random.random() >= self._rate:
            return Does.PASS
        does = self._random.choice(self._fates)
        if does not in {Does.REPEAT, Does.PRETEND}:
            self._failed[body] += 1
        return does


def deliver(url: str, bodies: Iterable[bytes], *, apart: int, patience: float) -> None:
    """Posts as a platform does that repeats what failed after so many others; all arrive in the end."""
    waiting: deque[tuple[int, int, bytes]] = deque()  # after which post, how often tried, what
    for number, body in enumerate(bodies):
        if post(url, body, patience) != 200:
            waiting.append((number + apart, 1, body))
        while waiting and waiting[0][0] <= number:
            _, tried, failed = waiting.popleft()
            assert tried < ATTEMPTS
            if post(url, failed, patience) != 200:
                waiting.append((number + apart, tried + 1, failed))
    for _, _, failed in waiting:
        assert post(url, failed, patience) == 200


def post(url: str, body: bytes, patience: float) -> int | None:
    parts = urlsplit(url)
    connection = HTTPConnection("127.0.0.1", parts.port, timeout=patience)
    try:
        connection.request("POST", parts.path, body, {"Content-Type": "application/json"})
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def worked(seed: int, operations: int = 120) -> tuple[Platform, list[bytes]]:
    """A platform that was worked on, and its callbacks in order."""
    platform = Platform(seed, persons=2, teams=1)
    Workload(platform, seed, limits=Limits(classes=40)).run(operations)
    return platform, [callback.body for callback in platform.drain()]


def received(proxy: Proxy) -> list[Operation]:
    """What reached the mirror, each a delivery that it answered in time."""
    twice = proxy.bodies(Does.REPEAT)
    passed = proxy.bodies(*(does for does in Does if does is not Does.PRETEND))
    return [Operation(body, [200]) for body in (*passed, *twice)]


def url_of(mirror: Faulted) -> str:
    return f"http://127.0.0.1:{mirror.port}{mirror.path}"


def served(
    mirror: Faulted,
    bodies: list[bytes],
    plan: Callable[[int, bytes], Does],
    *,
    apart: int = 0,
    patience: float = PATIENT,
) -> Proxy:
    """Has callbacks delivered through a proxy, and all that came applied and judged."""
    mirror.set(CONFIRM_LIMIT="60s")  # whatever else this machine does
    with (
        mirror.serving() as server,
        Proxy(url_of(mirror), plan, delay_s=1.5 * patience) as proxy,
    ):
        deliver(proxy.url, bodies, apart=apart, patience=patience)
        proxy.close()  # so that nothing is on its way
        server.stop()
    mirror.operations.extend(received(proxy))
    verdict = mirror.judge().check()
    assert verdict.redeliveries == 0  # the mirror had no way to know
    return proxy


def rows_of(mirror: Faulted) -> Rows:
    with mirror.reading() as connection:
        return database_rows(connection, "default")


def misplaced(rows: Rows, platform: Platform) -> set[str]:
    """Materials that are elsewhere, or on one side only."""
    mine, theirs = truth.places(rows), truth.true_places(platform)
    return {key for key in mine.keys() | theirs.keys() if mine.get(key) != theirs.get(key)}


def misnamed(rows: Rows, platform: Platform) -> set[str]:
    """Materials of which a name or tags differ."""
    said, known = truth.said(rows), truth.known(platform)
    return {key for key in said.keys() & known.keys() if said[key] != known[key]}


def misplaced_classes(rows: Rows, platform: Platform) -> set[tuple[str, str, str]]:
    """Classes that only one side has."""
    return truth.class_places(rows) ^ truth.true_class_places(platform, observed=False)


def classes_in_doubt(mirror: Faulted) -> set[tuple[str, str, str]]:
    """Classes that the mirror is in doubt about, or about one above them."""
    with mirror.reading() as connection:
        found = connection.execute(
            sa.text("SELECT owner_type, owner_id, path FROM classes WHERE in_doubt")
        )
        return {(str(row[0]), str(row[1]), str(row[2])) for row in found}


@pytest.mark.parametrize(
    "fates",
    [
        pytest.param((Does.SWALLOW, Does.RESET, Does.FAIL), id="answers lost"),
        pytest.param((Does.REPEAT,), id="sent twice"),
        pytest.param((Does.DELAY,), id="answers late"),
    ],
)
def test_an_immediate_repeat_that_looks_like_an_event_leaves_every_row_right(
    mirror: Faulted, fates: tuple[Does, ...]
) -> None:
    slow = fates == (Does.DELAY,)
    platform, bodies = worked(seed=3, operations=60 if slow else 120)
    plan = Hides(*fates, rate=0.06 if slow else 0.4, seed=1)
    proxy = served(mirror, bodies, plan, patience=IMPATIENT if slow else PATIENT)
    assert len(proxy.bodies(*fates)) >= (3 if slow else 30)
    rows = rows_of(mirror)
    assert misplaced(rows, platform) == set()
    assert misnamed(rows, platform) == set()
    assert misplaced_classes(rows, platform) == set()


@pytest.mark.parametrize("seed", range(2))
def test_a_repeat_after_others_leaves_every_row_right_or_in_doubt(
    mirror: Faulted, seed: int
) -> None:
    platform, bodies = worked(seed, operations=200)
    served(mirror, bodies, Hides(*HIDDEN, rate=0.3, seed=seed), apart=3)
    rows = rows_of(mirror)
    assert misplaced(rows, platform) <= truth.doubted(rows)
    assert misnamed(rows, platform) <= truth.doubted(rows)
    assert misplaced_classes(rows, platform) <= classes_in_doubt(mirror)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("apart", [1, 10, 40])
@pytest.mark.parametrize("seed", range(20, 26))
def test_a_repeat_long_after_leaves_every_row_right_or_in_doubt(
    mirror: Faulted, seed: int, apart: int
) -> None:
    platform, bodies = worked(seed, operations=400)
    served(mirror, bodies, Hides(*HIDDEN, rate=0.3, seed=seed), apart=apart)
    rows = rows_of(mirror)
    assert misplaced(rows, platform) <= truth.doubted(rows)
    assert misnamed(rows, platform) <= truth.doubted(rows)
    extra = truth.class_places(rows) - truth.true_class_places(platform, observed=True)
    assert extra <= classes_in_doubt(mirror)
    states = truth.project_states(rows) ^ truth.true_project_states(platform)
    projects = {key for kind, key, *_ in rows["doubts"] if kind == "project"}
    assert {row[0] for row in states if row[2] != "Idle"} <= projects


def test_what_a_proxy_answered_by_itself_is_found_by_reconciliation(mirror: Faulted) -> None:
    platform, bodies = worked(seed=5, operations=150)
    plan = Hides(Does.PRETEND, Does.PRETEND, *HIDDEN, rate=0.3, seed=2)
    proxy = served(mirror, bodies, plan, apart=3)
    lost = proxy.bodies(Does.PRETEND)
    assert len(lost) > 10
    assert not set(lost) & set(mirror.bodies()) - set(proxy.bodies(Does.PASS))
    wrong = misplaced(rows_of(mirror), platform)
    assert wrong - truth.doubted(rows_of(mirror))  # no feed can tell
    mirror.environ = {n: t for n, t in mirror.environ.items() if not n.lower().endswith("_proxy")}
    key = "kept-to-itself"
    with ApiServer(platform, platform_id="default", keys={"AKID-1": key}, rate=None) as api:
        mirror.set(SECRET_ID="AKID-1", SECRET_KEY=key, API_ENDPOINT=api.url, API_RATE="500")
        mirror.run("reconcile")
    rows = rows_of(mirror)
    mine, theirs = told(rows), all_told(platform)
    assert {name: mine[name] ^ theirs[name] for name in ("classes", "media", "detached")} == {
        name: set() for name in ("classes", "media", "detached")
    }
    assert rows["doubts"] == set()
    assert "did not come" in mirror.log_text()
    mirror.judge().check()
