"""The change feed of a database, without end: what was missed, and then what comes."""

from __future__ import annotations

import time
from collections.abc import Iterator

from mirror.store import feed
from mirror.store.engine import Database
from mirror.store.feed import EVERYTHING, Change, Position, Scope


def follow(
    database: Database,
    platform: str,
    after: Position | None = None,
    scope: Scope = EVERYTHING,
    *,
    pause: float,
) -> Iterator[Change]:
    """Yields the wanted changes behind `after` (default: from now on), and goes on with what comes.

    `pause` is the seconds between two looks once it has caught up. No transaction stays open while
    a change is looked at. Raises FeedReset and NotFound.
    """
    place = after
    if place is None:
        with database.read() as connection:
            end = feed.end(connection, platform)
        place = feed.behind(end.seq, end.generation)
    while True:
        with database.read() as connection:
            window = feed.look(connection, platform, place, scope)
        yield from window.changes
        place = window.place
        if not window.more:
            time.sleep(pause)
