"""Links that materials have: where they point, and the second places that show them."""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from mirror.core.library import Library
from mirror.core.model import ClassId, Link, Material, MaterialId


def links_of(library: Library, material_id: MaterialId) -> tuple[Link, ...]:
    """Return the links of a material that is in memory."""
    return library.links.get(material_id) or ()


def set_links(library: Library, material_id: MaterialId, links: tuple[Link, ...]) -> None:
    """Replace a material's links; equal ones change nothing."""
    ordered = tuple(sorted(links, key=lambda link: (link.kind, link.class_id or 0)))
    if ordered != links_of(library, material_id):
        library.links.put(material_id, ordered or None)


def set_target(library: Library, material_id: MaterialId, target: Link | None) -> None:
    """Say where a link points (None: it is no link); placements stay."""
    kept = tuple(link for link in links_of(library, material_id) if link.kind == "placement")
    set_links(library, material_id, kept if target is None else (*kept, target))


def drop_placements_of(library: Library, material_id: MaterialId) -> None:
    """Take away the second places of a material: it was seen, and it is in one class."""
    kept = (link for link in links_of(library, material_id) if link.kind != "placement")
    set_links(library, material_id, tuple(kept))


def drop_placements(library: Library, class_ids: Collection[ClassId]) -> None:
    """Take away the placements shown in classes that go."""
    for material in library.placed(class_ids):
        set_links(
            library,
            material.material_id,
            tuple(
                link
                for link in links_of(library, material.material_id)
                if link.class_id not in class_ids
            ),
        )


def rehome_placements(library: Library, old: ClassId, new: ClassId) -> None:
    """Show in the surviving class what a merged one showed; doubles drop."""
    for material in library.placed((old,)):
        moved = (
            replace(link, class_id=new) if link.class_id == old else link
            for link in links_of(library, material.material_id)
        )
        set_links(library, material.material_id, tuple(dict.fromkeys(moved)))


def place_again(library: Library, material: Material, class_id: ClassId) -> bool:
    """Show a material in a second class; return False if it is known to be shown there."""
    known = links_of(library, material.material_id)
    if any(link.class_id == class_id for link in known):
        return False
    shown = Link(
        material.material_id,
        "placement",
        class_id=class_id,
        target_material_id=material.material_id,
    )
    set_links(library, material.material_id, (*known, shown))
    return True
