"""Keeps every platform applied: looks for deliveries when nudged, and every so often anyway.

What goes wrong with one platform is told and tried again later; the others go on. Deliveries that
come close together are applied together.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from functools import partial

from mirror.core.model import Correction
from mirror.core.rules import Rules
from mirror.errors import LeaseLost, MirrorError
from mirror.store import platforms
from mirror.store.engine import Database
from mirror.sync.apply import Applier
from mirror.sync.sinks import Growing

SHORTEST, LONGEST = 0.02, 0.25
"""Seconds between two looks when nobody nudges: after work, and in the long run."""
EACH, TOGETHER = 0.0005, 0.05
"""Seconds that the applier rests for each delivery of a batch, and at most: where many come, more will
come meanwhile, and a write costs as much as many rows. One that comes alone is applied at once."""
MOST = 10_000
"""Deliveries in a batch at most; it holds whatever waits."""
LISTING = 0.25
"""Seconds between two looks for new platforms."""
SETBACK, WORST = 0.5, 30.0
"""Seconds until a platform that failed is tried again: at first, and in the long run."""

log = logging.getLogger(__name__)


class Orders:
    """What the applier is told to do; safe for threads."""

    def __init__(self) -> None:
        self._told = threading.Event()
        self.draining = False
        self.ended = False

    def nudge(self) -> None:
        """There is something to apply."""
        self._told.set()

    def drain(self) -> None:
        """Apply what there is, then end."""
        self.draining = True
        self._told.set()

    def end(self) -> None:
        """End after the running batch."""
        self.ended = True
        self._told.set()

    def wait(self, seconds: float) -> bool:
        """Waits for an order, so long at most; whether one came."""
        told = self._told.wait(seconds)
        self._told.clear()
        return told


class Setback:
    """When a platform that failed is tried again."""

    def __init__(self) -> None:
        self._pause = 0.0
        self._until = 0.0

    @property
    def over(self) -> bool:
        """Whether to try now."""
        return time.monotonic() >= self._until

    def grow(self) -> float:
        """Waits twice as long as the last time; returns the seconds."""
        self._pause = min(WORST, self._pause * 2 or SETBACK)
        self._until = time.monotonic() + self._pause
        return self._pause

    def cut_short(self) -> None:
        """Try now."""
        self._until = 0.0

    def forget(self) -> None:
        """It went well."""
        self._pause = 0.0


class Keeper:
    """Applies all platforms of one database, in turn."""

    def __init__(self, database: Database, rules: Rules) -> None:
        self._database = database
        self._rules = rules
        self._appliers: dict[str, Applier] = {}
        self._sinks: list[Growing] = []
        self._setbacks: dict[str, Setback] = {}
        self._overtaken: set[str] = set()
        self._next_listing = 0.0

    def run(self, orders: Orders) -> None:
        """Works until told to end, or told to drain and nothing is left that can be applied."""
        try:
            self._run(orders)
        finally:
            for sink in self._sinks:
                with suppress(MirrorError):  # what was not committed is applied at the next start
                    sink.close()

    def _run(self, orders: Orders) -> None:
        pause, in_haste = SHORTEST, False
        while not orders.ended:
            draining = orders.draining  # read before the look, so that the look is the last one
            if draining and not in_haste:
                in_haste = True
                for setback in self._setbacks.values():
                    setback.cut_short()  # what failed may go well by now, and there is no later
            count = self.run_once(orders)
            if draining:
                if not count:
                    if not self._overtaken:
                        return
                    time.sleep(SHORTEST)  # whoever was overtaken goes on where the other one was
            elif count:
                pause = SHORTEST
                time.sleep(min(TOGETHER, count * EACH) if count < MOST else 0)
            else:
                pause = SHORTEST if orders.wait(pause) else min(LONGEST, pause * 2)

    def run_once(self, orders: Orders) -> int:
        """Applies one batch of each platform; returns how many deliveries those were."""
        if time.monotonic() >= self._next_listing:
            self._list()
        return sum(self._apply(name) for name in self._appliers if not orders.ended)

    def _list(self) -> None:
        self._next_listing = time.monotonic() + LISTING
        try:
            with self._database.read() as connection:
                names = [platform.name for platform in platforms.listed(connection)]
        except MirrorError as error:
            self._next_listing += SETBACK * 10
            log.warning("Could not look for deliveries: %s", error)
            return
        for name in names:
            if name not in self._appliers:
                sink = Growing(self._database, 2 * MOST)
                self._sinks.append(sink)
                self._appliers[name] = Applier(
                    self._database,
                    name,
                    self._rules,
                    batch=MOST,
                    sink=sink,
                    on_correction=partial(_tell, name),
                )
                self._setbacks[name] = Setback()

    def _apply(self, name: str) -> int:
        applier, setback = self._appliers[name], self._setbacks[name]
        if not setback.over:
            return 0
        try:
            self._overtaken.discard(name)
            count = applier.run_once()
        except LeaseLost as lost:
            log.info("%s", lost, extra={"platform": name})
            self._overtaken.add(name)
            setback.grow()
            return 0
        except Exception as error:
            # Whatever this is, the other platforms go on.
            log.error(  # noqa: TRY400 - an expected error needs no traceback
                "Could not apply, %.1f s until the next try: %s",
                setback.grow(),
                error,
                extra={"platform": name},
                exc_info=not isinstance(error, MirrorError),
            )
            return 0
        setback.forget()
        if count:
            log.debug("Applied %d deliveries", count, extra={"platform": name, "seq": applier.seq})
        return count


def _tell(platform: str, correction: Correction) -> None:
    """Tell loudly of a deletion that somebody made up."""
    if correction.label == "misread" and correction.event_type == "Material.Deleted":
        log.warning(
            "A deletion was told of a medium that is still there; it was taken back. Somebody may "
            "know the callback URL",
            extra={"platform": platform, "action": "refuted", "material_id": correction.key},
        )
