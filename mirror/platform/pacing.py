"""When to call: below the platform's limit, and later and later after a failure."""

from __future__ import annotations

import time
from random import Random
from threading import Lock
from typing import NamedTuple, Protocol


class Clock(Protocol):
    """Time as the client knows it. A sleep may raise, to end what is under way."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let so much time pass."""
        ...


class SystemClock:
    """The machine's own time."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let so much time pass."""
        time.sleep(seconds)


class TokenBucket:
    """Lets `rate` calls a second pass, evenly: no second has more than one call above that.

    Threads that share one are let through in turn.
    """

    def __init__(self, rate: float, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._lock = Lock()
        self._tokens = 1.0
        self._at = clock.monotonic()

    def take(self) -> None:
        """Return when the next call may be made."""
        with self._lock:
            now = self._clock.monotonic()
            self._tokens = min(1.0, self._tokens + (now - self._at) * self._rate) - 1
            self._at = now
            wait = -self._tokens / self._rate
        # Outside the lock: the token is ours already, and others may reckon with that.
        if wait > 0:
            self._clock.sleep(wait)


class Patience(NamedTuple):
    """How long to go on: `timeout_s` for each wait on the network, `attempts` for each call.

    Between two attempts passes between half and all of a time that doubles from `first_s` up to
    `most_s`. Chance spreads out callers that failed together; `seed` makes it repeatable.
    """

    timeout_s: float = 15.0
    attempts: int = 6
    first_s: float = 0.5
    most_s: float = 16.0
    seed: int | None = None


class Backoff:
    """Draws the waits that `patience` allows."""

    def __init__(self, patience: Patience) -> None:
        self._first_s = patience.first_s
        self._most_s = patience.most_s
        self._random = Random(patience.seed)  # noqa: S311 - spreads waits

    def after(self, failures: int) -> float:
        """Seconds to wait after so many failures, one or more."""
        # The exponent is bounded, as a float is.
        whole = min(self._most_s, self._first_s * 2.0 ** min(failures - 1, 60))
        return whole * (0.5 + self._random.random() / 2)
