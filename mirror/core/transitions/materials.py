"""Materials modified and deleted."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from mirror.core.events import MaterialModified, MaterialsDeleted
from mirror.core.library import Library
from mirror.core.model import Material, MaterialId
from mirror.core.transitions.creations import new_material
from mirror.core.transitions.links import set_links
from mirror.core.transitions.locations import UNPLACED, place_of


def material_modified(library: Library, event: MaterialModified) -> None:
    """Apply `Material.Modified`: what is empty is unchanged."""
    known = library.materials.get(event.material_id)
    if known is not None and known.state == "deleted":
        library.materials.put(event.material_id, replace(known, named_seq=library.as_of))
        return
    row = known or new_material(library, event.material_id)
    if known is None:
        library.doubt("material", event.material_id, UNPLACED)
    said: dict[str, Any] = {
        "name": event.name,
        "preset_tags": tuple(sorted(set(event.preset_tags))),
        "tags": tuple(sorted(set(event.tags))),
    }
    fields: dict[str, Any] = {"named_seq": library.as_of}
    for name, value in said.items():
        if not value:
            continue
        if library.within_horizon(getattr(row, f"{name}_at")) and getattr(row, name) != value:
            library.doubt("material", event.material_id, "modified-twice")
        fields[name] = value
        fields[f"{name}_at"] = library.now
    library.materials.put(event.material_id, replace(row, **fields))


def materials_deleted(library: Library, event: MaterialsDeleted) -> None:
    """Apply `Material.Deleted`: a tombstone each, also for what was never seen."""
    for material_id in event.material_ids:
        row = library.materials.get(material_id) or new_material(library, material_id)
        # Whoever knows the callback's address could have said so: no observation confirms it yet.
        confirmed_at = row.confirmed_at if row.state == "deleted" else None
        bury(library, replace(row, named_seq=library.as_of, confirmed_at=confirmed_at))


def bury(library: Library, row: Material) -> None:
    """Write the row as deleted, for ever; its links, doubts and open moves end."""
    material_id: MaterialId = row.material_id
    if row.state == "deleted":
        library.materials.put(material_id, row)
        return
    last = place_of(library, row)
    library.materials.put(
        material_id,
        replace(row, state="deleted", class_id=None, last_place=last),
    )
    set_links(library, material_id, ())
    library.settle("material", material_id)
    if library.tangles.get(material_id) is not None:
        library.tangles.put(material_id, None)
