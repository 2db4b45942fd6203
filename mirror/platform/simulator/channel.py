"""The way of callbacks to the receiver: some are lost, doubled or late. Pure and seeded."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from mirror.platform.simulator.ground import EPOCH_US

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mirror.platform.simulator.model import Callback


class Delivery(NamedTuple):
    """One arrival of a callback: `of` is its place among those given, `attempt` counts from 1."""

    body: bytes
    at_us: int
    attempt: int
    of: int


@dataclass(frozen=True, slots=True)
class Channel:
    """Delivers callbacks in order of arrival; equal channels treat equal callbacks equally.

    Rates are between 0 and 1 and apply to what `only` and `excluding` let through, which are
    prefixes of event types; all else arrives once and in time.

    A reordered callback is late by up to `places` callbacks: with no `delay_us`, none arrives
    after one that was sent more than `places` after it. `delay_us` is the most that each may be
    late besides, so one above `spacing_us` reorders, too. A duplicate follows its original within
    `duplicate_within_us`.
    """

    seed: int = 1
    loss: float = 0.0
    duplicate: float = 0.0
    duplicate_within_us: int = 5_000_000
    reorder: float = 0.0
    places: int = 10
    delay_us: int = 0
    only: tuple[str, ...] = ()
    excluding: tuple[str, ...] = ()
    start_us: int = EPOCH_US
    spacing_us: int = 200_000

    def deliver(
        self, callbacks: Sequence[Callback], *, start_us: int | None = None
    ) -> list[Delivery]:
        """The arrivals, earliest first; `start_us` is the first sending if not the channel's own.

        Parts of a longer feed are treated each in their own way, by the number of their first.
        """
        if not callbacks:
            return []
        random = Random(f"channel:{self.seed}:{callbacks[0].n}")  # noqa: S311 - faults, not secrets
        start = self.start_us if start_us is None else start_us
        arrivals = [
            arrival
            for of, callback in enumerate(callbacks)
            for arrival in self._arrivals(callback, of, start + of * self.spacing_us, random)
        ]
        return sorted(arrivals, key=lambda arrival: (arrival.at_us, arrival.of, arrival.attempt))

    def _arrivals(
        self, callback: Callback, of: int, sent_us: int, random: Random
    ) -> Iterator[Delivery]:
        if not self._concerns(callback.event_type):
            yield Delivery(callback.body, sent_us, 1, of)
            return
        if random.random() < self.loss:
            return
        at_us = sent_us + self._lateness(random)
        yield Delivery(callback.body, at_us, 1, of)
        if random.random() < self.duplicate:
            again_us = at_us + random.randint(1, self.duplicate_within_us)
            yield Delivery(callback.body, again_us, 2, of)

    def _lateness(self, random: Random) -> int:
        late_us = random.randint(0, self.delay_us) if self.delay_us else 0
        if random.random() < self.reorder:
            late_us += random.randint(1, self.places) * self.spacing_us
            # Between two places, so that it never ties with the one it was put behind.
            late_us += self.spacing_us // 2
        return late_us

    def _concerns(self, event_type: str) -> bool:
        return event_type.startswith(self.only or "") and not (
            self.excluding and event_type.startswith(self.excluding)
        )
