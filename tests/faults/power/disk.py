"""A disk as the power may leave it: from what was done to its files and when, to what is there after.

A change is *safe* once a sync of its file, begun after the change had returned, has returned. Every
other change that was begun is at the mercy of a `Loss`. The same holds for names, with syncs of the
folder: a file's own sync does not save its name, though on ext4 and XFS it would.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeVar

from tests.faults.power.trace import Instant, Record

Image = dict[str, bytes]
"""What a folder holds: contents by name."""

UNTOUCHED = "-shm"
"""Files so named are shared memory; a new start makes them anew, so they are in no image."""


class Write(NamedTuple):
    """Bytes that were put at an offset."""

    begun: Instant
    ended: Instant
    offset: int
    data: bytes


class Cut(NamedTuple):
    """A file that was made to be of that length."""

    begun: Instant
    ended: Instant
    length: int


class Naming(NamedTuple):
    """A name that came to mean a file, or no file."""

    begun: Instant
    ended: Instant
    name: str
    file: File | None


class _Sync(NamedTuple):
    begun: Instant
    ended: Instant


class _Timed(Protocol):
    @property
    def begun(self) -> Instant: ...
    @property
    def ended(self) -> Instant: ...


Change = Write | Cut
Kind = TypeVar("Kind", bound=_Timed)


class _History(Generic[Kind]):
    """Changes of one thing and its syncs; as time goes on, changes go from pending to safe."""

    def __init__(self) -> None:
        self.changes: list[Kind] = []
        self.syncs: list[_Sync] = []
        self._safe = 0
        self._reach: list[Instant] = []
        self._slowest = 0

    def saved(self, at: Instant) -> Sequence[Kind]:
        """What has become safe since last asked; `at` must not go back."""
        if len(self._reach) != len(self.syncs):
            self._reach = list(accumulate((sync.begun for sync in self.syncs), max))
        done = bisect_right(self.syncs, at, key=lambda sync: sync.ended)
        reach = self._reach[done - 1] if done else -1
        safe = bisect_right(self.changes, reach, lo=self._safe, key=lambda change: change.ended)
        found = self.changes[self._safe : safe]
        self._safe = safe
        return found

    def pending(self, at: Instant) -> list[Kind]:
        """What was begun and is not safe, in order."""
        if not self._slowest and self.changes:
            self._slowest = max(change.ended - change.begun for change in self.changes) + 1
        last = bisect_right(
            self.changes, at + self._slowest, lo=self._safe, key=lambda change: change.ended
        )
        return [change for change in self.changes[self._safe : last] if change.begun <= at]


class File(_History[Change]):
    """One file, whatever its name; `safe` is what of it is safe."""

    def __init__(self, safe: bytes = b"") -> None:
        super().__init__()
        self.safe = bytearray(safe)

    def advance(self, at: Instant) -> None:
        """Moves on to a later instant."""
        for change in self.saved(at):
            perform(self.safe, change)


def perform(content: bytearray, change: Change) -> None:
    """Changes a content; what lies between its end and what is written is zeros."""
    if isinstance(change, Cut):
        del content[change.length :]
        content.extend(bytes(change.length - len(content)))
    else:
        content.extend(bytes(max(0, change.offset - len(content))))
        content[change.offset : change.offset + len(change.data)] = change.data


class Loss(Protocol):
    """What an adversary leaves of what is not safe."""

    def content(self, name: str, safe: bytes, pending: Sequence[Change]) -> bytes:
        """The content of a file."""
        ...

    def names(self, pending: Sequence[Naming]) -> Sequence[Naming]:
        """Those namings that are on the disk."""
        ...


class Disk:
    """The folder through time: begin anew for each pass, since time only goes forward."""

    def __init__(self, records: Sequence[Record], before: Mapping[str, tuple[int, bytes]]) -> None:
        """Take a trace, and what the folder held before: inode and content by name."""
        self._by_inode = {inode: File(content) for inode, content in before.values()}
        self._files = list(self._by_inode.values())  # also those whose inode is used again
        self._safe = {name: self._by_inode[inode] for name, (inode, _) in before.items()}
        self._names: _History[Naming] = _History()
        now = dict(self._safe)
        for record in records:
            self._take(record, now)

    def _take(self, record: Record, now: dict[str, File]) -> None:
        begun, ended = record.begun, record.ended
        match record.what:
            case "o":
                known = now.get(record.name)
                if known is None or known is not self._by_inode.get(record.file):
                    # An inode is used again for another file once nobody has the old one.
                    now[record.name] = made = self._by_inode[record.file] = File()
                    self._files.append(made)
                    self._name(record, record.name, made)
            case "w":
                change = Write(begun, ended, record.offset, record.data)
                self._by_inode[record.file].changes.append(change)
            case "t":
                self._by_inode[record.file].changes.append(Cut(begun, ended, record.offset))
            case "s":
                self._by_inode[record.file].syncs.append(_Sync(begun, ended))
            case "d":
                self._names.syncs.append(_Sync(begun, ended))
            case "u":
                del now[record.name]
                self._name(record, record.name, None)
            case "r":
                now[record.data.decode()] = moved = now.pop(record.name)
                self._name(record, record.data.decode(), moved)
                self._name(record, record.name, None)
            case _:
                raise ValueError(record.what)

    def _name(self, record: Record, name: str, file: File | None) -> None:
        if not name.endswith(UNTOUCHED):
            self._names.changes.append(Naming(record.begun, record.ended, name, file))

    def at(self, instant: Instant) -> Callable[[Loss], Image]:
        """What losses the power may go off with at an instant: from each, what is then there."""
        for file in self._files:
            file.advance(instant)
        _rename(self._safe, self._names.saved(instant))
        namings = self._names.pending(instant)

        def image(loss: Loss) -> Image:
            names = dict(self._safe)
            _rename(names, loss.names(namings))
            return {
                name: loss.content(name, bytes(file.safe), file.pending(instant))
                for name, file in names.items()
            }

        return image


def _rename(names: dict[str, File], namings: Sequence[Naming]) -> None:
    for naming in namings:
        if naming.file is None:
            names.pop(naming.name, None)
        else:
            names[naming.name] = naming.file


def folder_now(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Inode and content of each file in a folder, by name."""
    return {
        path.name: (path.stat().st_ino, path.read_bytes())
        for path in sorted(folder.iterdir())
        if path.is_file() and not path.name.endswith(UNTOUCHED)
    }
