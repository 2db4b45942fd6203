"""Measures how long callbacks wait: until they are durable, and until what they did can be read.

The second is seen from here: the applier may be another process, so its checkpoint is looked at until
it has passed what was appended. Times are monotonic seconds.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from mirror.core.model import Seq
from mirror.errors import MirrorError

APPEND_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
APPLY_BOUNDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
SHORTEST, STEADY, LONGEST = 0.02, 0.05, 0.5
"""Seconds between two looks at what is applied: after a commit that comes alone, while more and more
come, and while nothing moves."""
MOST = 4_000
"""Commits of a platform that are told apart while they wait; beyond, neighbours count as one."""

log = logging.getLogger(__name__)


class Latencies:
    """How many took how long. One thread adds; whoever reads may miss what is being added."""

    def __init__(self, bounds: Sequence[float]) -> None:
        """Takes the upper bounds of its buckets, in seconds; beyond the last is one more."""
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def add(self, seconds: float, count: int = 1) -> None:
        """Adds so many that took so long."""
        self.counts[bisect_left(self.bounds, seconds)] += count
        self.total += seconds * count


class Apply:
    """Watches what was appended here until it is applied. `appended` may be called by any thread."""

    def __init__(self, applied: Callable[[], Mapping[str, Seq]]) -> None:
        """`applied` reads how far each platform is applied; may raise MirrorError."""
        self.latencies = Latencies(APPLY_BOUNDS)
        self._applied = applied
        self._waiting: dict[str, deque[tuple[Seq, float, int]]] = {}  # last seq, since, deliveries
        self._changing = threading.Lock()
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="meter", daemon=True)

    def start(self) -> None:
        """Begins to look."""
        self._thread.start()

    def stop(self) -> None:
        """Ends."""
        self._stopping.set()
        self._news.set()
        if self._thread.is_alive():
            self._thread.join()

    def appended(self, platform: str, seq: Seq, count: int, now: float) -> None:
        """Notes that so many deliveries of a platform became durable together, the last being `seq`."""
        with self._changing:
            line = self._waiting.setdefault(platform, deque())
            if len(line) >= MOST:
                self._waiting[platform] = line = deque(_in_pairs(line))
            line.append((seq, now, count))
        self._news.set()

    def look(self, now: float) -> bool:
        """Takes in what was applied by `now`; whether anything still waits. Raises MirrorError."""
        applied = self._applied()
        with self._changing:
            for platform, line in self._waiting.items():
                while line and line[0][0] <= applied.get(platform, 0):
                    _, since, count = line.popleft()
                    self.latencies.add(max(0.0, now - since), count)
            return any(self._waiting.values())

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._news.wait()
            self._news.clear()
            pause, waits = SHORTEST, True
            while waits and not self._stopping.wait(pause):
                pause = min(LONGEST, pause * 1.5)
                try:
                    waits = self.look(time.monotonic())
                except MirrorError as error:
                    log.debug("Could not look how far each platform is applied: %s", error)
                if self._news.is_set():
                    self._news.clear()
                    pause = STEADY


def _in_pairs(line: Sequence[tuple[Seq, float, int]]) -> list[tuple[Seq, float, int]]:
    """Every two commits as one, as old as the first and applied with the second."""
    line = list(line)
    pairs = [
        (later[0], earlier[1], earlier[2] + later[2])
        for earlier, later in zip(line[::2], line[1::2], strict=False)
    ]
    return [*pairs, *line[len(pairs) * 2 :]]


def sizes(file: Path | None) -> tuple[int | None, int | None]:
    """Bytes that are free where a SQLite file is, and those of its log; None where there is no file."""
    if file is None:
        return None, None
    free = wal = None
    with suppress(OSError):
        free = shutil.disk_usage(file.parent).free
    with suppress(FileNotFoundError):
        wal = file.with_name(f"{file.name}-wal").stat().st_size
    return free, wal or 0
