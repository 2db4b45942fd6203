"""A `mirror` in a folder of its own, run with faults, and judged by what its client remembers."""

from __future__ import annotations

import http.client
import os
import random
import shutil
import signal
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from http import HTTPStatus
from pathlib import Path

import msgspec

from mirror.core.model import Seq
from mirror.store import checkpoints, journal, platforms, queries
from mirror.store.engine import Connection, open_database
from tests.faults.child import CONTROL, FAULTS, LEDGER, START, TUNING, Fault, noted_pid
from tests.faults.client import Client, Operation
from tests.faults.nursery import ROOT, SOCKET, Nursery, Process, Task
from tests.faults.verdict import Verdict, judge
from tests.support.processes import eventually

STARTING = 20.0
"""Seconds until a server that does not listen counts as one that never will."""


class Serving:
    """A server that was started, and the applier beside it."""

    def __init__(self, process: Process, mirror: Faulted) -> None:
        self.process = process
        self._mirror = mirror

    @property
    def pid(self) -> int:
        """That of the receiver."""
        return self.process.pid

    @property
    def applier_pid(self) -> int | None:
        """That of the applier which runs now or ran last."""
        return self._mirror.noted_pid("applier")

    def kill(self) -> None:
        """Ends the receiver at once; the applier notices that it is alone."""
        self._mirror.kills += self.process.poll() is None
        self.process.kill()
        self.process.wait(10)

    def kill_applier(self) -> None:
        """Ends the applier at once; the receiver starts another one."""
        pid = self.applier_pid
        if pid is not None and is_alive(pid) and is_in(pid, self._mirror.folder):
            self._mirror.kills += 1
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill_both(self) -> None:
        """Ends both at once."""
        self.process.send_signal(signal.SIGSTOP)  # it must not start another one in between
        self.kill_applier()
        self.kill()

    def died(self, seconds: float = 15.0) -> None:
        """Waits until the receiver has been killed; fails if it was not, or ended otherwise."""
        assert self.process.wait(seconds) == -signal.SIGKILL, self._mirror.log_text()

    def stop(self, seconds: float = 20.0) -> None:
        """Stops in peace: what was received is applied first. Fails with the log otherwise."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(seconds) == 0, self._mirror.log_text()


class Faulted:
    """A database with one token, on a port of its own, whatever happens to those who serve it."""

    def __init__(self, folder: Path, nursery: Nursery, template: Path) -> None:
        """Takes a folder, and a file that `make_template` made."""
        self.folder = folder
        self.file = folder / "mirror.db"
        self.log = folder / "mirror.log"
        self.port = _free_port()
        self.operations: list[Operation] = []
        """Those of every client that this made."""
        self.kills = 0
        """Processes killed by this test, not by a fault within them."""
        self._ledger = folder / "ledger"
        self._ledger.mkdir()
        self._nursery = nursery
        self._starts = 0
        self._faults = 0
        shutil.copy(template, self.file)
        self.path = template.with_suffix(".path").read_text()
        self.environ = {
            name: text for name, text in os.environ.items() if not name.startswith("MIRROR_")
        } | {"PYTHONPATH": str(ROOT), SOCKET: nursery.path}

    def set(self, **settings: str) -> None:
        """Gives `MIRROR_…` settings to all that is started from now on."""
        self.environ |= {f"MIRROR_{name}": text for name, text in settings.items()}

    def tune(self, **constants: int) -> None:
        """Sets module constants in all that is started from now on: `tune(rebuild__BATCH=20)`.

        Names are of `mirror.sync`.
        """
        named = {
            f"mirror.sync.{name.replace('__', ':')}": value for name, value in constants.items()
        }
        self.environ[TUNING] = msgspec.json.encode(named).decode()

    # ------------------------------------------------------------------------- processes

    def start(
        self, *arguments: str, faults: Sequence[Fault] = (), control: str | None = None
    ) -> Process:
        """Starts a command with faults; each strikes once, and `struck` tells which did."""
        self._starts += 1
        self._faults = len(faults)
        environ = self.environ | {
            FAULTS: msgspec.json.encode(faults).decode(),
            LEDGER: str(self._ledger),
            START: str(self._starts),
            **({CONTROL: control} if control else {}),
        }
        role = "receiver" if arguments[0] == "serve" else arguments[0]
        with self.log.open("ab") as log, Path(os.devnull).open("rb") as nothing:
            files = (nothing.fileno(), log.fileno(), log.fileno())
            task = Task(role, list(arguments), str(self.folder), environ)
            return Process(self._nursery.path, task, files)

    def run(self, *arguments: str, code: int = 0, faults: Sequence[Fault] = ()) -> None:
        """Runs a command that ends with `code`, -9 if it is killed."""
        with self.running(*arguments, faults=faults) as process:
            assert process.wait(50) == code, self.log_text()

    @contextmanager
    def running(self, *arguments: str, faults: Sequence[Fault] = ()) -> Iterator[Process]:
        """A command that runs beside; ended afterwards in any case."""
        process = self.start(*arguments, faults=faults)
        try:
            yield process
        finally:
            process.kill()
            process.wait(10)

    @contextmanager
    def serving(
        self,
        *arguments: str,
        faults: Sequence[Fault] = (),
        control: str | None = None,
        listen: bool = True,
        settle: bool = True,
    ) -> Iterator[Serving]:
        """A server; ended afterwards in any case, its applier too.

        Without `listen` the body begins before the server listens, which it may never do. Without
        `settle` an applier may live on for a moment, beside that of the next server.
        """
        process = self.start(
            "serve", f"--port={self.port}", *arguments, faults=faults, control=control
        )
        server = Serving(process, self)
        try:
            if listen:
                assert self.listens(process), self.log_text()
            yield server
        finally:
            process.kill()
            process.wait(10)
            if settle:
                self.settle()

    def listens(self, process: Process) -> bool:
        """Whether the server comes to answer; not, if it ends before."""
        deadline = time.monotonic() + STARTING
        while time.monotonic() < deadline and process.poll() is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            with closing(connection), suppress(OSError, http.client.HTTPException):
                connection.request("GET", "/healthz")
                return connection.getresponse().status == HTTPStatus.OK
            time.sleep(0.005)
        return False

    def settle(self, seconds: float = 5.0) -> None:
        """Waits for appliers whose receiver is gone to end; kills those that stay."""
        if not eventually(lambda: not self._running(), seconds):
            for pid in self._running():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            assert eventually(lambda: not self._running(), seconds)

    def noted_pid(self, role: str) -> int | None:
        """The process that has this role now, or had it last."""
        return noted_pid(self._ledger, role)

    def _running(self) -> list[int]:
        noted = (int(name.name.rpartition("-")[2]) for name in self._ledger.glob("pid-*"))
        return [pid for pid in noted if is_alive(pid) and is_in(pid, self.folder)]

    def struck(self) -> list[int]:
        """Which faults of the last start have struck, by their places."""
        marks = self._ledger.glob(f"struck-{self._starts}-*")
        return sorted(int(mark.name.rpartition("-")[2]) for mark in marks)

    def reached(self, seconds: float = 15.0) -> None:
        """Waits until every fault of the last start has struck; fails if one does not."""
        assert eventually(lambda: len(self.struck()) == self._faults, seconds), self.log_text()

    def log_text(self) -> str:
        """What all processes wrote."""
        return self.log.read_text(errors="replace")

    # --------------------------------------------------------------------------- the client

    def client(self, **options: float) -> Client:
        """A client of this mirror; what it does counts in the verdict."""
        client = Client(self.port, self.path, **options)  # type: ignore[arg-type]
        client.operations = self.operations
        return client

    # --------------------------------------------------------------------------- what is left

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A look at the database, beside those who use it."""
        url = f"sqlite:///{self.file}"
        with (
            closing(open_database(url, create=False, read_only=True)) as database,
            database.read() as connection,
        ):
            yield connection

    def applied(self) -> int:
        """How far the state is applied."""
        with self.reading() as connection:
            return queries.progress(connection, "default").applied_seq

    def generations(self) -> list[int]:
        """Those that have rows or a checkpoint, the live one last."""
        with self.reading() as connection:
            live = checkpoints.live_generation(connection, "default")
            return [*checkpoints.abandoned(connection, "default"), live]

    def bodies(self, source: str | None = None) -> list[bytes]:
        """Those in the journal, in order; of one source, or of all."""
        with self.reading() as connection:
            rows = journal.read(connection, "default", Seq(0), 1_000_000)
        return [row.body for row in rows if source in {None, row.source}]

    def judge(self, *, applied: bool = True, before: int = 0) -> Verdict:
        """The verdict on what is left, when no process is."""
        found = judge(self.file, self.operations, applied=applied, before=before)
        struck = len(list(self._ledger.glob("struck-*")))
        return found._replace(kills=self.kills + struck)


def make_template(migrated: Path, folder: Path) -> Path:
    """A database file with a token; beside it stands the path to post to."""
    file = folder / "template.db"
    shutil.copy(migrated, file)
    with (
        closing(open_database(f"sqlite:///{file}")) as database,
        database.write() as connection,
    ):
        token = platforms.rotate(connection, "default", now=database.now(connection))
    file.with_suffix(".path").write_text(platforms.callback_path("default", token))
    return file


def is_alive(pid: int) -> bool:
    """Whether a process runs, and is not merely not yet buried."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def is_in(pid: int, folder: Path) -> bool:
    """Whether a process works in a folder: a number may belong to another process by now."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == folder.resolve()
    except OSError:
        return False


def _free_port() -> int:
    """One that nobody listens on, and that no client is given for its own end."""
    while True:
        port = random.randrange(20_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
