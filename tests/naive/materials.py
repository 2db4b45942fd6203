"""Materials: creations, moves and their tangles, modifications, deletions."""

from dataclasses import replace

from tests.naive.classes import ensure, root
from tests.naive.decode import (
    Creation,
    Entry,
    MaterialModified,
    MaterialsDeleted,
    MaterialsMoved,
    MetaData,
)
from tests.naive.paths import Place
from tests.naive.state import ClassRow, FileRow, LinkRow, MaterialRow, Move, State, Tangle

# ------------------------------------------------------------------------------ creations


def created(state: State, event: Creation) -> None:
    root(state, event.owner)
    for entry in event.entries:
        create_one(state, event, entry)


def create_one(state: State, event: Creation, entry: Entry) -> None:
    state.touch("material", entry.material_id)
    said = Place(event.owner, event.path)
    material = state.materials.get(entry.material_id)

    if material is None:
        # "*entered this location from nowhere*": ensures the class it places the material in.
        material = new_material(state, entry.material_id, "live", "event")
        material.created_location = said
        place(state, material, ensure(state, said))
    elif material.state == "deleted":
        # “Later events on it fill file, operation, task and source if empty, nothing else.”
        pass
    elif material.created_location is None:
        first_creation(state, material, said)
    elif material.created_location != said:
        # "At another location it adds a **placement** link there …, doubt `second-placement`; a
        # known placement again is unchanged."
        second_placement(state, material, said)
    # “A second creation at that same literal location fills what is empty and moves nothing.”
    fill(state, material, event, entry.file_id)


def first_creation(state: State, material: MaterialRow, said: Place) -> None:
    material.created_location = said
    material.origin = "event"
    material.last_move = None
    tangle = state.open_tangle(material)
    if tangle is not None:
        # "While it is open … every further move and first creation of the material joins it".
        tangle.creation = state.resolve(said)
        place(state, material, ensure(state, decide(tangle)))
    elif material.state == "detached" and material.last_location is None:
        place(state, material, ensure(state, said))
    # "any other (live, or detached with last location) only gets its provenance".


def second_placement(state: State, material: MaterialRow, said: Place) -> None:
    row = ensure(state, said)
    for link in state.links:
        if (link.material_id, link.kind, link.class_id) == (
            material.material_id,
            "placement",
            row.class_id,
        ):
            return
    state.links.append(
        LinkRow(
            material_id=material.material_id,
            kind="placement",
            class_id=row.class_id,
            target_material_id=material.material_id,
            status="Normal",
        )
    )
    state.doubt("material", material.material_id, "second-placement")


def fill(state: State, material: MaterialRow, event: Creation, file_id: str | None) -> None:
    """“fills file, operation type, task and source”: of what is empty only."""
    material.file_id = material.file_id or file_id
    described = file_id or material.file_id
    if described is not None:
        row = known_file(state, described)
        row.operation_type = row.operation_type or event.operation_type
        row.task_id = row.task_id or event.task_id
        row.project_id = row.project_id or event.project_id


def known_file(state: State, file_id: str) -> FileRow:
    """“one row per VOD file id”, from its first mention on."""
    return state.files.setdefault(file_id, FileRow(file_id))


def describe_file(state: State, file_id: str | None, metadata: MetaData) -> None:
    """“output metadata of tasks and observations overwrite (non-null values)”."""
    if file_id is not None:
        row = known_file(state, file_id)
        said = {name: value for name, value in vars(metadata).items() if value is not None}
        row.metadata = replace(row.metadata, **said)


def new_material(state: State, material_id: str, condition: str, origin: str) -> MaterialRow:
    material = MaterialRow(material_id, condition, origin)
    state.materials[material_id] = material
    return material


def place(state: State, material: MaterialRow, row: ClassRow) -> None:
    """A live material is in exactly one class; "`unplaced` ends when a material is placed"."""
    material.state = "live"
    material.class_id = row.class_id
    material.last_location = None
    state.settle("material", material.material_id, "unplaced")


# ---------------------------------------------------------------------------------- moves


def moved(state: State, event: MaterialsMoved) -> None:
    root(state, event.source_owner)
    root(state, event.destination_owner)
    for material_id in event.material_ids:
        state.touch("material", material_id)
        move_one(
            state,
            material_id,
            Move(
                source=Place(event.source_owner, event.source_path),
                destination=Place(event.destination_owner, event.destination_path),
                at=state.now,
            ),
        )


