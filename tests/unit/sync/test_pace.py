"""Admission: a backlog that is worked off slows intake down, and nothing else does. No clock runs here."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from mirror.core.model import Seq
from mirror.sync import pace as pacing
from mirror.sync.pace import BOUND, Pace

STEP = 0.005


def told(pace: Pace, now: float, **applied: int) -> None:
    pace.looked({platform: Seq(seq) for platform, seq in applied.items()}, now)


def behind(now: float = 10.0, speed: int = 1000) -> Pace:
    """A pace that has seen an applier work at `speed`, and has that many deliveries before it."""
    pace = Pace()
    pace.appended("a", Seq(1), now - 1.0)
    told(pace, now - 0.9, a=0)
    pace.appended("a", Seq(2 * speed), now - 0.8)
    told(pace, now - 0.05, a=0)
    told(pace, now, a=speed)
    return pace


def test_nothing_is_held_back_while_nothing_waits_long() -> None:
    pace = Pace()
    pace.appended("a", Seq(100), 1.0)
    assert not pace.wants_look(1.0)
    assert pace.wants_look(1.1)
    told(pace, 1.1, a=100)
    assert (pace.room(1.1), pace.lag, pace.wants_look(2.0)) == (None, 0.0, False)


def test_nothing_is_held_back_before_a_speed_is_known() -> None:
    pace = Pace()
    pace.appended("a", Seq(50_000), 1.0)
    told(pace, 1.0 + 2 * BOUND, a=0)
    assert (pace.room(2.0), pace.rate) == (None, None)


def test_a_speed_is_what_was_applied_in_the_time_that_there_was_work() -> None:
    pace = behind(speed=1000)
    assert pace.rate == pytest.approx(1000, rel=0.01)
    told(pace, 11.0, a=2000)
    pace.appended("a", Seq(2600), 20.0)  # after nine idle seconds
    told(pace, 20.25, a=2000)
    told(pace, 20.3, a=2600)
    assert pace.rate == pytest.approx(2000, rel=0.01)


def test_few_deliveries_tell_of_no_speed() -> None:
    pace = Pace()
    pace.appended("a", Seq(1), 1.0)
    told(pace, 1.03, a=0)
    told(pace, 1.05, a=1)
    assert pace.rate is None


def test_a_time_in_which_nobody_looked_tells_of_no_speed() -> None:
    pace = behind(now=10.0, speed=1000)
    told(pace, 60.0, a=2000)
    assert pace.rate == pytest.approx(1000, rel=0.01)


def test_an_applier_that_is_faster_than_it_seemed_is_believed() -> None:
    pace = behind(now=10.0, speed=1000)
    pace.appended("a", Seq(2_150), 12.1)
    told(pace, 12.1, a=2_000)
    told(pace, 12.15, a=2_150)  # few, and quickly
    assert pace.rate == pytest.approx(3_000, rel=0.01)


def test_intake_is_paced_to_a_share_of_what_the_applier_manages() -> None:
    pace = behind(now=10.0, speed=1000)
    taken, now = 0, 10.0
    while now < 10.99:
        room = pace.room(now)
        assert room is not None
        pace.took(room)
        taken += room
        now += STEP
    assert 1000 * pacing.SLOWEST * 0.9 <= taken <= 1000 * pacing.SLOWEST * 1.1


def test_who_comes_first_is_let_in() -> None:
    pace = behind(now=10.0, speed=1000)
    assert (pace.room(10.0) or 0) >= 10


def test_an_applier_that_does_not_move_slows_nobody_down() -> None:
    pace = behind(now=10.0, speed=1000)
    assert pace.pacing
    told(pace, 10.0 + pacing.LONGEST, a=1000)
    assert (pace.room(30.0), pace.lag) == (None, 0.0)
    told(pace, 31.0, a=1500)  # it goes on
    assert pace.pacing


def test_a_platform_that_fails_slows_no_other_down() -> None:
    pace = behind(now=10.0, speed=1000)
    for second in range(11, 31):
        pace.appended("b", Seq(second), float(second))
        told(pace, second + 0.1, a=1000, b=second)
    assert pace.room(31.0) is None


def test_a_platform_that_nothing_is_known_of_is_not_waited_for() -> None:
    pace = behind(now=10.0, speed=1000)
    told(pace, 10.1, a=2000)
    pace.appended("new", Seq(90_000), 10.2)
    for tenth in range(1, 100):
        told(pace, 10.2 + tenth / 10, a=2000)
    assert pace.room(20.1) is None


def test_what_is_remembered_of_an_applier_that_is_down_is_bounded() -> None:
    pace = Pace()
    for number in range(1, 10_000):
        pace.appended("a", Seq(number), number * 0.1)
    told(pace, 1000.0, a=0)
    assert len(pace._lines["a"].waiting) == pacing.KEPT
    for number in range(10_000, 20_000):
        pace.appended("a", Seq(number), 1000.0)
    assert len(pace._lines["a"].waiting) == pacing.KEPT


@dataclass(slots=True)
class Town:
    """A receiver whose commits take little, and an applier of some speed, in a time that is counted.

    `demand` callbacks a second come from so many `clients`, each of which waits for its answer.
    """

    demand: Callable[[float], float]
    speed: Callable[[float], float]
    clients: int = 256
    pace: Pace = field(default_factory=Pace)
    lags: list[tuple[float, float]] = field(default_factory=list)
    waits: list[tuple[float, float]] = field(default_factory=list)
    admitted: int = 0

    def run(self, seconds: float, hold: float = 1.0) -> None:
        queue: deque[float] = deque()
        unapplied: deque[tuple[float, int]] = deque()
        head = applied = batch = 0
        now = owed = free_at = 0.0
        batch_ends = float("inf")
        while now < seconds:
            now += STEP
            owed = min(owed + self.demand(now) * STEP, 10_000.0)
            while owed >= 1 and len(queue) < self.clients:
                queue.append(now)
                owed -= 1
            if now >= batch_ends:
                applied, batch_ends = applied + batch, float("inf")
                self._applied(unapplied, batch, now)
                batch = 0
            if not batch and head > applied and self.speed(now):
                batch = min(head - applied, 10_000)
                batch_ends = now + 0.05 + batch / self.speed(now)
            if queue and now >= free_at:
                if self.pace.wants_look(now):
                    told(self.pace, now, a=applied)
                room = self.pace.room(now)
                if room == 0 and now - queue[0] < hold:
                    continue
                count = min(len(queue), room or 2000)
                self.waits.extend((now, now - queue.popleft()) for _ in range(count))
                head, self.admitted = head + count, self.admitted + count
                unapplied.append((now, count))
                self.pace.appended("a", Seq(head), now)
                self.pace.took(count)
                free_at = now + 0.002 + count * 3e-5

    def _applied(self, unapplied: deque[tuple[float, int]], batch: int, now: float) -> None:
        while batch:
            at, count = unapplied.popleft()
            done = min(batch, count)
            batch -= done
            self.lags += [(now, now - at)] * done
            if count > done:
                unapplied.appendleft((at, count - done))

    def worst(self, found: list[tuple[float, float]], after: float = 0.0) -> float:
        return max(value for at, value in found if at >= after)


def steady(number: float) -> Callable[[float], float]:
    return lambda _: number


@pytest.mark.parametrize("clients", [64, 256, 1000])
@pytest.mark.parametrize("demand", [5_500, 8_000, 20_000])
def test_in_an_overload_lag_stays_bounded_and_intake_is_what_the_applier_manages(
    demand: int, clients: int
) -> None:
    town = Town(steady(demand), steady(5_000), clients)
    town.run(20)
    assert town.worst(town.lags, after=5) < 1.0
    assert town.admitted > 20 * 5_000 * 0.8
    assert town.worst(town.waits) < 1.0


def test_a_load_that_the_applier_manages_is_never_held_back() -> None:
    town = Town(steady(4_000), steady(6_000))
    town.run(20)
    assert town.worst(town.waits) <= 2 * STEP
    assert town.worst(town.lags) < 0.5


def test_a_burst_after_quiet_is_taken_in_at_once() -> None:
    def bursts(now: float) -> float:
        return 2_000 / STEP if now % 5 < STEP else 50

    town = Town(bursts, steady(5_000), clients=5_000)
    town.run(20)
    assert town.worst(town.waits) < 0.15


def test_while_nothing_is_applied_callbacks_are_not_held_back() -> None:
    town = Town(steady(3_000), lambda now: 0 if 5 < now < 60 else 6_000)
    town.run(30)
    assert town.worst([wait for wait in town.waits if wait[0] > 8]) <= 2 * STEP
    assert town.admitted > 29 * 3_000 * 0.95
