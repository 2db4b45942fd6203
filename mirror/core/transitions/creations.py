"""Materials that enter the library: new files, imports, copies and links.

A creation says: entered this location from nowhere. The first one of a material sets its provenance and places it;
a second one elsewhere shows it in a second place.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from mirror.core.corrections import came_late
from mirror.core.events import FileCreated, MaterialsAdded, MaterialsImported
from mirror.core.library import Library
from mirror.core.memory import ensure, ensure_root, resolve
from mirror.core.model import FileId, Material, MaterialId, Place, Step, TaskId
from mirror.core.secrets import mask_address
from mirror.core.transitions.files import fill_file
from mirror.core.transitions.links import place_again
from mirror.core.transitions.locations import put_in, settle_location

UNPLACED = "unplaced"
PROJECT_OPERATION = "VideoEdit"


class Provenance(Struct, frozen=True):
    """Where a material came from; only what is missing is filled in."""

    file_id: FileId | None = None
    operation_type: str | None = None
    task_id: TaskId | None = None
    source: str | None = None


def file_created(library: Library, event: FileCreated) -> None:
    """Apply `Storage.NewFileCreated`."""
    ensure_root(library, event.place.owner)
    from_project = event.operation_type == PROJECT_OPERATION
    context = event.source_context
    source = context if from_project or context is None else mask_address(context)
    if event.file_id is not None:
        fill_file(
            library,
            event.file_id,
            operation_type=event.operation_type,
            task_id=event.task_id,
            project_id=context if from_project else None,
            source=None if from_project else source,
        )
    task_id = None if event.task_id is None else TaskId(event.task_id)
    provenance = Provenance(event.file_id, event.operation_type, task_id, source)
    _created(library, event.material_id, event.place, provenance)


def materials_imported(library: Library, event: MaterialsImported) -> None:
    """Apply `Material.Imported`."""
    ensure_root(library, event.place.owner)
    for imported in event.materials:
        if imported.file_id is not None:
            fill_file(library, imported.file_id)
        _created(library, imported.material_id, event.place, Provenance(imported.file_id))


def materials_added(library: Library, event: MaterialsAdded) -> None:
    """Apply `Material.Added`."""
    ensure_root(library, event.place.owner)
    for material_id in event.material_ids:
        _created(library, material_id, event.place, Provenance())


def _created(
    library: Library, material_id: MaterialId, place: Place, provenance: Provenance
) -> None:
    known = library.materials.get(material_id)
    if known is None:
        known = new_material(library, material_id)
        fresh = True
    else:
        fresh = False
    row = _filled(replace(known, named_seq=library.as_of), provenance)
    if row.state == "deleted":
        library.materials.put(material_id, row)
    elif row.created_place is None:
        first = replace(row, origin="event", created_place=place, repeatable=False)
        _first_creation(library, first, place, fresh=fresh)
    else:
        library.materials.put(material_id, row)
        if row.created_place != place:
            _second_placement(library, row, place)


def _first_creation(library: Library, row: Material, place: Place, *, fresh: bool) -> None:
    tangle = library.tangles.get(row.material_id)
    if tangle is not None:
        step = Step(None, resolve(library, place))
        library.tangles.put(row.material_id, replace(tangle, steps=(*tangle.steps, step)))
        settle_location(library, row)
    elif fresh or (row.state == "detached" and row.last_place is None):
        put_in(library, row, ensure(library, place))
    else:
        if row.confirmed_at is not None:
            came_late(library, row)
        library.materials.put(row.material_id, row)


def _second_placement(library: Library, row: Material, place: Place) -> None:
    if place_again(library, row, ensure(library, place).class_id):
        library.doubt("material", row.material_id, "second-placement")


def new_material(library: Library, material_id: MaterialId) -> Material:
    """Return a material that is only mentioned so far: inferred, in no known class."""
    return Material(
        material_id=material_id,
        state="detached",
        class_id=None,
        origin="inferred",
        created_at=library.now,
        created_seq=library.seq,
        changed_at=library.now,
        changed_seq=library.seq,
        named_seq=library.as_of,
    )


def _filled(row: Material, provenance: Provenance) -> Material:
    return replace(
        row,
        file_id=row.file_id or provenance.file_id,
        operation_type=row.operation_type or provenance.operation_type,
        task_id=row.task_id or provenance.task_id,
        source=row.source or provenance.source,
    )
