"""A thread beside the receiver that keeps SQLite's log short, so that no callback waits for that."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from mirror.errors import MirrorError
from mirror.store.failures import is_final
from mirror.store.wal import Log

EVERY = 0.1
"""Seconds between two looks at the log."""
LATER = 5.0
"""Seconds until the next one, after an error."""

log = logging.getLogger(__name__)


class Tidier:
    """Looks after one log. `on_failure` is told, in the thread, when the file failed for good."""

    def __init__(self, of: Log, on_failure: Callable[[MirrorError], None]) -> None:
        self.log = of
        self.moves = 0
        self._on_failure = on_failure
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tidier", daemon=True)

    def start(self) -> None:
        """Starts, where there is something to do."""
        if self.log.is_movable:
            self._thread.start()

    def stop(self) -> None:
        """Ends; what is left in the log is moved by whoever closes the database last."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        pause = EVERY
        while not self._stopping.wait(pause):
            pause = EVERY
            try:
                self.moves += self.log.tidy()
            except MirrorError as error:
                if is_final(error):
                    log.critical("The log could not be moved into the database: %s", error)
                    self._on_failure(error)
                    break
                log.debug("The log could not be moved into the database now: %s", error)
                pause = LATER
        self.log.close()
