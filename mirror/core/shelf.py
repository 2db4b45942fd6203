"""Rows held in memory, with what a batch changed and how to take back what one delivery changed."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class NotLoaded(Exception):
    """A transition asked for rows that are not in memory: load them, then fold the delivery again."""

    def __init__(self, shelf: str, keys: Iterable[object]) -> None:
        """Name the shelf and the keys to load."""
        super().__init__(shelf)
        self.shelf = shelf
        self.keys = tuple(keys)


class Ledger:
    """What one delivery has changed so far, in order, so that it can be taken back."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        """Start empty."""
        self.entries: list[tuple[Shelf[Any, Any], Any, Any]] = []

    def undo(self) -> None:
        """Put every row back as it was before the delivery."""
        for shelf, key, old in reversed(self.entries):
            shelf.replace(key, old)
        self.entries.clear()


class Shelf(Generic[K, V]):
    """Rows of one kind by key. None stands for a row that is known not to exist.

    A `complete` shelf holds every row there is, so a missing key is None; another one asks for it (`NotLoaded`).
    `watch(key, old, new)` is told of every replacement: indexes hang on it.
    """

    __slots__ = ("_complete", "_ledger", "_watch", "dirty", "name", "rows")

    def __init__(
        self,
        name: str,
        ledger: Ledger,
        *,
        complete: bool = False,
        watch: Callable[[K, V | None, V | None], None] | None = None,
    ) -> None:
        """Start empty."""
        self.name = name
        self.rows: dict[K, V | None] = {}
        self.dirty: dict[K, V | None] = {}
        self._ledger = ledger
        self._complete = complete
        self._watch = watch

    def get(self, key: K) -> V | None:
        """Return the row, or None where there is none; raise `NotLoaded` where nobody knows."""
        try:
            return self.rows[key]
        except KeyError:
            if self._complete:
                return None
            raise NotLoaded(self.name, (key,)) from None

    def put(self, key: K, row: V | None) -> None:
        """Replace a row (None removes it) and remember what it was."""
        old = self.rows.get(key)
        self._ledger.entries.append((self, key, old))
        self.dirty.setdefault(key, old)
        self.replace(key, row)

    def stamp(self, key: K, row: V) -> None:
        """Replace a row that this delivery has put by one that differs in nothing an index knows."""
        self.rows[key] = row

    def load(self, key: K, row: V | None) -> None:
        """Take a row as the database has it; one that is in memory already is newer and stays."""
        if key not in self.rows:
            self.replace(key, row)

    def replace(self, key: K, row: V | None) -> None:
        """Set a row without a trace."""
        if self._watch is not None:
            self._watch(key, self.rows.get(key), row)
        if row is None and self._complete:
            self.rows.pop(key, None)
        else:
            self.rows[key] = row

    def changes(self) -> Iterator[tuple[K, V | None, V | None]]:
        """Yield key, row at the batch's start and row now, for each that differs."""
        for key, old in self.dirty.items():
            new = self.rows.get(key)
            if old is not new and old != new:
                yield key, old, new

    def forget(self) -> None:
        """Drop every row; the batch must have been written."""
        if self._watch is not None:
            for key, row in self.rows.items():
                self._watch(key, row, None)
        self.rows.clear()
        self.dirty.clear()


class LapsingShelf(Shelf[K, V]):
    """A complete shelf of memories that end by themselves: `at` tells when one was made.

    What lapses follows from the times alone, not from the order in which rows were put or loaded.
    """

    __slots__ = ("_at", "_oldest_first")

    def __init__(
        self,
        name: str,
        ledger: Ledger,
        at: Callable[[V], int],
        *,
        watch: Callable[[K, V | None, V | None], None] | None = None,
    ) -> None:
        """Start empty."""
        super().__init__(name, ledger, complete=True, watch=watch)
        self._at = at
        self._oldest_first: list[tuple[int, Any]] = []

    def replace(self, key: K, row: V | None) -> None:
        """Set a row without a trace."""
        super().replace(key, row)
        if row is not None:
            heapq.heappush(self._oldest_first, (self._at(row), key))

    def lapse(self, before: int) -> None:
        """End the memories made before a time."""
        while self._oldest_first and self._oldest_first[0][0] < before:
            _, key = heapq.heappop(self._oldest_first)
            row = self.get(key)
            if row is not None and self._at(row) < before:
                self.put(key, None)
