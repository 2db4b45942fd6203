"""Where a material is: putting it into a class, and weighing tangles of moves that arrived in an impossible order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec.structs import replace

from mirror.core.library import Library
from mirror.core.memory import ensure
from mirror.core.model import Material, MediaClass, Place, Step, Tangle

UNPLACED = "unplaced"


def place_of(library: Library, row: Material) -> Place | None:
    """Return where the material is, or was last; None if that was never known."""
    if row.class_id is None:
        return row.last_place
    here = library.classes.get(row.class_id)
    return None if here is None else here.place


def put_in(library: Library, row: Material, into: MediaClass) -> None:
    """Write the row as live in a class."""
    library.settle("material", row.material_id, UNPLACED)
    library.materials.put(
        row.material_id, replace(row, state="live", class_id=into.class_id, last_place=None)
    )


def settle_location(library: Library, row: Material) -> None:
    """Write the row, placed where its open tangle says that it is."""
    tangle = library.tangles.get(row.material_id)
    place = None if tangle is None else weigh(tangle)
    if place is None:
        library.materials.put(row.material_id, row)
    else:
        put_in(library, row, ensure(library, place))


def weigh(tangle: Tangle) -> Place | None:
    """Decide the place that a tangle ends at.

    Whatever the order, a complete set of moves ends at the one place that is entered once more often than left. Where
    the set is not complete the newest move holds.
    """
    certain = [step for step in tangle.steps if not step.optional]
    for steps in (tangle.steps, certain):
        place = _balance(tangle.start, steps)
        if place is not None:
            return place
    moves = [step for step in tangle.steps if step.source is not None]
    return moves[-1].destination if moves else tangle.start


def _balance(start: Place | None, steps: Iterable[Step]) -> Place | None:
    entries: Counter[Place] = Counter()
    if start is not None:
        entries[start] += 1
    for step in steps:
        entries[step.destination] += 1
        if step.source is not None:
            entries[step.source] -= 1
    left_over = [(place, count) for place, count in entries.items() if count]
    if len(left_over) == 1 and left_over[0][1] == 1:
        return left_over[0][0]
    return None
