"""The applier beside the receiver: as a process of its own, or as a thread.

A process takes its orders from standard input and ends when that closes, so it outlives nobody. One
that ends by itself is started again.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import msgspec

from mirror import logs
from mirror.core.rules import Rules
from mirror.errors import MirrorError
from mirror.store import migrate
from mirror.store.engine import Database, open_database
from mirror.sync.keep import SETBACK, WORST, Keeper, Orders

NUDGE, DRAIN = b"n", b"d"
# The same modules as here, wherever they were found; not those of the working directory.
BOOT = "import sys; sys.path[:] = sys.argv[1:]; from mirror.sync.beside import main; main()"
STEADY = 60.0
"""Seconds after which a process counts as having started well."""
PATIENCE = 2.0
"""Seconds to end in, for a process that was not fast enough in draining."""

log = logging.getLogger(__name__)


class Job(msgspec.Struct, frozen=True):
    """All that an applier process needs to know."""

    database_url: str
    rules: Rules
    log_format: str = "text"
    log_level: str = "info"


class ApplierThread:
    """Applies in a thread, over the receiver's own connections."""

    def __init__(self, database: Database, rules: Rules) -> None:
        self._orders = Orders()
        keeper = Keeper(database, rules)
        self._thread = threading.Thread(
            target=keeper.run, args=(self._orders,), name="applier", daemon=True
        )

    def start(self) -> None:
        """Begins to apply."""
        self._thread.start()

    def nudge(self) -> None:
        """Says that there is something to apply; never waits."""
        self._orders.nudge()

    def stop(self, seconds: float) -> bool:
        """Applies what there is, for so long at most, and ends; whether all was applied."""
        self._orders.drain()
        self._thread.join(seconds)
        drained = not self._thread.is_alive()
        self._orders.end()
        self._thread.join()
        return drained


class ApplierProcess:
    """Applies in a process of its own, which is started again if it ends."""

    def __init__(self, job: Job) -> None:
        self._job = msgspec.json.encode(job) + b"\n"
        self._stopping = threading.Event()
        self._changing = threading.Lock()  # guards the process and its standard input
        self._process: subprocess.Popen[bytes] | None = None
        self._drained = False
        self._thread = threading.Thread(target=self._keep, name="applier", daemon=True)

    def start(self) -> None:
        """Starts the process, and the watch over it. Raises OSError if it cannot be started."""
        self._launch()
        self._thread.start()

    def nudge(self) -> None:
        """Says that there is something to apply; never waits."""
        with self._changing:
            self._send(NUDGE)

    def stop(self, seconds: float) -> bool:
        """Applies what there is, for so long at most, and ends; whether all was applied."""
        with self._changing:
            self._stopping.set()
            self._send(DRAIN)
        self._thread.join(seconds)
        if not self._thread.is_alive():
            return self._drained
        with self._changing:
            self._hang_up()
        self._thread.join(PATIENCE)
        if self._thread.is_alive() and self._process is not None:
            self._process.kill()
        self._thread.join()
        return False

    def _launch(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(  # noqa: S603 - this program itself
            [sys.executable, "-c", BOOT, *sys.path],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            # Ctrl-C in a terminal is for the receiver, which passes on what it means.
            start_new_session=True,
        )
        with self._changing:
            self._process = process
            self._send(self._job)
            if process.stdin is not None and hasattr(os, "set_blocking"):
                os.set_blocking(process.stdin.fileno(), False)
            if self._stopping.is_set():
                self._send(DRAIN)
        return process

    def _keep(self) -> None:
        pause = 0.0
        while (process := self._process) is not None:
            started = time.monotonic()
            code = process.wait()
            with self._changing:
                self._hang_up()
            if self._stopping.is_set():
                self._drained = code == 0
                return
            lasted = time.monotonic() - started
            pause = SETBACK if lasted > STEADY else min(WORST, pause * 2 or SETBACK)
            log.error(
                "The applier ended by itself (%s); it starts again in %.1f s", _cause(code), pause
            )
            self._stopping.wait(pause)
            try:
                self._launch()
            except OSError:
                # What ended is waited for again, at once and after a longer pause.
                log.exception("The applier could not be started")

    def _send(self, order: bytes) -> None:
        pipe = self._process.stdin if self._process is not None else None
        if pipe is not None and not pipe.closed:
            # A pipe that is full of nudges needs no other; one that is broken has no reader.
            with suppress(OSError):
                pipe.write(order)

    def _hang_up(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()


def _cause(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {-code}"


def _listen(orders: Orders) -> None:
    """Takes orders from standard input; its end means that the receiver is gone."""
    while received := os.read(0, 4096):
        if DRAIN in received:
            orders.drain()
        else:
            orders.nudge()
    orders.end()


def _first_line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)  # no more than the line: orders follow
        if not byte:
            break
        line += byte
    return line


def main() -> None:
    """Is the applier process."""
    # The receiver says when to end, after what it still received.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    line = _first_line()
    if not line:
        return
    job = msgspec.json.decode(line, type=Job)
    logs.configure(job.log_format, job.log_level)
    orders = Orders()
    threading.Thread(target=_listen, args=(orders,), name="orders", daemon=True).start()
    try:
        database = open_database(job.database_url, create=False, replayable=True)
        migrate.require_current(database)
    except MirrorError as error:
        log.error("The applier could not start: %s", error)  # noqa: TRY400 - no traceback needed
        sys.exit(error.exit_code)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # a working set is large and holds hardly a cycle
    try:
        Keeper(database, job.rules).run(orders)
    finally:
        database.close()


if __name__ == "__main__":
    main()
