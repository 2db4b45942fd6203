"""`/materials/ID`: everything about one material, now or at a moment, and all that happened to it."""

from __future__ import annotations

from mirror.core.model import ClassId, Seq
from mirror.store import queries
from mirror.store.queries import browse, lists
from mirror.store.queries.material import material as read
from mirror.store.queries.past import Past
from mirror.web.pages.changes import told
from mirror.web.pages.look import Look, Page, Shown, number

HAPPENINGS = 25
LINKS = 50


def material(look: Look) -> Shown:
    """The page."""
    return Shown("material.html", _material(look))


def part(look: Look) -> Shown:
    """The same without what is around it."""
    return Shown("parts/material.html", _material(look))


def _material(look: Look) -> dict[str, object]:
    connection, platform = look.connection, look.stamp.platform
    material_id: str = look.path["material_id"]
    before = number(look, "before", 0, 2**62) or None
    if look.at is not None:
        found = Past(connection, platform, look.at).material(material_id)
        before = min(before or look.at + 1, look.at + 1)
    else:
        found = read(connection, platform, material_id)
    history = queries.history(
        connection,
        platform,
        "material",
        material_id,
        before=None if before is None else Seq(before),
        limit=HAPPENINGS,
    )
    targets = lists.Links(target_material_id=material_id)
    pointing = lists.links(connection, look.stamp, targets, None, LINKS)
    class_id = found.class_id
    lineage = []
    if class_id is not None:
        lineage = (
            browse.lineage(connection, look.stamp, ClassId(class_id))
            if look.at is None
            else browse.Then(connection, platform, look.at).lineage(ClassId(class_id))
        )
    return {
        "material": found,
        "history": history,
        "newest": "before" not in look.query,
        "pointing": pointing.rows if look.at is None else [],
        "lineage": lineage,
        "told": told,
    }


PAGES = (
    Page("/materials/{material_id:path}", material),
    Page("/parts/materials/{material_id:path}", part),
)
