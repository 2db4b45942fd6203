"""Runs a `mirror` command with faults: `python -m tests.faults.child serve …`, faults in the environment.

`FAULTS` is a JSON list of `Fault`, `FAULT_LEDGER` a folder in which each process notes its pid and
each fault that struck, as one of start number `FAULT_START`. A fault strikes once, so an applier
that is started again passes its point. `FAULT_CONTROL` names a function of `controls.py`, and
`FAULT_TUNING` is a JSON object of constants: `{"mirror.sync.lines:MOST_LINES": 15}`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import chdir, redirect_stderr, redirect_stdout, suppress
from importlib import import_module
from pathlib import Path
from typing import Literal

import msgspec

from mirror import cli
from mirror.sync import beside, sinks
from tests.faults import conditions, controls, nursery, points
from tests.faults.nursery import SOCKET, Files, Process, Task

FAULTS, LEDGER, START = "FAULTS", "FAULT_LEDGER", "FAULT_START"
CONTROL, TUNING = "FAULT_CONTROL", "FAULT_TUNING"
BOOT = "import sys; sys.path[:] = sys.argv[1:]; from tests.faults import child; child.{role}()"

Act = Literal["kill", "kill-receiver", "kill-applier", "kill-both", "stop", "pause", "raise"]


class Fault(msgspec.Struct, frozen=True):
    """What happens at the `passage`-th time that a process of this `role` passes a point.

    `kill` ends the process that passes, as SIGKILL does; `kill-receiver`, `kill-applier` and
    `kill-both` end those, whichever passes; `stop` is SIGSTOP; `pause` waits `seconds`; `raise` raises
    OSError. Roles are `receiver`, `applier`, `writer` or the name of a command; None is any.
    """

    point: str
    passage: int = 1
    act: Act = "kill"
    role: str | None = None
    seconds: float = 0.0


class Faults:
    """The faults of this process, and the ledger it shares with the others of its server."""

    def __init__(self, faults: list[Fault], ledger: Path, role: str) -> None:
        self._faults = [
            (number, fault)
            for number, fault in enumerate(faults)
            if fault.role is None or fault.role == role
        ]
        self._ledger = ledger
        self._role = role
        self._passages: Counter[str] = Counter()
        (ledger / f"pid-{time.monotonic_ns():020}-{role}-{os.getpid()}").touch()

    @property
    def names(self) -> set[str]:
        """The points that matter here."""
        return {fault.point for _, fault in self._faults}

    def reach(self, name: str) -> None:
        """Passes a point; may not return."""
        self._passages[name] += 1
        for number, fault in self._faults:
            if fault.point == name and fault.passage == self._passages[name]:
                with suppress(FileExistsError):
                    mark = self._ledger / f"struck-{os.environ.get(START, '')}-{number}"
                    mark.touch(exist_ok=False)
                    self._act(fault)

    def _act(self, fault: Fault) -> None:
        match fault.act:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "kill-receiver":
                self._kill("receiver")
            case "kill-applier":
                self._kill("applier")
            case "kill-both":
                self._kill(*({"receiver", "applier"} - {self._role}), self._role)
            case "stop":
                os.kill(os.getpid(), signal.SIGSTOP)
            case "pause":
                time.sleep(fault.seconds)
            case "raise":
                raise OSError(f"a fault at {fault.point}")

    def _kill(self, *roles: str) -> None:
        for role in roles:
            pid = noted_pid(self._ledger, role)
            if pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def noted_pid(ledger: Path, role: str) -> int | None:
    """The process that has a role now, or had it last."""
    names = sorted(mark.name for mark in ledger.glob(f"pid-*-{role}-*"))
    return int(names[-1].rpartition("-")[2]) if names else None


class Nursed:
    """Stands for the module `subprocess` in `mirror.sync.beside`: the nursery makes the applier."""

    PIPE, DEVNULL = subprocess.PIPE, subprocess.DEVNULL

    @staticmethod
    def Popen(*_: object, **__: object) -> Process:  # noqa: N802 - the name it stands for
        """Starts an applier; its orders go through a pipe, as they do otherwise."""
        reader, writer = os.pipe()
        files: Files = (reader, os.open(os.devnull, os.O_WRONLY), 2)
        task = Task("applier", [], str(Path.cwd()), dict(os.environ), tied=False)
        try:
            process = Process(os.environ[SOCKET], task, files)
        finally:
            for file in files[:2]:
                os.close(file)
        process.stdin = os.fdopen(writer, "wb", buffering=0)
        return process


def install(role: str) -> None:
    """Puts the faults of the environment into this process."""
    # A killed applier is back soon; production waits longer, which would only make tests longer.
    vars(beside).update(SETBACK=0.02, BOOT=BOOT.format(role="applier"))
    vars(sinks).update(BOOT=BOOT.format(role="writer"))
    if SOCKET in os.environ:
        vars(beside).update(subprocess=Nursed)  # what is used of it
    for where, value in msgspec.json.decode(os.environ.get(TUNING, "{}")).items():
        setattr(*points.found(where), value)
    # A default is bound where its function is made.
    sinks.Growing.__init__.__defaults__ = (sinks.WORTH_IT,)
    control = os.environ.get(CONTROL)
    if control:
        controls.CONTROLS[control]()
    if LEDGER in os.environ:
        faults = msgspec.json.decode(os.environ.get(FAULTS, "[]"), type=list[Fault])
        unknown = {fault.point for fault in faults} - set(points.NAMES)
        assert not unknown, unknown
        here = Faults(faults, Path(os.environ[LEDGER]), role)
        points.wrap(here.names, here.reach)
    if conditions.FOLDER in os.environ:
        conditions.install()


def command(arguments: list[str]) -> int:
    """Is a command."""
    install("receiver" if arguments[0] == "serve" else arguments[0])
    sys.argv = ["mirror", *arguments]
    cli.main()
    return 0


def applier() -> int:
    """Is the applier beside a receiver."""
    install("applier")
    beside.main()
    return 0


def writer() -> int:
    """Is the process that writes what a long rebuild or import applies."""
    install("writer")
    sinks.main()
    return 0


def become(task: Task) -> int:
    """Is what the nursery was asked for."""
    return applier() if task.role == "applier" else command(task.arguments)


def warm_up() -> None:
    """Does once what every process would do again: late imports, and statements to be compiled."""
    for name in [name for name in os.environ if name.startswith("MIRROR_")]:
        del os.environ[name]
    for module in WANTED:
        import_module(module)
    with tempfile.TemporaryDirectory() as folder, chdir(folder), Path(os.devnull).open("w") as none:
        Path("one.jsonl").write_bytes(b'{"EventType":"None"}\n' + BODY)
        with redirect_stdout(none), redirect_stderr(none):
            for arguments in (["import", "one.jsonl"], ["rebuild"], ["verify"]):
                cli.app(arguments, standalone_mode=False)


BODY = (
    b'{"EventType":"Class.Created","ClassCreatedEvent":'
    b'{"Owner":{"Type":"TEAM","Id":"t"},"ClassPath":"/a"}}'
)
WANTED = (
    "mirror.sync.direct",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
)
"""What a server imports once it starts."""


if __name__ == "__main__":
    if sys.argv[1] == "--nursery":
        warm_up()
        nursery.tend(sys.argv[2], become)
    else:
        sys.exit(command(sys.argv[1:]))
