"""Paces what is taken in to what the applier manages, so that readers never look far back.

Only a backlog that is being worked off slows anything down: where nothing is applied, nothing is
held back, since receiving goes before freshness. One thread owns a pace; times are monotonic.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from mirror.core.model import Seq

BOUND = 0.5
"""Seconds that a delivery may wait to be applied, as far as can be foreseen, before intake is paced."""
BETWEEN, SEEN = 0.02, 0.1
"""Seconds between two looks at how far everything is applied: at least, and so that no idle time lies
between them unseen."""
STALLED, LONGEST = 2.0, 15.0
"""Seconds without progress after which a platform's backlog slows nobody down: at least, at most."""
WINDOW = 2.0
"""Seconds over which the applier's speed is measured."""
TELLING = (200, 0.15)
"""So many deliveries, or so many seconds of work, tell of a speed; less is the cost of a batch, and
tells only that it can be faster."""
SLOWEST = 0.5
"""Intake is paced to no less than this share of what the applier manages."""
PORTION = 0.05
"""Seconds' worth of intake that is let in together."""
GRAIN = 0.01
"""Commits closer together than these seconds count as one."""
KEPT = 2_000
"""So many unapplied commits of a platform are remembered; where nothing is applied, the newest."""


class _Line:
    """What one platform's deliveries wait for."""

    def __init__(self, now: float) -> None:
        self.waiting: deque[tuple[Seq, float]] = deque(maxlen=KEPT)  # last seq and time of a commit
        self.applied: Seq | None = None
        self.moved_at = now
        self.patience = STALLED

    @property
    def backlog(self) -> int:
        return self.waiting[-1][0] - (self.applied or 0) if self.waiting else 0

    def age(self, now: float) -> float:
        """Seconds that the oldest delivery has waited."""
        return now - self.waiting[0][1] if self.waiting else 0.0

    def move(self, seq: Seq, now: float) -> int:
        """Takes in how far it is applied; returns how many deliveries that were."""
        before, self.applied = self.applied, seq
        while self.waiting and self.waiting[0][0] <= seq:
            self.waiting.popleft()
        if before == seq:
            return 0
        self.moved_at = now
        return 0 if before is None else seq - before


class Pace:
    """How many callbacks may be appended now.

    `lag` is the age of the oldest delivery that was not applied at the last look, `rate` how many
    deliveries are applied a second when there are many; None before that is known.
    """

    def __init__(self) -> None:
        self.lag = 0.0
        self.rate: float | None = None
        self.pacing = False
        self._lines: dict[str, _Line] = {}
        self._spans: deque[tuple[float, float, int]] = deque()  # until when, seconds, deliveries
        self._moved_at = float("-inf")
        self._looked_at = float("-inf")
        self._allowed = 0.0
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
            line.age(now) > BETWEEN for line in self._lines.values()
        )

    def looked(self, applied: Mapping[str, Seq], now: float) -> None:
        """Takes in how far each platform is applied; one that is left out is not known to be."""
        seen, self._looked_at = now - self._looked_at < SEEN, now
        since = max(self._moved_at, now - max(line.age(now) for line in self._lines.values()))
        done = sum(
            self._lines[platform].move(seq, now)
            for platform, seq in applied.items()
            if platform in self._lines
        )
        if done:
            self._moved_at = now
            if seen:
                self._measure(now, max(now - since, BETWEEN), done)
        for line in self._lines.values():
            if line.moved_at == now:
                line.patience = self._patience(line.backlog)
        working = [line for line in self._lines.values() if now - line.moved_at < line.patience]
        self.lag = max((line.age(now) for line in working), default=0.0)
        self._decide(sum(line.backlog for line in working), now)

    def room(self, now: float) -> int | None:
        """How many callbacks may be appended now; None for as many as there are."""
        if not self.pacing:
            return None
        most = max(2.0, self._allowed * PORTION)
        self._tokens = min(most, self._tokens + (now - self._filled_at) * self._allowed)
        self._filled_at = now
        # Several at once, or a commit would be made for each.
        return int(self._tokens) if self._tokens >= most / 2 else 0

    def took(self, count: int) -> None:
        """Notes that so many are being appended."""
        self._tokens -= count

    def _measure(self, now: float, seconds: float, done: int) -> None:
        short = done < TELLING[0] and seconds < TELLING[1]
        if short and (self.rate is None or done < self.rate * seconds):
            return
        self._spans.append((now, seconds, done))
        while now - self._spans[0][0] > WINDOW:
            self._spans.popleft()
        self.rate = sum(span[2] for span in self._spans) / sum(span[1] for span in self._spans)

    def _patience(self, backlog: int) -> float:
        """Seconds until the next progress that nobody has to worry about."""
        expected = 0.0 if self.rate is None else backlog / self.rate
        return min(LONGEST, STALLED + 2 * expected)

    def _decide(self, backlog: int, now: float) -> None:
        wait = self.lag if self.rate is None else max(self.lag, backlog / self.rate)
        paced = self.rate is not None and wait > BOUND
        if paced and not self.pacing:
            self._tokens, self._filled_at = float("inf"), now  # whoever comes first is let in
        self.pacing = paced
        if paced and self.rate is not None:
            self._allowed = self.rate * max(SLOWEST, BOUND / wait)