def move_one(state: State, material_id: str, move: Move) -> None:
    material = state.materials.get(material_id)
    # “Events on tombstones ensure nothing.” “Source = destination: unchanged”, but an unknown one
    # is known from now on: “`inferred`, `detached`, doubt `unplaced`”.
    if (material and material.state == "deleted") or move.source == move.destination:
        if material is None:
            new_material(state, material_id, "detached", "inferred")
            state.doubt("material", material_id, "unplaced")
        return

    tangle = state.open_tangle(material) if material else None
    # “the source is where the material is (or, when detached, was last)”
    here = (state.place_of(material) or material.last_location) if material else None
    if material is not None and tangle is None and here == state.resolve(move.source):
        # “If the source is where the material is, it goes to the destination.”
        remember_move(state, material, move)
        place(state, material, ensure(state, move.destination))
        return
    # "If the move equals the material's last move (same literal source and destination, within
    # the horizon, no first creation in between): no row changes, doubt `repeated-move`; in an open
    # tangle it is kept as an *optional* step."
    if material is not None and is_repeated(state, material, move):
        state.doubt("material", material_id, "repeated-move")
        if tangle is not None:
            tangle.optional.append((state.resolve(move.source), state.resolve(move.destination)))
        return

    # "Otherwise (also for an unknown material, which is then `inferred` and starts from nowhere) a
    # **tangle** opens: its start (where the material was, or nowhere)". "A detached material
    # starts from its last location."
    if material is None:
        material = new_material(state, material_id, "live", "inferred")
    if tangle is None:
        tangle = material.tangle = Tangle(opened=state.now, start=here)
        state.doubt("material", material_id, "moves-tangled")
    remember_move(state, material, move)
    # Source by resolve; destination as the place of the ensured class.
    source = state.resolve(move.source)
    tangle.moves.append((source, ensure(state, move.destination).place))
    place(state, material, ensure(state, decide(tangle)))


def is_repeated(state: State, material: MaterialRow, move: Move) -> bool:
    last = material.last_move
    return last is not None and state.recent(last.at) and same(last, move)


def same(one: Move, other: Move) -> bool:
    return (one.source, one.destination) == (other.source, other.destination)


def remember_move(state: State, material: MaterialRow, move: Move) -> None:
    """Every move but a repeated one is remembered.

    "An applied move equal to an earlier one of the material within the horizon leaves doubt
    `moved-again`."
    """
    if any(same(earlier, move) and state.recent(earlier.at) for earlier in material.moves):
        state.doubt("material", material.material_id, "moved-again")
    material.moves.append(move)
    material.last_move = move


def decide(tangle: Tangle) -> Place:
    """Where a tangle says that the material is."""
    # 1. "the one place entered once more often than left, if there is exactly one and all others
    # balance out … (tried with the optional steps, then without)"; else
    for steps in (tangle.moves + tangle.optional, tangle.moves):
        entered = [one for one in (tangle.start, tangle.creation) if one is not None]
        entered += [destination for _, destination in steps]
        left = [source for source, _ in steps]
        balance = {one: entered.count(one) - left.count(one) for one in entered + left}
        uneven = {one: surplus for one, surplus in balance.items() if surplus != 0}
        if list(uneven.values()) == [1]:
            return next(iter(uneven))
    # 2. "the destination of the newest move".
    return tangle.moves[-1][1]


# ------------------------------------------------------------------ modified and deleted


def modified(state: State, event: MaterialModified) -> None:
    state.touch("material", event.material_id)
    material = state.materials.get(event.material_id)
    if material is None:
        # “An unknown id becomes `inferred`, `detached`, doubt `unplaced`.”
        material = new_material(state, event.material_id, "detached", "inferred")
        state.doubt("material", event.material_id, "unplaced")
    if material.state == "deleted":
        return
    # "a non-empty name replaces the name; a non-empty tag list replaces that list; empty means
    # unchanged."
    if event.name:
        note_setting(state, material, "name", event.name)
        material.name = event.name
    if event.preset_tags:
        note_setting(state, material, "preset_tags", event.preset_tags)
        material.preset_tags = event.preset_tags
    if event.tags:
        note_setting(state, material, "tags", event.tags)
        material.tags = event.tags


def note_setting(state: State, material: MaterialRow, name: str, value: object) -> None:
    """“A field that an event set within the horizon gets another value: doubt `modified-twice`”."""
    earlier = material.set_by_events.get(name)
    if earlier is not None and state.recent(earlier[1]) and getattr(material, name) != value:
        state.doubt("material", material.material_id, "modified-twice")
    material.set_by_events[name] = (value, state.now)


def deleted(state: State, event: MaterialsDeleted) -> None:
    for material_id in event.material_ids:
        state.touch("material", material_id)
        bury(state, material_id)


def bury(state: State, material_id: str) -> None:
    """“terminal: a tombstone, also for an unknown id …; it ends the material's doubts”."""
    material = state.materials.get(material_id)
    if material is None:
        new_material(state, material_id, "deleted", "inferred")
        return
    material.last_location = state.place_of(material) or material.last_location
    material.state = "deleted"
    material.class_id = None
    material.tangle = None
    state.links = [link for link in state.links if link.material_id != material_id]
    state.settle("material", material_id)
