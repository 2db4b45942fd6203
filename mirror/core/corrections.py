"""What an observation puts right, and why the feed had it wrong: the measure of the feed's reliability.

Called before the row changes. A row seen for the first time in an owner that was never completely observed, or a field
that no event has told yet, is no correction: the mirror never claimed it.
"""

from __future__ import annotations

from collections.abc import Collection

from mirror.core.events import ObservedMaterial, ObservedProject
from mirror.core.library import Library
from mirror.core.memory import record
from mirror.core.model import CorrectedKind, Correction, Label, Material, MediaClass, Place, Project

CLASS_CREATED = "Class.Created"
CLASS_DELETED = "Class.Deleted"
ADDED = "Material.Added"
MOVED = "Material.Moved"
MODIFIED = "Material.Modified"
DELETED = "Material.Deleted"

_ABOUT_PLACE = frozenset(
    {
        "class-deleted-with-media",
        "moved-again",
        "moves-tangled",
        "repeated-move",
        "second-placement",
        "unplaced",
    }
)


def _correct(
    library: Library,
    entity: CorrectedKind,
    key: str,
    label: Label,
    event_type: str | None,
    detail: str,
) -> None:
    ordinal = len(library.corrections) - library.corrections_mark + 1
    library.corrections.append(
        Correction(library.seq, ordinal, label, entity, key, event_type, detail)
    )


def _doubts(library: Library, row: Material) -> set[str]:
    return {doubt.reason for doubt in library.doubts_of("material", row.material_id)}


def is_doubted(library: Library, row: Material) -> bool:
    """Tell whether the row is in doubt: by itself or through a class above it."""
    if library.doubts_of("material", row.material_id):
        return True
    above = None if row.class_id is None else library.classes.get(row.class_id)
    while above is not None:
        if library.class_doubts(above.class_id):
            return True
        above = None if above.parent_id is None else library.classes.get(above.parent_id)
    return False


def material_seen(library: Library, known: Material | None, seen: ObservedMaterial) -> None:
    """Note what an observation says differently of a material's attributes, or that it is there at all."""
    if known is None:
        _unknown_material(library, seen)
        return
    key = seen.material_id
    if known.state == "deleted":
        _correct(library, "material", key, "misread", DELETED, "it is not deleted")
        return
    doubts = _doubts(library, known)
    said: Label = "misread" if "modified-twice" in doubts else "never-received"
    if known.name is not None and seen.name is not None and seen.name != known.name:
        _correct(library, "material", key, said, MODIFIED, "name")
    for field in ("preset_tags", "tags"):
        mine: tuple[str, ...] = getattr(known, field)
        theirs: tuple[str, ...] | None = getattr(seen, field)
        if theirs is None or set(theirs) == set(mine) or not _is_told(known, field):
            continue
        label: Label = said if theirs else "silent-by-specification"
        _correct(library, "material", key, label, MODIFIED, field)


def _is_told(known: Material, field: str) -> bool:
    """Tell whether the mirror claims this field: an event or an observation has set it."""
    return getattr(known, f"{field}_at") is not None or known.confirmed_at is not None


def _unknown_material(library: Library, seen: ObservedMaterial) -> None:
    if record(library, seen.place.owner).observed_seq is None:
        return
    shared = seen.link is not None or seen.operation_type is None
    label: Label = "silent-or-lost" if shared else "never-received"
    _correct(library, "material", seen.material_id, label, ADDED, "it was not known")


def place_seen(library: Library, known: Material | None, here: Place | None, seen: Place) -> None:
    """Note that a material is in another class than the mirror had it in."""
    if known is None or known.state == "deleted" or here == seen:
        return
    if known.state == "detached" and known.created_place is None and known.last_place is None:
        return  # mentioned only; no event has told its place
    doubted = not _ABOUT_PLACE.isdisjoint(_doubts(library, known)) or is_doubted(library, known)
    label: Label = "misread" if doubted else "never-received"
    _correct(library, "material", known.material_id, label, MOVED, "place")


def material_gone(library: Library, known: Material | None) -> None:
    """Note that a material which the mirror has is not there: deleted unheard, or with its VOD file."""
    if known is not None and known.state != "deleted":
        detail = "it is deleted"
        _correct(library, "material", known.material_id, "silent-or-lost", DELETED, detail)


def class_missed(library: Library, place: Place, *, misread: bool) -> None:
    """Note a class that the mirror did not have, in an owner that was completely observed before."""
    if record(library, place.owner).observed_seq is not None:
        label: Label = "misread" if misread else "never-received"
        key = f"{place.owner.type}:{place.owner.id}:{place.path}"
        _correct(library, "class", key, label, CLASS_CREATED, "it was not known")


def class_gone(library: Library, row: MediaClass, *, misread: bool) -> None:
    """Note a class that the mirror had and the platform has not."""
    label: Label = "misread" if misread else "never-received"
    _correct(library, "class", str(row.class_id), label, CLASS_DELETED, f"{row.path} is not there")


def project_seen(library: Library, known: Project | None, seen: ObservedProject) -> None:
    """Note what an observation says differently of a project."""
    if known is None:
        return
    if known.name is not None and seen.name is not None and known.name != seen.name:
        label: Label = "silent-by-specification"
        _correct(library, "project", seen.project_id, label, None, "name")
    if seen.status is None or known.running is None:
        return
    runs = {"Idle": False, "Stopped": False, "Working": True, "Started": True}.get(seen.status)
    if runs is not None and runs != known.running:
        event_type = _STATUS_EVENTS.get(known.category or "")
        _correct(library, "project", seen.project_id, "never-received", event_type, "status")


_STATUS_EVENTS = {
    "STREAM_CONNECT": "Project.StreamConnect.StatusChanged",
    "SWITCHER": "Project.Switcher.StatusChanged",
    "MEDIA_CAST": "Project.MediaCast.StatusChanged",
}


def came_late(library: Library, row: Material) -> None:
    """Note that a material's creation was told only after it was observed."""
    _correct(library, "material", row.material_id, "late", ADDED, "its creation came late")


def wrong(library: Library, keys: Collection[str]) -> set[str]:
    """Return which of these materials the current delivery has put right."""
    mine = library.corrections[library.corrections_mark :]
    return {c.key for c in mine if c.entity == "material" and c.key in keys}
