"""The platform's limit: so many calls of one action in any second."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from threading import Lock

from mirror.platform.simulator.api.errors import ApiError


class Pace:
    """Counts admitted calls. Safe for several threads."""

    def __init__(self, rate: int | None, clock: Callable[[], float]) -> None:
        """Admit `rate` calls a second of each action; None is no limit."""
        self.rate = rate
        self._clock = clock
        self._lock = Lock()
        self._admitted: defaultdict[str, deque[float]] = defaultdict(deque)

    def admit(self, action: str) -> None:
        """Count one call, or raise `ApiError`."""
        with self._lock:
            if self.rate is None:
                return
            now, recent = self._clock(), self._admitted[action]
            while recent and recent[0] <= now - 1:
                recent.popleft()
            if len(recent) >= self.rate:
                raise ApiError("RequestLimitExceeded")
            recent.append(now)
