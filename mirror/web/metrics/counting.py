"""Counts what came in and what became of it from one scrape to the next, each delivery once."""

from __future__ import annotations

from collections import Counter

from mirror.core.model import Seq
from mirror.store.queries import Connection, measures
from mirror.store.queries.measures import Place

AT_ONCE = 100_000
"""Deliveries of a platform that a scrape counts; after a long pause the next ones count the rest."""


class Tally:
    """Goes along the journals. Not thread-safe."""

    def __init__(self) -> None:
        self.received: Counter[tuple[str, ...]] = Counter()  # platform, source
        self.applied: Counter[tuple[str, ...]] = Counter()  # platform, event type, outcome
        self._received: dict[str, Seq] = {}
        self._applied: dict[str, Seq] = {}

    def count(self, connection: Connection, platform: str, place: Place) -> None:
        """Counts what is new of a platform; at first nothing is."""
        after = self._received.get(platform, place.head_seq)
        until = Seq(min(place.head_seq, after + AT_ONCE))
        if until > after:
            for (source,), count in measures.received(connection, platform, after, until).items():
                self.received[platform, source] += count
        self._received[platform] = Seq(max(after, until))

        after = self._applied.get(platform, place.applied_seq)
        until = Seq(min(place.applied_seq, after + AT_ONCE))
        if until > after:
            found = measures.applied(connection, platform, place.generation, after, until)
            for key, count in found.items():
                self.applied[platform, *key] += count
        self._applied[platform] = Seq(max(after, until))
