"""Bodies to be sent: lifelike work on one library, each body once."""

from __future__ import annotations

from functools import cache

from tests.support import lifelike

SLACK = 2
"""Operations done for each body wanted, since some say what others said before."""


@cache
def unique(count: int, seed: int = 1) -> tuple[bytes, ...]:
    """So many bodies of lifelike work, in its order, of which no two are equal."""
    feed = lifelike.feed(count * SLACK, seed)
    bodies = tuple(dict.fromkeys(arrival.body for arrival in feed))[:count]
    assert len(bodies) == count
    return bodies
