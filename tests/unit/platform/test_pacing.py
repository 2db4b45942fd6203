"""Calls stay below the rate; waits grow, and differ."""

from __future__ import annotations

from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.platform.client import PlatformClient
from mirror.platform.pacing import Backoff, Patience, SystemClock, TokenBucket
from mirror.platform.simulator import Platform
from mirror.platform.simulator.api import ApiServer


class Paper:
    """Time passes by sleeping alone."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@given(
    st.floats(0.1, 1000),
    st.lists(st.floats(0, 3), min_size=1, max_size=60),
)
def test_no_second_has_more_than_one_call_above_the_rate(rate: float, idle: list[float]) -> None:
    clock = Paper()
    bucket = TokenBucket(rate, clock)
    taken: list[float] = []
    for pause in idle:
        clock.now += pause
        bucket.take()
        taken.append(clock.now)
    for start in taken:
        within = [at for at in taken if start <= at < start + 1 - 1e-6]
        assert len(within) <= rate + 1


def test_an_idle_bucket_does_not_save_up() -> None:
    clock = Paper()
    bucket = TokenBucket(10, clock)
    clock.now += 1000
    for _ in range(11):
        bucket.take()
    assert clock.now == pytest.approx(1001)


def test_waits_double_up_to_a_limit() -> None:
    backoff = Backoff(Patience(first_s=1, most_s=8, seed=7))
    waits = [backoff.after(failures) for failures in (1, 2, 3, 4, 5, 2000)]
    for wait, whole in zip(waits, (1, 2, 4, 8, 8, 8), strict=True):
        assert whole / 2 <= wait <= whole
    again = Backoff(Patience(first_s=1, most_s=8, seed=7))
    assert [again.after(n) for n in (1, 2, 3)] == waits[:3]
    assert Backoff(Patience(seed=8)).after(1) != Backoff(Patience(seed=9)).after(1)


def test_the_platform_never_finds_the_client_too_fast() -> None:
    with (
        ApiServer(Platform(1)) as api,
        PlatformClient("studio", api.url, api.secret_id, api.secret_key) as client,
    ):
        began = SystemClock().monotonic()
        threads = [Thread(target=client.teams) for _ in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = SystemClock().monotonic() - began
        assert [call.code for call in api.calls] == [""] * 24
        assert took >= 23 / 15 - 0.01
