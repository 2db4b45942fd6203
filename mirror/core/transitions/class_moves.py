"""Classes moved: nested into a destination that exists, or renamed to one that does not; merged where they meet."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from mirror.core import paths
from mirror.core.events import ClassesMoved
from mirror.core.library import Library
from mirror.core.memory import (
    departure,
    ensure_literal,
    ensure_root,
    is_inferred,
    is_preset,
    nearest_standing,
    record,
    resolve,
    resolve_exact,
    touch_structure,
)
from mirror.core.model import Departure, MediaClass, Place
from mirror.core.transitions.classes import NEST_OR_RENAME, REPEAT, is_repeat
from mirror.core.transitions.hooking import relocate
from mirror.core.transitions.repeats import MOVED_AGAIN, heard_before

RENAME_GUESSED = "rename-guessed"


def classes_moved(library: Library, event: ClassesMoved) -> str | None:
    """Apply `Class.Moved`, source by source, in the order given."""
    owners = (event.source_owner, event.destination.owner)
    for owner in owners:
        ensure_root(library, owner)
        touch_structure(library, owner)
    if is_repeat(library, event, owners):
        return REPEAT
    said = ("moved", event.source_owner, event.source_paths, event.destination)
    again = heard_before(library, *said)
    sources = tuple(dict.fromkeys(event.source_paths))
    remarks = [
        _move(
            library,
            Place(event.source_owner, path),
            event.destination,
            several=len(sources) > 1,
            again=again,
        )
        for path in sources
        if not any(paths.is_beneath(path, other) for other in sources)
    ]
    return "; ".join(remark for remark in remarks if remark) or None


class _Target(Struct, frozen=True):
    """Where a moved class goes, and the doubts about that reading."""

    place: Place
    above: Place
    doubts: tuple[str, ...] = ()


def _move(
    library: Library, source: Place, destination: Place, *, several: bool, again: bool
) -> str | None:
    if _covers(source, destination) or source.path == paths.ROOT:
        return _impossible(library, source, destination)
    if _directly_in(source, destination):
        return None
    left = departure(library, source)
    if left is not None and left.destination == destination and not library.standing(source):
        return f"{source.path} had moved there already"
    source_now = resolve(library, source, use=True)
    row = library.standing(source_now)
    if row is None and is_preset(library, source_now):
        row = ensure_literal(library, source_now)
    inside = several or source.owner != destination.owner or destination.path == paths.ROOT
    exact = (resolve if inside else resolve_exact)(library, destination, use=True)
    if _covers(source_now, exact):
        return _impossible(library, source_now, exact)
    if _directly_in(source_now, exact):
        return None
    inside = inside or _covers(exact, source_now)  # what holds the source exists
    target = _nested(source, exact, ()) if inside else _target(library, source, exact)
    if again:
        target = replace(target, doubts=(*target.doubts, MOVED_AGAIN))
    return _apply(library, row, source_now, destination, target)


def _apply(
    library: Library,
    row: MediaClass | None,
    source: Place,
    destination: Place,
    target: _Target,
) -> str | None:
    if row is None:
        ensure_literal(library, target.above)
        arrived = _stand_in(library, target.place)
        remark = f"{source.path} was not known"
    else:
        arrived, remark = relocate(library, row, target.above, target.place), None
    library.departures.put(
        source, Departure(source, arrived.class_id, library.now, destination, pending=row is None)
    )
    for reason in target.doubts:
        library.doubt("class", str(arrived.class_id), reason)
    return remark


def _stand_in(library: Library, place: Place) -> MediaClass:
    """Return the class that now stands for one that was never seen: at the target, or where that went on to."""
    left = departure(library, place)
    awaited = library.classes.get(left.class_id) if left is not None and left.pending else None
    if left is None or awaited is None or library.standing(place) is not None:
        return ensure_literal(library, place)
    library.departures.put(place, replace(left, pending=False))
    return awaited


def _nested(source: Place, above: Place, doubts: tuple[str, ...]) -> _Target:
    name = paths.name(source.path)
    return _Target(Place(above.owner, paths.join(above.path, name)), above, doubts)


def _target(library: Library, source: Place, destination: Place) -> _Target:
    """Read a move as nesting or as a rename (docs/semantics.md, Class.Moved)."""
    standing = library.standing(destination)
    doubts: tuple[str, ...] = ()
    if standing is not None and is_inferred(library, standing):
        # Only mentioned, never notified: perhaps the rename itself is what brings it about.
        doubts = (NEST_OR_RENAME,)
        if not library.within_horizon(standing.created_at):
            return _nested(source, destination, doubts)
    elif standing is not None or is_preset(library, destination):
        return _nested(source, destination, doubts)
    observed = record(library, destination.owner).observed_seq is not None
    if not observed or departure(library, destination) is not None:
        doubts = (*doubts, RENAME_GUESSED)
    return _Target(destination, Place(destination.owner, paths.parent(destination.path)), doubts)


def _covers(above: Place, place: Place) -> bool:
    return above.owner == place.owner and paths.covers(above.path, place.path)


def _directly_in(place: Place, above: Place) -> bool:
    return place.owner == above.owner and paths.parent(place.path) == above.path


def _impossible(library: Library, source: Place, destination: Place) -> str:
    row = library.standing(source) or nearest_standing(library, destination)
    library.doubt("class", str(row.class_id), "impossible-move")
    return f"{source.path} can't move to {destination.path}"
