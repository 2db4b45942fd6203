"""Materials moved, in order or not.

A move from where the material is goes through. Any other opens a tangle, in which all moves within one horizon are
weighed together, so that the order of their arrival does not matter.
"""

from __future__ import annotations

from msgspec.structs import replace

from mirror.core.events import MaterialsMoved
from mirror.core.library import Library
from mirror.core.memory import ensure, ensure_root, resolve
from mirror.core.model import Material, MaterialId, Move, Place, Step, Tangle
from mirror.core.transitions.creations import new_material
from mirror.core.transitions.locations import UNPLACED, place_of, put_in, settle_location


def materials_moved(library: Library, event: MaterialsMoved) -> None:
    """Apply `Material.Moved`."""
    ensure_root(library, event.source.owner)
    ensure_root(library, event.destination.owner)
    for material_id in event.material_ids:
        _moved(library, material_id, event.source, event.destination)


def _moved(library: Library, material_id: MaterialId, source: Place, destination: Place) -> None:
    known = library.materials.get(material_id)
    if known is not None:
        known = replace(known, named_seq=library.as_of)
    if source == destination or (known is not None and known.state == "deleted"):
        _only_named(library, material_id, known)
        return
    move = Move(source, destination, library.now)
    tangle = library.tangles.get(material_id)
    here = None if known is None else place_of(library, known)
    from_here = tangle is None and here is not None and resolve(library, source) == here
    if known is not None and not from_here and _is_repeat(library, known, move):
        _repeated(library, known, move, tangle)
        return
    row = _with_move(library, known or new_material(library, material_id), move)
    if from_here:
        put_in(library, row, ensure(library, destination))
    else:
        _tangled(library, row, move, tangle or Tangle(material_id, library.now, here, ()))


def _only_named(library: Library, material_id: MaterialId, known: Material | None) -> None:
    """The event changes nothing, but whoever it names exists, and is known from now on."""
    if known is None:
        library.doubt("material", material_id, UNPLACED)
    library.materials.put(material_id, known or new_material(library, material_id))


def _is_repeat(library: Library, row: Material, move: Move) -> bool:
    return (
        row.repeatable
        and bool(row.moves)
        and _same(row.moves[-1], move)
        and library.within_horizon(row.moves[-1].at)
    )


def _same(one: Move, other: Move) -> bool:
    return one.source == other.source and one.destination == other.destination


def _repeated(library: Library, row: Material, move: Move, tangle: Tangle | None) -> None:
    """A repeat that may be the platform's or a second real move: in a tangle it counts if that makes it whole."""
    library.materials.put(row.material_id, row)
    library.doubt("material", row.material_id, "repeated-move")
    if tangle is not None:
        step = Step(
            resolve(library, move.source), resolve(library, move.destination), optional=True
        )
        library.tangles.put(row.material_id, replace(tangle, steps=(*tangle.steps, step)))


def _with_move(library: Library, row: Material, move: Move) -> Material:
    recent = tuple(earlier for earlier in row.moves if library.within_horizon(earlier.at))
    if any(_same(earlier, move) for earlier in recent):
        library.doubt("material", row.material_id, "moved-again")
    return replace(row, moves=(*recent, move), repeatable=True)


def _tangled(library: Library, row: Material, move: Move, tangle: Tangle) -> None:
    source = resolve(library, move.source)
    step = Step(source, ensure(library, move.destination).place)
    library.tangles.put(row.material_id, replace(tangle, steps=(*tangle.steps, step)))
    library.doubt("material", row.material_id, "moves-tangled")
    settle_location(library, row)
