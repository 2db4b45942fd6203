"""Owners, paths, classes: what `Class.*` events do, and how places come to exist."""

from tests.naive.decode import ClassCreated, ClassDeleted, ClassMoved
from tests.naive.paths import (
    ROOT,
    Owner,
    Place,
    at_or_beneath,
    basename,
    beneath,
    join,
    parent,
    rebase,
)
from tests.naive.state import ClassRow, Departure, State

# ------------------------------------------------------------------------- making classes


def root(state: State, owner: Owner) -> ClassRow:
    """“Every owner mentioned has a root class”."""
    return state.standing(Place(owner, ROOT)) or add(state, Place(owner, ROOT), "inferred")


def add(state: State, place: Place, origin: str) -> ClassRow:
    """A new class; ids are 1, 2, 3 … and never used again."""
    state.class_count += 1
    # A complete observation that lacked a preset makes it a guess like any other.
    preset = state.unseen_preset(place) and place.owner not in state.completely_observed
    row = ClassRow(
        class_id=state.class_count,
        place=place,
        origin=origin,
        known_since=state.now,
        guess=origin != "event" and not preset and place.path != ROOT,
    )
    # "An `inferred` class that is no preset carries doubt `inferred-class`", and so does one
    # that only a material showed.
    if row.is_guess():
        state.doubt("class", row.class_id, "inferred-class")
    # "a deletion or an arrival there ends" the moved-away memory.
    state.end_departure(place)
    state.classes[row.class_id] = row
    state.structure_changed(place.owner)
    return row


def ensure(state: State, place: Place) -> ClassRow:
    """“every missing class on the way is created with origin `inferred`”."""
    return ensure_here(state, state.resolve(place, use=True))


def ensure_here(state: State, place: Place) -> ClassRow:
    """The same for a place already resolved; parents come before children."""
    row = state.standing(place)
    if row is not None:
        return row
    ensure_here(state, Place(place.owner, parent(place.path)))
    return add(state, place, "inferred")


def confirm(state: State, row: ClassRow, origin: str) -> None:
    """A creation or an observation of a class that has a row."""
    if stronger(origin, row.origin) == origin:
        row.origin = origin
    row.guess = False
    state.settle("class", row.class_id, "inferred-class")


def stronger(one: str, other: str) -> str:
    """“the stronger origin (event, observed, inferred)”."""
    return min(one, other, key=["event", "observed", "inferred"].index)


# -------------------------------------------------------------------- the repeated event


def is_repeat(state: State, event: ClassCreated | ClassMoved | ClassDeleted) -> bool:
    """Whether nobody could tell this event from a retry of the one before it.

    "A class event equal to the last class event of every owner it names, within the horizon, is
    unchanged"; any other becomes the last class event of each owner it names.
    """
    owners = (
        {event.source_owner, event.destination_owner}
        if isinstance(event, ClassMoved)
        else {event.owner}
    )
    # "A class event counts for each owner it names, whatever its outcome": the platform's tree may
    # have changed even where the mirror's did not.
    for owner in owners:
        state.structure_changed(owner)
    last = [state.last_class_event.get(owner) for owner in owners]
    if all(known is not None and known[0] == event and state.recent(known[1]) for known in last):
        return True
    for owner in owners:
        state.last_class_event[owner] = (event, state.now)
    return False


# -------------------------------------------------------------------------- Class.Created


def class_created(state: State, event: ClassCreated) -> None:
    root(state, event.owner)
    if is_repeat(state, event):
        return
    said = Place(event.owner, event.path)

    # The root stands already.
    if said.path == ROOT:
        return
    # What was said before: "the class that a `Class.Created` makes or confirms".
    repeated = state.said_lately(event)
    row = class_of_creation(state, said)
    if repeated and row is not None:
        state.doubt("class", row.class_id, "created-again")


def class_of_creation(state: State, said: Place) -> ClassRow | None:
    """The class that the creation speaks of; None if that one was deleted already."""
    row = state.standing(said)
    if row is not None:
        confirm_standing(state, row)
        return row
    # "If a class that is still `inferred` left this path within the horizon, the creation is
    # late: it confirms that class where it is now." Looked up at the literal path first, then at
    # the exact one.
    row = confirm_departed(state, said)
    if row is not None:
        return row
    exact = state.resolve_exact(said)
    row = state.standing(exact)
    if row is not None:
        confirm_standing(state, row)
        return row
    row = confirm_departed(state, exact)
    if row is not None:
        return row
    # "If an unknown path or an `inferred` class was deleted here within the horizon, the creation
    # is late too and creates nothing." It uses the memory up.
    for place in (said, exact):
        if place in state.deleted_paths and state.recent(state.deleted_paths[place]):
            del state.deleted_paths[place]
            above = state.resolve(Place(said.owner, parent(said.path)))
            state.doubt("class", state.deepest_standing(above).class_id, "creation-dropped")
            return None
    # “ensure the parent; the class becomes origin `event`.”
    state.resolve_exact(said, use=True)
    ensure_here(state, Place(exact.owner, parent(exact.path)))
    return add(state, exact, "event")


