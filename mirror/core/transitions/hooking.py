"""Taking a class with all beneath it from one place to another, and merging where something stands already.

Costs one row for each class moved; no material is touched unless classes merge.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from mirror.core import paths
from mirror.core.library import Library
from mirror.core.memory import (
    CLASS_MOVES_TANGLED,
    departure,
    end_departure,
    ensure_literal,
    is_inferred,
    is_preset,
    touch_structure,
)
from mirror.core.model import ORIGIN_STRENGTH, ClassId, MediaClass, Place, Step, Tangle
from mirror.core.transitions.classes import lose_presets, strengthen
from mirror.core.transitions.links import rehome_placements

MERGED = "merged"


def relocate(library: Library, top: MediaClass, above: Place, place: Place) -> MediaClass:
    """Move a class to `place`, which lies in `above`; return it, or the class it merged into."""
    origin = top.place
    _ensure_presets(library, top)
    lose_presets(library, origin)
    parent = ensure_literal(library, above)
    moving = library.subtree(top)
    names = {node.class_id: paths.name(node.path) for node in moving}
    for node in moving:  # unhooked first: nothing that moves may be taken for what stands
        library.classes.put(node.class_id, replace(node, path=""))
    _rewrite_tangles(library, origin, place)
    touch_structure(library, origin.owner)
    touch_structure(library, place.owner)
    return _Hooking(library, names).settle(top.class_id, parent, place)


def _ensure_presets(library: Library, top: MediaClass) -> None:
    """Make the presets beneath it rows: they move along, though no event has mentioned them yet."""
    for path in library.rules.presets:
        here = Place(top.owner, path)
        if paths.is_beneath(path, top.path) and is_preset(library, here):
            ensure_literal(library, here)


class _Step(Struct, frozen=True):
    """A class to hook in; `merging`: the one above it has merged."""

    class_id: ClassId
    above: MediaClass
    place: Place
    merging: bool = False


class _Absorbed(Struct, frozen=True):
    """A class that merged, and goes once nothing is beneath it any more."""

    class_id: ClassId


class _Hooking:
    """One relocation: `names` holds the last path segment of every class that moves."""

    def __init__(self, library: Library, names: dict[ClassId, str]) -> None:
        self.library = library
        self.names = names

    def settle(self, class_id: ClassId, above: MediaClass, place: Place) -> MediaClass:
        """Hook an unhooked class in at a place with all beneath it; return it, or what it merged into."""
        arrived, waiting = self._settle_one(_Step(class_id, above, place))
        while waiting:  # a path may have a thousand names, so this must not nest
            step = waiting.pop()
            if isinstance(step, _Absorbed):
                self.library.settle("class", str(step.class_id))
                self.library.classes.put(step.class_id, None)
            else:
                waiting.extend(self._settle_one(step)[1])
        return arrived

    def _settle_one(self, step: _Step) -> tuple[MediaClass, list[_Step | _Absorbed]]:
        """Hook one class in, or merge it into what stands there or was waiting; tell what follows, last first."""
        library, class_id, place = self.library, step.class_id, step.place
        if is_preset(library, place):
            ensure_literal(library, place)
        standing = library.standing(place)
        awaited = None if standing else self._awaited(class_id, place)
        into = standing or awaited
        children = library.children(class_id)
        follow: list[_Step | _Absorbed] = []
        if into is None:
            survivor = self._hook(class_id, step.above, place)
        else:
            survivor = self._absorb(class_id, into)
            if awaited is not None or not step.merging:
                library.doubt("class", str(survivor.class_id), MERGED)
            follow.append(_Absorbed(class_id))
        for child in reversed(children):
            below = Place(survivor.owner, paths.join(survivor.path, self.names[child.class_id]))
            follow.append(_Step(child.class_id, survivor, below, merging=into is not None))
        return survivor, follow

    def _awaited(self, class_id: ClassId, place: Place) -> MediaClass | None:
        library = self.library
        left = departure(library, place)
        if left is None or not left.pending:
            return None
        if left.class_id in self.names:  # into its own subtree nothing can merge
            library.doubt("class", str(class_id), CLASS_MOVES_TANGLED)
            return None
        library.departures.put(place, replace(left, pending=False))
        awaited = library.classes.get(left.class_id)
        if awaited is not None:
            _rewrite_tangles(library, place, awaited.place)
            touch_structure(library, awaited.owner)
        return awaited

    def _hook(self, class_id: ClassId, above: MediaClass, place: Place) -> MediaClass:
        library = self.library
        row = library.classes.get(class_id)
        if row is None:  # pragma: no cover - moving classes are in memory
            raise AssertionError
        row = replace(row, owner=place.owner, path=place.path, parent_id=above.class_id)
        library.classes.put(class_id, row)
        end_departure(library, place)
        if library.deletions.get(place) is not None:  # its deletion came before it did
            library.deletions.put(place, None)
            library.doubt("class", str(class_id), CLASS_MOVES_TANGLED)
        return row

    def _absorb(self, class_id: ClassId, into: MediaClass) -> MediaClass:
        library = self.library
        row = library.classes.get(class_id)
        if row is None:  # pragma: no cover - moving classes are in memory
            raise AssertionError
        for material in library.members((class_id,)):
            library.materials.put(material.material_id, replace(material, class_id=into.class_id))
        rehome_placements(library, class_id, into.class_id)
        for left in library.departures_of(class_id):
            library.departures.put(left.place, replace(left, class_id=into.class_id))
        if ORIGIN_STRENGTH[row.origin] > ORIGIN_STRENGTH[into.origin]:
            strengthen(library, into, row.origin, in_itself=not is_inferred(library, row))
        return library.classes.get(into.class_id) or into


def _rewrite_tangles(library: Library, old: Place, new: Place) -> None:
    for tangle in library.tangles_at(old):
        library.tangles.put(tangle.material_id, _rewritten(tangle, old, new))


def _rewritten(tangle: Tangle, old: Place, new: Place) -> Tangle:
    def place(at: Place | None) -> Place | None:
        if at is None or at.owner != old.owner or not paths.covers(old.path, at.path):
            return at
        return Place(new.owner, paths.rebase(at.path, old.path, new.path))

    return replace(
        tangle,
        start=place(tangle.start),
        steps=tuple(
            Step(place(step.source), place(step.destination) or step.destination, step.optional)
            for step in tangle.steps
        ),
    )
