"""Paces what is taken in to what the applier manages, so that readers never look far back.

Only a backlog that is being worked off slows anything down: where nothing is applied at all, nothing
is held back, since receiving goes before freshness. One thread owns a pace; times are monotonic.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from mirror.core.model import Seq

BOUND = 0.4
"""Seconds that a delivery may wait to be applied before intake is paced."""
SOON = 0.2
"""Seconds after which a delivery that is not known to be applied makes us look."""
BETWEEN = 0.02
"""Seconds between two looks, at least."""
STALLED = 2.0
"""Seconds without progress after which a platform's backlog slows nobody down."""
WINDOW = 2.0
"""Seconds over which the applier's speed is measured."""
SLOWEST = 0.5
"""Intake is paced to no less than this share of what the applier manages."""
PORTION = 0.05
"""Seconds' worth of intake that is let in together."""
GRAIN = 0.01
"""Commits closer together than these seconds count as one."""
KEPT = 2_000
"""So many unapplied commits of a platform are remembered; of an idle applier the newest."""


class _Line:
    """What one platform's deliveries wait for."""

    def __init__(self, now: float) -> None:
        self.waiting: deque[tuple[Seq, float]] = deque(maxlen=KEPT)
        self.applied: Seq | None = None
        self.moved_at = now

    def age(self, now: float) -> float:
        """Seconds that the oldest delivery has waited."""
        return now - self.waiting[0][1] if self.waiting else 0.0


class Pace:
    """How many callbacks may be appended now."""

    def __init__(self) -> None:
        self.lag = 0.0
        """Seconds that the oldest unapplied delivery has waited, as of the last look."""
        self.rate: float | None = None
        """Deliveries applied a second, while there is a backlog."""
        self.pacing = False
        self._lines: dict[str, _Line] = {}
        self._steps: deque[tuple[float, int]] = deque()  # when, how many were applied by then
        self._total = 0
        self._looked_at = float("-inf")
        self._tokens = 0.0
        self._filled_at = 0.0

    def appended(self, platform: str, seq: Seq, now: float) -> None:
        """Notes that a commit ended with `seq`."""
        line = self._lines.get(platform)
        if line is None:
            line = self._lines[platform] = _Line(now)
        if not line.waiting:
            line.moved_at = now  # idle until now: it has not stalled
        elif now - line.waiting[-1][1] < GRAIN:
            now = line.waiting.pop()[1]
        line.waiting.append((seq, now))

    def wants_look(self, now: float) -> bool:
        """Whether to find out how far each platform is applied, and tell `looked`."""
        return now - self._looked_at >= BETWEEN and any(
            line.age(now) > SOON for line in self._lines.values()
        )

    def looked(self, applied: Mapping[str, Seq], now: float) -> None:
        """Takes in how far each platform is applied."""
        self._looked_at = now
        done = 0
        for platform, line in self._lines.items():
            seq = applied.get(platform)
            if seq is None:
                continue  # nothing is applied yet, as far as is known
            if line.applied is None:
                line.applied = seq
            elif seq > line.applied:
                done += seq - line.applied
                line.applied, line.moved_at = seq, now
            while line.waiting and line.waiting[0][0] <= seq:
                line.waiting.popleft()
        self._measure(done, now)
        self.lag = max((line.age(now) for line in self._working(now)), default=0.0)
        self.pacing = self.rate is not None and self.lag > BOUND
        if not self.pacing:
            self._tokens, self._filled_at = float("inf"), now

    def room(self, now: float) -> int | None:
        """How many callbacks may be appended now; None for as many as there are."""
        if not self.pacing or self.rate is None:
            return None
        allowed = self.rate * max(SLOWEST, min(1.0, BOUND / self.lag))
        most = max(2.0, self.rate * PORTION)
        self._tokens = min(most, self._tokens + (now - self._filled_at) * allowed)
        self._filled_at = now
        # Several at once, or a commit would be made for each.
        return int(self._tokens) if self._tokens >= most / 2 else 0

    def took(self, count: int) -> None:
        """Notes that so many are being appended."""
        self._tokens -= count

    def _working(self, now: float) -> list[_Line]:
        return [line for line in self._lines.values() if now - line.moved_at < STALLED]

    def _measure(self, done: int, now: float) -> None:
        if all(line.age(now) <= SOON for line in self._lines.values()):
            self._steps.clear()  # it is not always busy, so its speed cannot be told
            self.rate = None
            return
        if not done:
            return
        if self._steps and now - self._steps[-1][0] > STALLED:
            self._steps.clear()
            self.rate = None
        self._total += done
        self._steps.append((now, self._total))
        while len(self._steps) > 2 and now - self._steps[1][0] > WINDOW:  # noqa: PLR2004
            self._steps.popleft()
        (since, before), (until, after) = self._steps[0], self._steps[-1]
        if until - since >= 2 * BETWEEN:
            self.rate = (after - before) / (until - since)