def confirm_standing(state: State, row: ClassRow) -> None:
    """“Of a class created before: doubt `created-again`; of one renamed to here: `nest-or-rename`”."""
    if row.origin == "event":
        state.doubt("class", row.class_id, "created-again")
        return
    for memory in state.departures.values():
        renamed = memory.class_id == row.class_id and memory.destination == row.place
        if renamed and state.recent(memory.at):
            state.doubt("class", row.class_id, "nest-or-rename")
    confirm(state, row, "event")


def confirm_departed(state: State, place: Place) -> ClassRow | None:
    """The class that left this place, if a late creation of it was spent on that one.

    Presets are never created by an event, so no creation of one can be late.
    """
    memory = state.departure(place)
    if memory is None:
        return None
    row = state.classes[memory.class_id]
    if not memory.pending and not row.is_guess():
        return None
    # "If it went into a class that stood there already: doubt `creation-dropped`".
    if not row.is_guess():
        state.doubt("class", state.deepest_standing(place).class_id, "creation-dropped")
    # “does not end the memory …, but a pending departure is no longer pending.”
    memory.pending = False
    confirm(state, row, "event")
    return row


# ---------------------------------------------------------------------------- Class.Moved


def class_moved(state: State, event: ClassMoved) -> None:
    root(state, event.source_owner)
    root(state, event.destination_owner)
    if is_repeat(state, event):
        return
    repeated = state.said_lately(event)
    # "sources are normalised and made unique; 'several' is counted then; a source beneath another
    # is skipped."
    for path in event.sources:
        if not any(beneath(path, other) for other in event.sources):
            move_one(
                state,
                Place(event.source_owner, path),
                Place(event.destination_owner, event.destination),
                several=len(event.sources) > 1,
                repeated=repeated,
            )


def move_one(
    state: State, source: Place, destination: Place, *, several: bool, repeated: bool
) -> None:
    # Rule 1, on the literal paths.
    if impossible(source, destination):
        doubt_impossible(state, source, destination)
        return
    if directly_in(source, destination):
        return

    # Rule 2: "source unknown, and it left within the horizon for this same literal destination:
    # unchanged. Source a preset not yet seen: ensure it first."
    memory = state.departure(source)
    if state.standing(source) is None and memory and memory.destination == destination:
        return
    old = state.resolve(source, use=True)
    if state.unseen_preset(old):
        ensure_here(state, old)
    row = state.standing(old)

    # Rule 1 again, with the resolved places.
    forced = several or source.owner != destination.owner or destination.path == ROOT
    new = (state.resolve if forced else state.resolve_exact)(destination, use=True)
    if impossible(old, new):
        doubt_impossible(state, old, new)
        return
    if directly_in(old, new):
        return

    # Rule 3: nest or rename.
    # "A destination that holds the source exists."
    forced = forced or at_or_beneath(old, new)
    nest, doubts = (True, []) if forced else nest_or_rename(state, new)
    if row is not None:
        use_up_presets(state, row)
    above = new if nest else Place(new.owner, parent(new.path))
    target = Place(new.owner, join(new.path, basename(source.path))) if nest else new
    ensure_here(state, above)

    if row is not None:
        survivor = relocate(state, row, target, destination)
    else:
        survivor = await_departed(state, old, target, destination)
    # What was said before: "the class that a `Class.Moved` brings to its target".
    for reason in [*doubts, *(["moved-again"] if repeated else [])]:
        state.doubt("class", survivor.class_id, reason)


def impossible(source: Place, destination: Place) -> bool:
    """“root as a source, or the destination equal to or beneath the source”."""
    return source.path == ROOT or at_or_beneath(destination, source)


def directly_in(source: Place, destination: Place) -> bool:
    """“Source directly in the destination, same owner: unchanged."""
    return source.owner == destination.owner and parent(source.path) == destination.path


def doubt_impossible(state: State, source: Place, destination: Place) -> None:
    """On the source if it stands, else the destination, else its deepest standing ancestor."""
    row = state.standing(source) or state.deepest_standing(destination)
    state.doubt("class", row.class_id, "impossible-move")


