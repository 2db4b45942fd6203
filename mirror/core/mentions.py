"""Which things mention a place, found by that place or by any above it, without a look at the others."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

from mirror.core import paths
from mirror.core.model import MaterialId, Owner, Place


class Mentions:
    """Materials by the places that something about them names."""

    __slots__ = ("_sorted",)

    def __init__(self) -> None:
        """Start empty."""
        self._sorted: dict[Owner, list[tuple[str, MaterialId]]] = {}

    def replace(self, key: MaterialId, old: Iterable[Place], new: Iterable[Place]) -> None:
        """Take a material from the places that it was found by, to others."""
        before, after = set(old), set(new)
        for place in before - after:
            found = self._sorted[place.owner]
            del found[bisect_left(found, (place.path, key))]
            if not found:
                del self._sorted[place.owner]
        for place in after - before:
            insort(self._sorted.setdefault(place.owner, []), (place.path, key))

    def at_or_beneath(self, place: Place) -> list[MaterialId]:
        """Return the materials that mention a place or one beneath it, sorted."""
        found = self._sorted.get(place.owner, [])
        if place.path == paths.ROOT:
            return sorted({key for _, key in found})
        # All that begins with `/a/` lies before `/a0`, as 0 is the character after the slash.
        here = found[bisect_left(found, (place.path,)) : bisect_left(found, (f"{place.path}\0",))]
        start = bisect_left(found, (f"{place.path}/",))
        return sorted(
            {key for _, key in (*here, *found[start : bisect_left(found, (f"{place.path}0",))])}
        )
