"""Invariant 3, in memory: the fold equals the independent naive model, row for row, after every delivery."""

from hypothesis import given, settings

from tests.naive.model import NaiveMirror
from tests.properties.feeds import Arrival, feeds
from tests.support.memory import MemoryMirror
from tests.support.naive_rows import naive_rows


def check(feed: list[Arrival]) -> None:
    mirror, naive = MemoryMirror(), NaiveMirror()
    for arrival in feed:
        verdict = mirror.deliver(*arrival)
        assert verdict.outcome == naive.deliver(*arrival), verdict
        mine, theirs = mirror.rows(), naive_rows(naive)
        for name, rows in mine.items():
            assert rows == theirs[name], (name, arrival, verdict)


@settings(max_examples=400)
@given(feeds(observed=False))
def test_a_feed_of_callbacks_gives_the_rows_of_the_naive_model(feed: list[Arrival]) -> None:
    check(feed)


@settings(max_examples=400)
@given(feeds())
def test_observations_among_callbacks_give_the_rows_of_the_naive_model(
    feed: list[Arrival],
) -> None:
    check(feed)
