"""Processes that start at once: forked off one that has imported everything, each a real one of its own.

A `mirror` takes half a second to import; a campaign of hundreds of kills would spend its time on that.
Whoever asks sends a task and three open files; a minder waits for the process and sends its exit code.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

import msgspec

ROOT = Path(__file__).parents[2]
SOCKET = "FAULT_NURSERY"
"""The environment variable that says where the nursery listens."""
LONGEST = 1 << 20


class Task(msgspec.Struct, frozen=True):
    """What a process shall be. `tied`: it is killed when whoever asked for it is gone."""

    role: str
    arguments: list[str]
    folder: str
    environ: dict[str, str]
    tied: bool = True


Files = tuple[int, int, int]


class Process:
    """A process that the nursery made, with what is used of `subprocess.Popen`."""

    def __init__(self, path: str, task: Task, files: Files) -> None:
        """Starts it. Raises OSError if the nursery is gone."""
        self.returncode: int | None = None
        self.stdin: IO[bytes] | None = None
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._connection.connect(path)
        socket.send_fds(self._connection, [msgspec.json.encode(task)], list(files))
        self.pid = int(self._connection.recv(64))

    def poll(self) -> int | None:
        """The exit code; None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, -9 after SIGKILL. Raises TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._connection], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("mirror", timeout or 0)
            said = self._connection.recv(64)
            self.returncode = int(said) if said else -signal.SIGKILL
            self._connection.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Sends a signal, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Ends it at once, like a crash."""
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The process that others are forked off, from entering to leaving a `with` block."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="nursery-")
        self.path = str(Path(self._folder.name) / "socket")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.child", "--nursery", self.path],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        with self._process:
            self._process.stdin = self._close(self._process.stdin)
            self._process.wait(10)
        self._folder.cleanup()

    @staticmethod
    def _close(pipe: IO[bytes] | None) -> None:
        if pipe is not None:
            pipe.close()


# --------------------------------------------------------------------------- in the nursery


def tend(path: str, become: Callable[[Task], int]) -> None:
    """Is the nursery, until standard input closes; `become` runs in each new process."""
    assert threading.active_count() == 1  # a fork takes one thread along, and all locks
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for minders
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it closes its input
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.bind(path)
        door.listen(64)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while door.fileno() in select.select([door.fileno(), sys.stdin.fileno()], [], [])[0]:
            connection, _ = door.accept()
            with connection:
                if os.fork() == 0:
                    door.close()
                    _mind(connection, become)


def _mind(connection: socket.socket, become: Callable[[Task], int]) -> None:
    """Waits for one process, and tells how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    text, files, _, _ = socket.recv_fds(connection, LONGEST, 3)
    if not text:
        os._exit(0)
    task = msgspec.json.decode(text, type=Task)
    pid = os.fork()
    if pid == 0:
        connection.close()
        _be(task, files, become)
    for file in (0, 1, *files):
        os.close(file)
    with suppress(OSError):
        connection.send(str(pid).encode())
    if task.tied:
        _wait_or_kill(pid, connection)
    _, status = os.waitpid(pid, 0)
    with suppress(OSError):
        connection.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _wait_or_kill(pid: int, connection: socket.socket) -> None:
    watch = os.pidfd_open(pid)
    if watch not in select.select([watch, connection.fileno()], [], [])[0]:
        os.kill(pid, signal.SIGKILL)


def _be(task: Task, files: list[int], become: Callable[[Task], int]) -> None:
    code = 70
    try:
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(task.folder)
        os.environ.clear()
        os.environ.update(task.environ)
        code = become(task)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does at its end
        sys.excepthook(*sys.exc_info())
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)
