"""What a path means while late deliveries may still be on their way: moved-away memory, presets, ensured classes."""

from __future__ import annotations

from msgspec.structs import replace

from mirror.core import paths
from mirror.core.library import Library
from mirror.core.model import Departure, MediaClass, Origin, Owner, OwnerRecord, Place

INFERRED_CLASS = "inferred-class"
CLASS_MOVES_TANGLED = "class-moves-tangled"


def departure(library: Library, place: Place) -> Departure | None:
    """Return the memory of a class that left exactly this place within the horizon and still exists."""
    found = library.departures.get(place)
    if found is None or library.classes.get(found.class_id) is None:
        return None
    return found


def resolve(library: Library, place: Place, *, use: bool = False) -> Place:
    """Return where the named thing is now; `use` notes that the reader acts on it.

    A place where a class stands means itself. Otherwise the longest prefix that a class left within the horizon means
    where that class is now; a class that stands on the way up ends the search.
    """
    while library.standing(place) is None:
        moved = _follow(library, place, use=use)
        if moved is None:
            return place
        place = moved
    return place


def _follow(library: Library, place: Place, *, use: bool) -> Place | None:
    tree = library.tree(place.owner)
    for prefix in paths.upwards(place.path):
        if prefix in tree:
            return None
        left = departure(library, Place(place.owner, prefix))
        if left is not None:
            now = library.classes.get(left.class_id)
            if now is None or not now.path:  # unhooked: in the middle of this very move
                return None
            if use and not left.used:
                library.departures.put(left.place, replace(left, used=True))
            return Place(now.owner, paths.rebase(place.path, prefix, now.path))
    return None


def resolve_exact(library: Library, place: Place, *, use: bool = False) -> Place:
    """Return the place as `resolve` would, but for a memory of exactly this path: only its parents are followed."""
    if place.path == paths.ROOT or library.standing(place) is not None:
        return place
    above = resolve(library, Place(place.owner, paths.parent(place.path)), use=use)
    return Place(above.owner, paths.join(above.path, paths.name(place.path)))


def record(library: Library, owner: Owner) -> OwnerRecord:
    """Return what is remembered about an owner."""
    return library.owners.get(owner) or OwnerRecord(owner)


def is_preset(library: Library, place: Place) -> bool:
    """Tell whether the path counts as a preset: every owner has it until an event moves or deletes it."""
    return (
        place.path in library.rules.presets
        and place.path not in record(library, place.owner).lost_presets
    )


def is_inferred(library: Library, row: MediaClass) -> bool:
    """Tell whether a class is known only because something was said to be in it, or was seen there."""
    return any(doubt.reason == INFERRED_CLASS for doubt in library.class_doubts(row.class_id))


def touch_structure(library: Library, owner: Owner) -> None:
    """Note that this delivery created, moved or deleted a class of the owner."""
    known = record(library, owner)
    if known.structure_seq < library.as_of:
        library.owners.put(owner, replace(known, structure_seq=library.as_of))


def ensure_root(library: Library, owner: Owner) -> MediaClass:
    """Return the owner's root class, made at the first mention."""
    place = Place(owner, paths.ROOT)
    return library.standing(place) or create(library, place, None, "inferred")


def nearest_standing(library: Library, place: Place) -> MediaClass:
    """Return the class at a place or the closest one above it; at worst the owner's root."""
    for path in paths.upwards(place.path):
        row = library.standing(Place(place.owner, path))
        if row is not None:
            return row
    return ensure_root(library, place.owner)


def ensure(library: Library, place: Place, origin: Origin = "inferred") -> MediaClass:
    """Return the class that a place means, creating what is missing on the way."""
    return library.standing(place) or ensure_literal(
        library, resolve(library, place, use=True), origin
    )


def ensure_literal(library: Library, place: Place, origin: Origin = "inferred") -> MediaClass:
    """Return the class at exactly this place, creating what is missing on the way."""
    standing = library.standing(place)
    if standing is not None:
        return standing
    row = ensure_root(library, place.owner)
    for path in paths.chain(place.path):
        here = Place(place.owner, path)
        row = library.standing(here) or create(library, here, row, origin)
    return row


def end_departure(library: Library, place: Place) -> None:
    """End the memory of a class that left here, since another one has arrived.

    What was read through that memory may have meant the newcomer.
    """
    left = library.departures.get(place)
    if left is None:
        return
    if left.used and library.classes.get(left.class_id) is not None:
        library.doubt("class", str(left.class_id), CLASS_MOVES_TANGLED)
    library.departures.put(place, None)


def create(library: Library, place: Place, above: MediaClass | None, origin: Origin) -> MediaClass:
    """Add a class at a free place. Its arrival ends the memory of one that left there."""
    row = MediaClass(
        class_id=library.new_class_id(),
        owner=place.owner,
        path=place.path,
        parent_id=None if above is None else above.class_id,
        origin=origin,
        created_at=library.now,
        created_seq=library.seq,
        changed_at=library.now,
        changed_seq=library.seq,
    )
    # A preset that a complete observation has not shown may be where it went to before.
    seen_without = record(library, place.owner).observed_seq is not None
    preset = above is None or (is_preset(library, place) and not seen_without)
    library.classes.put(row.class_id, row)
    end_departure(library, place)
    if origin != "event" and not preset:
        library.doubt("class", str(row.class_id), INFERRED_CLASS)
    touch_structure(library, place.owner)
    return row
