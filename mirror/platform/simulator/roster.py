"""A set of living things that can also name one at random, at the same cost however many live."""

from collections.abc import Hashable
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Roster(Generic[T]):
    """Order depends only on what was added and removed, so a seeded pick is repeatable."""

    __slots__ = ("_at", "_items")

    def __init__(self) -> None:
        self._items: list[T] = []
        self._at: dict[T, int] = {}

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: T) -> None:
        """Add what is not there yet."""
        self._at[item] = len(self._items)
        self._items.append(item)

    def remove(self, item: T) -> None:
        """Remove what is there; the last one takes its place."""
        at = self._at.pop(item)
        last = self._items.pop()
        if at < len(self._items):
            self._items[at] = last
            self._at[last] = at

    def pick(self, random: Random) -> T | None:
        """One of them, or None if there is none."""
        if not self._items:
            return None
        return self._items[int(random.random() * len(self._items))]
