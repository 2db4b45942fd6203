"""Reconciliation beside a running server: new media within seconds, doubts soon, everything in turn.

One small piece of work at a time, most urgent first, paced by the reader. The platform being away costs nothing but
time: it is asked again later, less and less often.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from random import Random

from mirror.core.model import Micros, Owner
from mirror.errors import MirrorError, PlatformRefused
from mirror.store import sweeps
from mirror.store.engine import Database
from mirror.sync.observing import BudgetSpent
from mirror.sync.reconcile import Reconciler

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
"""Seconds between looks for something to do."""

NEW_AT_ONCE = 100
"""New media read in one look: five calls."""

SAMPLE = 20
SAMPLE_EVERY = 300.0
"""Seconds between draws of `SAMPLE` materials: one call."""

DOUBTS_EVERY = 15.0
"""Seconds between looks at what is in doubt: time for late deliveries to settle it by themselves."""

SWEEP_AGAIN = 600 * 1_000_000
"""Microseconds after which an owner is read again, at the earliest."""

SHARE = 0.25
"""Part of the calls that sweeps may use: the rest is for what is new or in doubt."""

LISTS_EVERY = 600.0
"""Seconds between readings of what is listed as a whole: owners, projects, tasks."""

WORST = 300.0
"""Seconds between attempts, at most, while the platform does not answer."""


class Watch:
    """A thread that reconciles one platform until it is stopped."""

    def __init__(
        self,
        database: Database,
        platform: str,
        make: Callable[[Callable[[], bool]], Reconciler],
        *,
        clock: Callable[[], float],
        rate: float,
        stop: threading.Event | None = None,
        random: Random | None = None,
    ) -> None:
        """Bind the parts; `make` builds a reconciler that asks whether to stop, `rate` is calls a second."""
        self._database = database
        self._platform = platform
        self._make = make
        self._clock = clock  # steady seconds
        self._rate = rate
        self._rests_until = clock()
        self._random = random or Random()  # noqa: S311 - spreads attempts, keeps no secret
        self._stop = stop or threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconciler", daemon=True)
        self._sampled = self._doubted = clock()
        self._listed_at: float | None = None
        self._listed: list[Owner] = []
        self._refused: dict[Owner, float] = {}  # owners that the platform won't tell of, until when
        self._in_round = True

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, seconds: float) -> bool:
        """Stop after the read that is under way; return whether it ended in time."""
        self._stop.set()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        setback = LOOK_EVERY
        while not self._stop.wait(setback * self._random.uniform(0.8, 1.2)):
            try:
                busy = self.look()
            except BudgetSpent:
                setback = LOOK_EVERY
            except MirrorError as error:
                setback = min(setback * 2, WORST)
                log.warning(
                    "Reconciliation paused: %s",
                    error,
                    extra={"action": "reconcile", "again_in": setback},
                )
            except Exception:
                setback = WORST
                log.exception("Reconciliation failed", extra={"action": "reconcile"})
            else:
                setback = 0.0 if busy else LOOK_EVERY

    def look(self) -> bool:
        """Do the most urgent piece of work; return whether there was any."""
        reconciler = self._make(self._stop.is_set)
        busy = self._see_to_urgent(reconciler)
        now = self._clock()
        if self._listed_at is None or now - self._listed_at >= LISTS_EVERY:
            self._listed = reconciler.listed_owners()
            reconciler.read_projects()
            reconciler.read_tasks()
            self._listed_at = now
        return self._sweep_one(reconciler) or busy

    def _see_to_urgent(self, reconciler: Reconciler) -> bool:
        """Read what is new, and from time to time what is in doubt and a sample; return whether anything was new."""
        new = reconciler.enrich(NEW_AT_ONCE)
        now = self._clock()
        if now - self._doubted >= DOUBTS_EVERY:
            self._doubted = now
            reconciler.settle_doubts()
            reconciler.confirm_deletions(NEW_AT_ONCE)
        if now - self._sampled >= SAMPLE_EVERY:
            self._sampled = now
            reconciler.sample(SAMPLE)
        return new > 0

    def _sweep_one(self, reconciler: Reconciler) -> bool:
        if self._clock() < self._rests_until:
            return False
        with self._database.read() as connection:
            now = self._database.now(connection)
            found = sweeps.listed(connection, self._platform)
        known = {sweep.owner for sweep in found}
        waiting = [owner for owner in self._listed if owner not in known]
        waiting += [sweep.owner for sweep in found if _is_due(sweep, now)]
        waiting = [owner for owner in waiting if self._clock() >= self._refused.get(owner, 0.0)]
        if not waiting:
            if self._in_round and not self._refused:
                reconciler.end_round()
            self._in_round = False
            return False
        before = reconciler.calls
        self._in_round = True
        self._refused.pop(waiting[0], None)
        try:
            reconciler.sweep_owner(waiting[0], aside=lambda: self._see_to_urgent(reconciler))
        except PlatformRefused as refused:
            self._refused[waiting[0]] = self._clock() + LISTS_EVERY
            log.warning("Owner not read: %s", refused, extra={"action": "reconcile"})
        self._rests_until = self._clock() + (reconciler.calls - before) / (self._rate * SHARE)
        return True


def _is_due(sweep: sweeps.Sweep, now: Micros) -> bool:
    # What was read in the future was read before the clock was set back: nobody knows when.
    return sweep.finished_at is None or not now - SWEEP_AGAIN <= sweep.finished_at <= now