def nest_or_rename(state: State, destination: Place) -> tuple[bool, list[str]]:
    """Whether the source goes into the destination (or becomes it), and the doubts of that."""
    there = state.standing(destination)
    # "Doubt `rename-guessed` unless the owner has been completely observed before" – and also
    # then where a class left the destination within the horizon.
    guessed = ["rename-guessed"]
    if destination.owner in state.completely_observed and not state.departure(destination):
        guessed = []
    if there is None:
        return (True, []) if state.unseen_preset(destination) else (False, guessed)
    # "A destination that is only `inferred`, since less than the horizon, does not count as
    # existing: rename and merge. Any choice that rests on an inferred destination leaves doubt
    # `nest-or-rename` (a preset counts as existing, not as inferred)."
    if there.is_guess():
        if state.recent(there.known_since):
            return False, [*guessed, "nest-or-rename"]
        return True, ["nest-or-rename"]
    return True, []


def use_up_presets(state: State, row: ClassRow) -> None:
    """“Moving or deleting a class first ensures the unseen presets beneath it”.

    None at or beneath it counts any longer.
    """
    for preset in state.presets_beneath(row.place):
        ensure_here(state, preset)
    forget_presets(state, row.place)


def forget_presets(state: State, place: Place) -> None:
    for path in state.presets:
        if at_or_beneath(Place(place.owner, path), place):
            state.used_presets.add(Place(place.owner, path))


def relocate(state: State, row: ClassRow, target: Place, destination: Place) -> ClassRow:
    """Rules 4 and 5: "unhook the source's subtree, … hook it in"; a target that exists merges."""
    old = row.place
    state.structure_changed(old.owner)
    state.structure_changed(target.owner)
    # "one entry at the (resolved) path that the source class left".
    state.departures[old] = Departure(row.class_id, state.now, destination)
    rewrite_tangles(state, old, target)
    arrived: list[int] = []
    survivor = hook(state, row, target, arrived)
    if survivor is not row:
        state.doubt("class", survivor.class_id, "merged")
    meet_departures(state, arrived)
    # What survived may have met a pending departure in its turn.
    return state.classes[last_survivor(state, survivor.class_id)]


def hook(state: State, row: ClassRow, target: Place, arrived: list[int]) -> ClassRow:
    """Puts a subtree at a place and returns the class that then stands there."""
    below = state.children(row)
    if state.unseen_preset(target):
        add(state, target, "inferred")
    there = state.standing(target)
    if there is None:
        row.place = target
        arrived.append(row.class_id)
        # “An arrival … ends the plain moved-away memory at that path.”
        memory = state.departure(target)
        if memory is None or not memory.pending:
            state.end_departure(target)
        # "Into a path deleted within the horizon: doubt `class-moves-tangled`".
        deleted = state.deleted_paths.pop(target, None)
        if deleted is not None and state.recent(deleted):
            state.doubt("class", row.class_id, "class-moves-tangled")
        there = row
    else:
        absorb(state, row, there)
    # "children of equal name merge recursively".
    for child in below:
        hook(
            state,
            child,
            Place(target.owner, join(target.path, basename(child.place.path))),
            arrived,
        )
    return there


def absorb(state: State, row: ClassRow, survivor: ClassRow) -> None:
    """“Merging keeps the stronger origin …, and memories follow the survivor”."""
    for material in state.materials.values():
        if material.class_id == row.class_id:
            material.class_id = survivor.class_id
    # “Placement links are re-homed too (duplicates drop).”
    for link in list(state.links):
        if link.class_id == row.class_id:
            if any(
                other.class_id == survivor.class_id and other.material_id == link.material_id
                for other in state.links
            ):
                state.links.remove(link)
            else:
                link.class_id = survivor.class_id
    for memory in state.departures.values():
        if memory.class_id == row.class_id:
            memory.class_id = survivor.class_id
    if stronger(row.origin, survivor.origin) != survivor.origin:
        if row.is_guess():
            survivor.origin = row.origin
        else:
            confirm(state, survivor, row.origin)
    state.settle("class", row.class_id)
    state.absorbed[row.class_id] = survivor.class_id
    del state.classes[row.class_id]


def last_survivor(state: State, class_id: int) -> int:
    while class_id in state.absorbed:
        class_id = state.absorbed[class_id]
    return class_id


def rewrite_tangles(state: State, old: Place, new: Place) -> None:
    """“a class move rewrites the paths beneath it in open tangles”."""

    def rewritten(place: Place) -> Place:
        return rebase(place, old, new) if at_or_beneath(place, old) else place

    for material in state.materials.values():
        tangle = state.open_tangle(material)
        if tangle is not None:
            tangle.start = tangle.start and rewritten(tangle.start)
            tangle.creation = tangle.creation and rewritten(tangle.creation)
            tangle.moves = [(rewritten(one), rewritten(two)) for one, two in tangle.moves]
            tangle.optional = [(rewritten(one), rewritten(two)) for one, two in tangle.optional]


