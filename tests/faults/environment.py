"""What surrounds a `mirror`, in the hands of a test: conditions inside its processes, small and unwritable disks."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest

from tests.faults.client import Client
from tests.faults.conditions import FOLDER
from tests.faults.mirrors import Faulted
from tests.support.processes import Mirror

BLOCK = 4096
WITHOUT_PRIVILEGE = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", "--"]
CREATED = (
    b'{"EventType":"Class.Created","ClassCreatedEvent":'
    b'{"Owner":{"Type":"TEAM","Id":"t"},"ClassPath":"/%d"}}'
)


class Conditions:
    """The conditions of all processes that `mirror` starts from now on."""

    def __init__(self, mirror: Faulted) -> None:
        self._folder = mirror.folder / "conditions"
        self._folder.mkdir()
        mirror.environ[FOLDER] = str(self._folder)

    def set(self, **conditions: object) -> None:
        """Sets some, also in processes that run."""
        for name, value in conditions.items():
            part = self._folder / f"{name}.part"
            part.write_text(str(value))
            part.replace(self._folder / name)

    def end(self, name: str) -> None:
        """Takes one back."""
        (self._folder / name).unlink()

    def holds(self, name: str) -> bool:
        """Whether one is set."""
        return (self._folder / name).exists()


def classes(count: int, start: int = 0) -> list[bytes]:
    """Bodies that each create a class of its own."""
    return [CREATED % number for number in range(start, start + count)]


@contextmanager
def traffic(client: Client) -> Iterator[None]:
    """Bodies without end, and not in a hurry, as long as this lasts."""
    ended = False

    def until_ended() -> Iterator[bytes]:
        for number in count():
            if ended:
                return
            time.sleep(0.005)
            yield CREATED % number

    with client.posting(until_ended()):
        try:
            yield
        finally:
            ended = True


def is_asleep(pid: int) -> bool:
    """Whether a process was stopped by SIGSTOP."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


# -------------------------------------------------------------------------------------- disks


def mount(*arguments: str) -> None:
    """Mounts something, or skips the test where that is not allowed."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")


def unmount(folder: Path) -> None:
    """Takes a mount away, also while something is still open in it."""
    subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of so many bytes on `folder`, in memory."""
    folder.mkdir(exist_ok=True)
    mount("-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        unmount(folder)


@contextmanager
def read_only(path: Path) -> Iterator[None]:
    """Makes a file, or a folder with all in it, read-only for everyone, root included."""
    mount("--bind", str(path), str(path))
    try:
        mount("-o", "remount,bind,ro", str(path))
        yield
    finally:
        unmount(path)


def free(folder: Path) -> int:
    """The bytes that are free on a disk."""
    return shutil.disk_usage(folder).free


def fill(folder: Path, keep: int = 0) -> Path:
    """Fills a disk, but for so many bytes; returns the file that does so."""
    ballast = folder / "ballast"
    with ballast.open("ab", buffering=0) as file, suppress(OSError):
        while not keep or free(folder) > keep:
            file.write(bytes(BLOCK))
    return ballast


def bound_by_permissions(mirror: Mirror) -> None:
    """Lets permissions hold for all that this `mirror` starts, also if root starts it."""
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("without setpriv, permissions do not hold for root")
        mirror.command = [*WITHOUT_PRIVILEGE, *mirror.command]
