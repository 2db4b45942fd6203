"""Materials that reconciliation read from the platform, or asked for and did not find, as of a place in the journal.

What a delivery after that place named is left alone: the feed knows it better. Locations are left alone, too, where
classes of the owner have changed since.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from msgspec.structs import replace

from mirror.core import corrections, paths
from mirror.core.events import (
    MaterialsMissing,
    MaterialsObserved,
    ObservedMaterial,
)
from mirror.core.library import Library
from mirror.core.memory import ensure_root, nearest_standing, record
from mirror.core.model import (
    Link,
    Material,
    MaterialId,
    Owner,
    Place,
    Sample,
)
from mirror.core.transitions.classes import observed_class
from mirror.core.transitions.creations import new_material
from mirror.core.transitions.files import describe_file
from mirror.core.transitions.links import drop_placements_of, links_of, set_target
from mirror.core.transitions.locations import UNPLACED, place_of, put_in
from mirror.core.transitions.materials import bury

NEWER = "named by a later delivery: {}"


def materials_observed(library: Library, event: MaterialsObserved) -> str | None:
    """Apply materials as the platform's API showed them."""
    library.as_of = event.as_of_seq
    for owner in _owners(event):
        ensure_root(library, owner)
    doubted = _doubted(library, [seen.material_id for seen in event.materials], event)
    skipped = [seen.material_id for seen in event.materials if not _observe(library, seen)]
    _measure(library, event, {seen.material_id for seen in event.materials}, skipped, doubted)
    return skipped_remark(skipped)


def _doubted(
    library: Library,
    material_ids: Iterable[MaterialId],
    event: MaterialsObserved | MaterialsMissing,
) -> set[MaterialId]:
    """Return which materials of a sample are in doubt, before the observation settles that."""
    if not event.sample:
        return set()
    rows = (library.materials.get(material_id) for material_id in material_ids)
    return {r.material_id for r in rows if r is not None and corrections.is_doubted(library, r)}


def _measure(
    library: Library,
    event: MaterialsObserved | MaterialsMissing,
    named: set[MaterialId],
    skipped: Collection[MaterialId],
    doubted: set[MaterialId],
) -> None:
    """Count what a sample showed; what a later delivery named says nothing."""
    if not event.sample:
        return
    drawn = named.difference(skipped)
    wrong = corrections.wrong(library, drawn)
    library.samples.append(
        Sample(library.seq, len(drawn), len(wrong), len(wrong.difference(doubted)))
    )


def _owners(event: MaterialsObserved) -> Iterator[Owner]:
    for seen in event.materials:
        yield seen.place.owner
        if seen.link is not None and seen.link.target_place is not None:
            yield seen.link.target_place.owner


def skipped_remark(skipped: list[Any]) -> str | None:
    """Name the first few things that an observation knew less of than the feed."""
    return NEWER.format(", ".join(map(str, skipped[:5]))) if skipped else None


def _observe(library: Library, seen: ObservedMaterial) -> bool:
    known = library.materials.get(seen.material_id)
    if known is not None and known.named_seq > library.as_of:
        return False
    corrections.material_seen(library, known, seen)
    here = None if known is None or known.class_id is None else place_of(library, known)
    row = _described(library, known or new_material(library, seen.material_id), seen)
    if row.file_id is not None:
        describe_file(
            library,
            row.file_id,
            seen.metadata,
            url=seen.url,
            cover_url=seen.cover_url,
            operation_type=seen.operation_type,
        )
    if seen.link is not None or seen.material_type not in {None, "LINK"}:
        set_target(library, seen.material_id, _target(library, seen))
    if _location_is_newer(library, row, seen.place.owner):
        row = replace(row, confirmed_at=None if known is None else known.confirmed_at)
        _keep_location(library, row, was_lost=known is None or known.state == "deleted")
    else:
        corrections.place_seen(library, known, here, seen.place)
        if library.tangles.get(seen.material_id) is not None:
            library.tangles.put(seen.material_id, None)
        _count_missed(library, seen.place)
        put_in(library, row, observed_class(library, seen.place))
        drop_placements_of(library, seen.material_id)
        library.settle("material", seen.material_id)
    return True


def _count_missed(library: Library, place: Place) -> None:
    """Note the classes that only this material shows; a list of all classes would find them known."""
    for path in paths.chain(place.path):
        here = Place(place.owner, path)
        if library.standing(here) is None:
            nearest = nearest_standing(library, here)
            misread = bool(library.class_doubts(nearest.class_id))
            corrections.class_missed(library, here, misread=misread)


def _described(library: Library, row: Material, seen: ObservedMaterial) -> Material:
    fields: dict[str, Any] = {
        "name": seen.name,
        "material_type": seen.material_type,
        "file_id": seen.file_id,
        "operation_type": row.operation_type or seen.operation_type,
        "preset_tags": None if seen.preset_tags is None else tuple(sorted(set(seen.preset_tags))),
        "tags": None if seen.tags is None else tuple(sorted(set(seen.tags))),
    }
    said = {name: value for name, value in fields.items() if value is not None}
    return replace(
        row,
        origin="event" if row.origin == "event" else "observed",
        named_seq=max(row.named_seq, library.as_of),
        confirmed_at=library.now,
        **said,
    )


def _target(library: Library, seen: ObservedMaterial) -> Link | None:
    if seen.link is None:
        return None
    if seen.link.target_material_id is None and seen.link.target_place is None:
        # A link whose target is gone may be shown without it; what was known of it stays.
        for known in links_of(library, seen.material_id):
            if known.kind == seen.link.kind:
                return replace(known, status=seen.link.status)
    return Link(
        seen.material_id,
        seen.link.kind,
        target_material_id=seen.link.target_material_id,
        target_place=seen.link.target_place,
        status=seen.link.status,
    )


def _location_is_newer(library: Library, row: Material, observed: Owner) -> bool:
    owners = {observed}
    here = None if row.class_id is None else place_of(library, row)
    if here is not None:
        library.tree(here.owner)
        owners.add(here.owner)
    return any(record(library, owner).structure_seq > library.as_of for owner in owners)


def _keep_location(library: Library, row: Material, *, was_lost: bool) -> None:
    """Take what was seen but for the place: classes have changed since it was read."""
    library.settle("material", row.material_id, "modified-twice")
    if was_lost:
        row = replace(row, state="detached")
        library.doubt("material", row.material_id, UNPLACED)
    library.materials.put(row.material_id, row)


def materials_missing(library: Library, event: MaterialsMissing) -> str | None:
    """Apply that materials, asked for by id, were not there."""
    library.as_of = event.as_of_seq
    doubted = _doubted(library, event.material_ids, event)
    skipped = []
    for material_id in event.material_ids:
        known = library.materials.get(material_id)
        row = known or new_material(library, material_id)
        if row.named_seq > library.as_of:
            skipped.append(material_id)
        else:
            corrections.material_gone(library, known)
            named = max(row.named_seq, library.as_of)
            bury(library, replace(row, named_seq=named, confirmed_at=library.now))
    _measure(library, event, set(event.material_ids), skipped, doubted)
    return skipped_remark(skipped)
