"""Runs the real `mirror` with its changes to a folder written down, and a client who remembers answers."""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import IO, NamedTuple
from urllib.parse import urlsplit

from mirror.store.engine import Database, open_database
from tests.faults.power import launch
from tests.faults.power.disk import Disk, Image, folder_now
from tests.faults.power.trace import Instant, Record, read
from tests.support.processes import Mirror, Server, eventually

COMMAND = [sys.executable, "-m", launch.__name__]
DATABASE = "mirror.db"
SENDERS = 6


class Acknowledged(NamedTuple):
    """A body, and when its sender had read the 200."""

    at: Instant
    body: bytes


class History(NamedTuple):
    """What was done to the disk, and what the world outside was told meanwhile.

    `announced`: when which callback path was shown.
    """

    records: list[Record]
    before: dict[str, tuple[int, bytes]]
    after: Image
    acknowledged: list[Acknowledged]
    announced: tuple[Instant, str] | None = None

    def disk(self) -> Disk:
        """The folder, from the beginning."""
        return Disk(self.records, self.before)

    def told(self, at: Instant) -> list[bytes]:
        """The bodies that were acknowledged before an instant."""
        return [one.body for one in self.acknowledged if one.at <= at]


class Traced(Mirror):
    """`mirror` in a folder; its database is in `data`, and what is done there is written down."""

    def __init__(self, folder: Path, shim: Path, changes: str = "") -> None:
        super().__init__(folder)
        self.data = (folder / "data").resolve()
        self.data.mkdir(exist_ok=True)
        self._trace = folder / "trace"
        self._trace.unlink(missing_ok=True)
        self.set(DATABASE=f"sqlite:///{self.data / DATABASE}")
        self.environ |= {
            "LD_PRELOAD": str(shim),
            "POWER_FOLDER": str(self.data),
            "POWER_TRACE": str(self._trace),
            launch.CHANGES: changes,
        }
        self._before = folder_now(self.data)

    def start(
        self, *arguments: str, stdout: int | None = None, stderr: IO[str] | None = None
    ) -> subprocess.Popen[str]:
        """Starts a command."""
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.environ,
            text=True,
            stdout=stdout,
            stderr=stderr,
        )

    def done(self, *arguments: str) -> str:
        """Runs a command to its end; what it printed."""
        with self.start(*arguments, stdout=subprocess.PIPE) as process:
            printed, _ = process.communicate(timeout=50)
        assert process.returncode == 0, printed
        return printed

    @contextmanager
    def _opened(self) -> Iterator[Database]:
        url = f"sqlite:///{self.data / DATABASE}"
        with closing(open_database(url, create=False, read_only=True)) as database:
            yield database

    @contextmanager
    def announced(self, *arguments: str) -> Iterator[tuple[Server, tuple[Instant, str]]]:
        """A server, and when it told its callback path."""
        with self.serving(*arguments) as server:
            at = time.monotonic_ns()
            yield server, (at, urlsplit(server.callback_url or "").path)

    def history(
        self,
        acknowledged: Sequence[Acknowledged] = (),
        announced: tuple[Instant, str] | None = None,
    ) -> History:
        """All that was written down since this object was made."""
        after = {name: content for name, (_, content) in folder_now(self.data).items()}
        told = sorted(acknowledged)
        return History(read(self._trace), self._before, after, told, announced)


def post_all(server: Server, path: str, bodies: Sequence[bytes]) -> list[Acknowledged]:
    """Post bodies from several senders at once; all that were acknowledged, as they were."""
    told: list[Acknowledged] = []
    places = count()

    def send() -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as line:
            while (place := next(places)) < len(bodies):
                line.request("POST", path, bodies[place], {"Content-Type": "application/json"})
                answer = line.getresponse()
                at = time.monotonic_ns()
                answer.read()
                if answer.status == http.HTTPStatus.OK:
                    told.append(Acknowledged(at, bodies[place]))

    senders = [threading.Thread(target=send) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    return told


def serve(mirror: Traced, bodies: Sequence[bytes], *arguments: str) -> History:
    """A first start, work from several senders while an applier applies, and a stop in peace."""
    with mirror.announced(*arguments) as (server, announced):
        told = post_all(server, announced[1], bodies[:20])
        assert eventually(lambda: mirror.progress().applied_seq > 0)
        told += post_all(server, announced[1], bodies[20:])
        assert server.terminate() == 0
    assert len(told) == len(bodies)
    return mirror.history(told, announced)
