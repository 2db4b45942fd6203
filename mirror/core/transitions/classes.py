"""Classes created and deleted."""

from __future__ import annotations

from msgspec import json
from msgspec.structs import replace

from mirror.core import paths
from mirror.core.events import ClassCreated, ClassesDeleted, ClassEvent
from mirror.core.library import Library
from mirror.core.memory import (
    INFERRED_CLASS,
    create,
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
from mirror.core.model import Deletion, MediaClass, Origin, Owner, Place
from mirror.core.transitions.links import drop_placements
from mirror.core.transitions.repeats import CREATED_AGAIN, DELETED_AGAIN, heard_before

REPEAT = "equal to the last class event"
DROPPED = "creation-dropped"
NEST_OR_RENAME = "nest-or-rename"


def class_created(library: Library, event: ClassCreated) -> str | None:
    """Apply `Class.Created`: also a late one, whose class has moved or gone meanwhile."""
    place = event.place
    ensure_root(library, place.owner)
    touch_structure(library, place.owner)
    if is_repeat(library, event, (place.owner,)):
        return REPEAT
    if place.path == paths.ROOT:
        return None
    again = heard_before(library, "created", place)
    row, remark = _created(library, place)
    if again and row is not None:
        library.doubt("class", str(row.class_id), CREATED_AGAIN)
    return remark


def _created(library: Library, place: Place) -> tuple[MediaClass | None, str | None]:
    """Return the class that was created, or None where that one is gone, and a remark."""
    exact = resolve_exact(library, place)
    for here in dict.fromkeys((place, exact)):
        standing = library.standing(here)
        if standing is not None:
            return standing, _confirm(library, standing)
        departed = _confirms_departed(library, here)
        if departed is not None:
            return departed, "late: the class has moved already"
    for here in dict.fromkeys((place, exact)):
        if library.deletions.get(here) is not None:
            library.deletions.put(here, None)
            library.doubt("class", str(nearest_standing(library, exact).class_id), DROPPED)
            return None, "late: the class was deleted already"
    resolve_exact(library, place, use=True)
    above = ensure_literal(library, Place(exact.owner, paths.parent(exact.path)))
    return create(library, exact, above, "event"), None


def _confirm(library: Library, row: MediaClass) -> str | None:
    """Take a creation as that of the class that stands there, with doubts where it may be another's."""
    key = str(row.class_id)
    if row.origin == "event":
        library.doubt("class", key, CREATED_AGAIN)
        return "it was created before"
    if any(left.destination == row.place for left in library.departures_of(row.class_id)):
        library.doubt("class", key, NEST_OR_RENAME)  # perhaps what came here nests in this one
    strengthen(library, row, "event")
    return None


def _confirms_departed(library: Library, place: Place) -> MediaClass | None:
    left = departure(library, place)
    if left is None:
        return None
    row = library.classes.get(left.class_id)
    if row is None or not (left.pending or is_inferred(library, row)):
        return None
    if not is_inferred(library, row):
        # It went into a class that stood there already, so this creation may be of a new one.
        library.doubt("class", str(nearest_standing(library, place).class_id), DROPPED)
    strengthen(library, row, "event")
    if left.pending:
        library.departures.put(place, replace(left, pending=False))
    return row


def strengthen(
    library: Library, row: MediaClass, origin: Origin, *, in_itself: bool = True
) -> None:
    """Make a class known by a better source; where that shows the class `in_itself`, it is no longer inferred."""
    if row.origin in {"event", origin}:
        return
    library.classes.put(row.class_id, replace(row, origin=origin))
    if in_itself:
        library.settle("class", str(row.class_id), INFERRED_CLASS)


def is_repeat(library: Library, event: ClassEvent, owners: tuple[Owner, ...]) -> bool:
    """Tell whether the event equals the last class event of every owner it names; otherwise it becomes that."""
    said = json.encode((type(event).__name__, event)).decode()
    named = tuple(dict.fromkeys(owners))
    records = [record(library, owner) for owner in named]
    if all(
        known.last_class_event == said and library.within_horizon(known.last_class_event_at)
        for known in records
    ):
        return True
    for known in records:
        library.owners.put(
            known.owner, replace(known, last_class_event=said, last_class_event_at=library.now)
        )
    return False


def classes_deleted(library: Library, event: ClassesDeleted) -> str | None:
    """Apply `Class.Deleted`: each path with all beneath it."""
    root = ensure_root(library, event.owner)
    touch_structure(library, event.owner)
    if is_repeat(library, event, (event.owner,)):
        return REPEAT
    again = heard_before(library, "deleted", event.owner, event.paths)
    remarks = [
        _impossible(library, root)
        if path == paths.ROOT
        else _delete(library, Place(event.owner, path), again=again)
        for path in dict.fromkeys(event.paths)
        if path == paths.ROOT
        or not any(paths.is_beneath(path, other) for other in event.paths if other != paths.ROOT)
    ]
    return "; ".join(remark for remark in remarks if remark) or None


def _impossible(library: Library, root: MediaClass) -> str:
    library.doubt("class", str(root.class_id), "impossible-move")
    return "the root can't be deleted"


def _delete(library: Library, place: Place, *, again: bool) -> str | None:
    row = library.standing(place)
    left = departure(library, place)
    if row is None and left is not None:
        # The platform can't mean the class that is elsewhere by now: another stood here, or it came back unheard of.
        library.departures.put(place, None)
        library.deletions.put(place, Deletion(place, library.now))
        library.doubt("class", str(left.class_id), "left-then-deleted")
        return f"{place.path} was left before it was deleted"
    resolved = resolve(library, place, use=True)
    row = row or library.standing(resolved)
    if row is not None:
        remove(library, row)
        if again:  # perhaps what stood here came after the deletion of which this is a repeat
            above = nearest_standing(library, row.place)
            library.doubt("class", str(above.class_id), DELETED_AGAIN)
        return None
    if is_preset(library, resolved):
        lose_presets(library, resolved)
        return None
    library.deletions.put(place, Deletion(place, library.now))
    return f"{place.path} was not known"


def lose_presets(library: Library, place: Place) -> None:
    """Note that the presets at and beneath a place no longer exist for its owner."""
    known = record(library, place.owner)
    lost = {p for p in library.rules.presets if paths.covers(place.path, p)}
    if not lost.issubset(known.lost_presets):
        library.owners.put(
            place.owner, replace(known, lost_presets=tuple(sorted(lost.union(known.lost_presets))))
        )


def _expect_late_creation(library: Library, row: MediaClass) -> None:
    """Remember that a class is gone whose creation may still come: to where it stood, or where it left."""
    library.deletions.put(row.place, Deletion(row.place, library.now))
    for left in library.departures_of(row.class_id):
        library.deletions.put(left.place, Deletion(left.place, library.now))


def remove(library: Library, top: MediaClass, *, lose: bool = True) -> None:
    """Take a class and all beneath it away; the live materials in it become detached."""
    nodes = library.subtree(top)
    rows = {node.class_id: node for node in nodes}
    for material in library.members(rows):
        if material.class_id is None:  # pragma: no cover - members are live
            continue
        node = rows[material.class_id]
        library.materials.put(
            material.material_id,
            replace(material, state="detached", class_id=None, last_place=node.place),
        )
        library.doubt("material", material.material_id, "class-deleted-with-media")
    drop_placements(library, rows)
    for node in reversed(nodes):
        if lose and is_inferred(library, node):
            _expect_late_creation(library, node)
        library.settle("class", str(node.class_id))
        library.classes.put(node.class_id, None)
    if lose:
        lose_presets(library, top.place)
    touch_structure(library, top.owner)


def observed_class(library: Library, place: Place) -> MediaClass:
    """Return the class that something was seen in; it and all above it have thereby been seen.

    Only a list of classes ends that it is inferred: it may be one that was renamed, by an event on its way.
    """
    row = ensure_literal(library, place, "observed")
    for path in (*paths.upwards(place.path), paths.ROOT):
        above = library.standing(Place(place.owner, path))
        if above is not None and above.origin == "inferred":
            strengthen(library, above, "observed", in_itself=False)
    return library.classes.get(row.class_id) or row