def await_departed(state: State, old: Place, target: Place, destination: Place) -> ClassRow:
    """Rule 6, of an unknown source.

    "ensure the target (`inferred`, so in doubt) and remember the source as having left for it".
    """
    # The unknown class comes to stand at the target: if a class was awaited there, it is that one.
    awaited = state.departure(target) if state.standing(target) is None else None
    if awaited is not None and awaited.pending:
        awaited.pending = False
        row = state.classes[awaited.class_id]
    else:
        row = ensure_here(state, target)
    state.structure_changed(target.owner)
    state.departures[old] = Departure(row.class_id, state.now, destination, pending=True)
    return row


def meet_departures(state: State, arrived: list[int]) -> None:
    """Rule 6, of what was awaited; parents first.

    "a class that within the horizon … comes to stand there (also beneath a class that moves),
    merges into the target".
    """
    for class_id in arrived:
        row = state.classes.get(class_id)
        memory = state.departure(row.place) if row is not None else None
        if row is None or memory is None or not memory.pending:
            continue
        target = state.classes[memory.class_id]
        memory.pending = False
        # "If the target lies inside the arriving class itself, nothing merges".
        if at_or_beneath(target.place, row.place):
            state.doubt("class", row.class_id, "class-moves-tangled")
            state.end_departure(row.place)
            continue
        state.structure_changed(row.place.owner)
        state.structure_changed(target.place.owner)
        rewrite_tangles(state, row.place, target.place)
        further: list[int] = []
        hook(state, row, target.place, further)
        state.doubt("class", target.class_id, "merged")
        meet_departures(state, further)


# -------------------------------------------------------------------------- Class.Deleted


def class_deleted(state: State, event: ClassDeleted) -> None:
    root(state, event.owner)
    if is_repeat(state, event):
        return
    repeated = state.said_lately(event)
    # "a path beneath another one is skipped"
    for path in event.paths:
        if any(other != ROOT and beneath(path, other) for other in event.paths):
            continue
        delete_one(state, Place(event.owner, path), repeated=repeated)


def delete_one(state: State, said: Place, *, repeated: bool) -> None:
    # “The root: unchanged, doubt `impossible-move`.”
    if said.path == ROOT:
        state.doubt("class", root(state, said.owner).class_id, "impossible-move")
        return
    # "exactly a path that a class left (nothing stands there): the class that moved away is NOT
    # deleted. unchanged; the memory ends; the path is remembered for late creations".
    memory = state.departure(said)
    if state.standing(said) is None and memory is not None:
        del state.departures[said]
        state.deleted_paths[said] = state.now
        state.doubt("class", memory.class_id, "left-then-deleted")
        return
    # “A path beneath a left path is resolved and deleted there.”
    place = state.resolve(said, use=True)
    row = state.standing(place)
    if row is not None:
        forget_presets(state, row.place)
        remove(state, row, remember=True)
        # What was said before: "the nearest class above one that a `Class.Deleted` takes away".
        if repeated:
            above = state.deepest_standing(place).class_id
            state.doubt("class", above, "deleted-again")
    elif state.unseen_preset(place):
        # “like deleting it after ensuring it (no row remains, …, no memory for late creations)”
        forget_presets(state, place)
        state.structure_changed(place.owner)
    else:
        # “An unknown path: unchanged, remembered for late creations.”
        state.deleted_paths[said] = state.now


def remove(state: State, row: ClassRow, *, remember: bool) -> None:
    """A class goes.

    "each path with its whole subtree goes. Live materials in it become `detached`, doubt
    `class-deleted-with-media`."
    """
    state.structure_changed(row.place.owner)
    for gone in state.subtree(row):
        for material in state.materials.values():
            if material.class_id == gone.class_id:
                material.state = "detached"
                material.class_id = None
                material.last_location = gone.place
                state.doubt("material", material.material_id, "class-deleted-with-media")
        # A placement in a class that is gone is gone with it.
        state.links = [link for link in state.links if link.class_id != gone.class_id]
        # "every inferred non-preset class in the subtree is remembered at its own path".
        if remember and gone.is_guess():
            state.deleted_paths[gone.place] = state.now
            # "and at the paths that it left within the horizon"
            for left, memory in state.departures.items():
                if memory.class_id == gone.class_id and state.recent(memory.at):
                    state.deleted_paths[left] = state.now
        state.departures.pop(gone.place, None)
        state.settle("class", gone.class_id)
        del state.classes[gone.class_id]
