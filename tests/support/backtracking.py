"""A mirror in memory that takes deliveries back, so that every order of a feed is tried at little cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from mirror.core.model import Material, MaterialId, MediaClass, Micros, Place, Seq
from mirror.core.rules import Rules
from tests.support.memory import MemoryMirror

SECOND = 1_000_000


class _Mark(NamedTuple):
    entries: list[Any]
    seq: Seq
    now: Micros
    lines: int


class BacktrackingMirror(MemoryMirror):
    """Within one horizon: what lapsed does not come back."""

    def __init__(self, rules: Rules | None = None) -> None:
        super().__init__(rules)
        self._marks: list[_Mark] = []

    def push(self, body: bytes, source: str = "callback") -> None:
        """Fold a delivery that arrives a second after the one before."""
        library = self.library
        mark = (library.seq, library.now, len(library.history))
        self.deliver(body, library.now + SECOND, source)
        self._marks.append(_Mark(list(library.ledger.entries), *mark))

    def pop(self) -> None:
        """Take back the newest delivery that is left."""
        library, mark = self.library, self._marks.pop()
        library.ledger.entries[:] = mark.entries
        library.ledger.undo()
        library.seq, library.now = mark.seq, mark.now
        del library.history[mark.lines :]
        self.verdicts.pop()

    def place_of(self, material_id: str) -> Place | None:
        """Where a material is; None if it is in no class."""
        row = self._material(material_id)
        if row is None or row.class_id is None:
            return None
        here = self.library.classes.rows[row.class_id]
        return None if here is None else here.place

    def doubts(self, material_id: str) -> bool:
        """Tell whether a material, or a class that it is in or beneath, is in doubt."""
        row = self._material(material_id)
        if self.library.doubts_of("material", material_id):
            return True
        if row is None or row.class_id is None:
            return False
        return self.doubts_class(self.library.classes.rows[row.class_id])

    def doubts_class(self, row: MediaClass | None) -> bool:
        """Tell whether a class, or one above it, is in doubt."""
        library = self.library
        while row is not None:
            if library.class_doubts(row.class_id):
                return True
            row = None if row.parent_id is None else library.classes.rows[row.parent_id]
        return False

    def _material(self, material_id: str) -> Material | None:
        return self.library.materials.rows.get(MaterialId(material_id))


def in_every_order(
    mirror: BacktrackingMirror,
    bodies: Sequence[bytes],
    arrived: Callable[[tuple[bytes, ...]], None],
) -> None:
    """Deliver the bodies in every order, and tell of each order once all have arrived.

    Orders that only exchange equal bodies are one.
    """
    left = Counter(bodies)
    order: list[bytes] = []

    def longer() -> None:
        if len(order) == len(bodies):
            arrived(tuple(order))
            return
        for body, count in left.items():
            if count:
                left[body] -= 1
                order.append(body)
                mirror.push(body)
                longer()
                mirror.pop()
                order.pop()
                left[body] += 1

    longer()
