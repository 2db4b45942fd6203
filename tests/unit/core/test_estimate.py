"""Shares estimated from samples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.core.estimate import Estimate, estimate


def test_nothing_drawn_says_nothing() -> None:
    assert estimate(0, 0) == Estimate(0, 0.0, 0.0, 1.0)


def test_none_wrong_of_a_hundred_leaves_at_most_four_percent() -> None:
    found = estimate(0, 100)
    assert (found.share, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(0.037, abs=0.001)


def test_ten_of_a_hundred_are_ten_percent_more_or_less() -> None:
    found = estimate(10, 100)
    assert found.low == pytest.approx(0.055, abs=0.001)
    assert found.high == pytest.approx(0.174, abs=0.001)


@given(st.integers(1, 1000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share_and_stays_between_nothing_and_everything(
    counts: tuple[int, int],
) -> None:
    found = estimate(*counts)
    assert 0.0 <= found.low <= found.share <= found.high <= 1.0
