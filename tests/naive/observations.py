"""Observations: what reconciliation read from the platform, as of a moment in the journal."""

from tests.naive.classes import add, remove, root
from tests.naive.decode import (
    ClassesObserved,
    MaterialsMissing,
    MaterialsObserved,
    ObservedLink,
    ObservedMaterial,
    ProjectsObserved,
    TasksObserved,
)
from tests.naive.materials import bury, describe_file, known_file, new_material, place
from tests.naive.paths import ROOT, Owner, Place, prefixes
from tests.naive.state import ClassRow, LinkRow, MaterialRow, ProjectRow, State, TaskRow


def named_since(state: State, kind: str, key: str) -> bool:
    """“What a delivery after `as_of_seq` named is skipped, whatever its outcome”."""
    return state.touched.get((kind, key), 0) > state.as_of_seq


def ensure_observed(state: State, spot: Place) -> ClassRow:
    """The class at a literal path.

    What is missing on the way is created `observed`, what was `inferred` becomes it. Whether it is
    only a guess is for a list of classes to say.
    """
    row = root(state, spot.owner)
    for path in reversed(prefixes(spot.path)):
        here = Place(spot.owner, path)
        row = state.standing(here) or add(state, here, "observed")
        if row.origin == "inferred":
            row.origin = "observed"
    return row


# ------------------------------------------------------------------------------ materials


def materials_observed(state: State, event: MaterialsObserved) -> None:
    for seen in event.materials:
        root(state, seen.owner)
        if seen.link is not None and seen.link.target_owner is not None:
            root(state, seen.link.target_owner)
    for seen in event.materials:
        if not named_since(state, "material", seen.material_id):
            state.touch("material", seen.material_id)
            observe_one(state, seen)


def observe_one(state: State, seen: ObservedMaterial) -> None:
    material = state.materials.get(seen.material_id)
    if material is None:
        material = new_material(state, seen.material_id, "detached", "observed")
        state.doubt("material", seen.material_id, "unplaced")
    if material.state == "deleted":
        # “Only an observation can bring it back.”
        material.state = "detached"
        state.doubt("material", seen.material_id, "unplaced")

    if material.origin != "event":
        material.origin = "observed"
    observe_attributes(state, material, seen)

    here = state.place_of(material)
    owners = {seen.owner} if here is None else {seen.owner, here.owner}
    if any(state.structure_seq.get(owner, 0) > state.as_of_seq for owner in owners):
        # "Skipped things stay in doubt": only doubts about attributes end, an open tangle stays.
        state.settle("material", seen.material_id, "modified-twice")
        return
    # "closes tangles, settles doubts".
    material.tangle = None
    place(state, material, ensure_observed(state, Place(seen.owner, seen.path)))
    # A material is in one class, so the observation ends its placements.
    state.links = [
        link
        for link in state.links
        if link.material_id != seen.material_id or link.kind != "placement"
    ]
    state.settle("material", seen.material_id)


def observe_attributes(state: State, material: MaterialRow, seen: ObservedMaterial) -> None:
    """“authoritative name, tags, type, location, file, metadata, link details”.

    What is absent is kept.
    """
    if seen.name is not None:
        material.name = seen.name
    if seen.material_type is not None:
        material.material_type = seen.material_type
    if seen.preset_tags is not None:
        material.preset_tags = seen.preset_tags
    if seen.tags is not None:
        material.tags = seen.tags
    if seen.file_id is not None:
        material.file_id = seen.file_id
    if material.file_id is not None:
        describe_file(state, material.file_id, seen.metadata)
        if seen.operation_type is not None:
            known_file(state, material.file_id).operation_type = seen.operation_type
    if seen.link is not None:
        observe_link(state, seen.material_id, seen.link)
    elif seen.material_type not in {None, "LINK"}:
        # “a material seen to be something else is no link”
        state.links = [
            link
            for link in state.links
            if link.material_id != seen.material_id or link.kind == "placement"
        ]


def observe_link(state: State, material_id: str, seen: ObservedLink) -> None:
    """A material is at most one link; placements are another matter.

    “A link whose target is gone may be shown without it: what was known of it stays.”
    """
    known = [
        link for link in state.links if link.material_id == material_id and link.kind == seen.kind
    ]
    if known and seen.target_material_id is None and seen.target_owner is None:
        known[0].status = seen.status
        return
    state.links = [
        link for link in state.links if link.material_id != material_id or link.kind == "placement"
    ]
    state.links.append(
        LinkRow(
            material_id=material_id,
            kind=seen.kind,
            target_material_id=seen.target_material_id,
            target_owner=seen.target_owner,
            target_class_path=seen.target_class_path,
            status=seen.status,
        )
    )


def materials_missing(state: State, event: MaterialsMissing) -> None:
    for material_id in event.material_ids:
        if not named_since(state, "material", material_id):
            state.touch("material", material_id)
            bury(state, material_id)


# -------------------------------------------------------------------------------- classes


def classes_observed(state: State, event: ClassesObserved) -> None:
    """The classes of one owner.

    "the complete set. Missing ones are created, `inferred` ones become `observed`, extra ones are
    removed (their materials detached, in doubt)."
    """
    root(state, event.owner)
    if state.structure_seq.get(event.owner, 0) > state.as_of_seq:
        return
    ensure_observed(state, Place(event.owner, ROOT))
    for path in event.paths:
        ensure_observed(state, Place(event.owner, path))
    # "implied ancestors belong to the set".
    complete = {ROOT} | {above for path in event.paths for above in prefixes(path)}
    for row in of_owner(state, event.owner):
        # “an API that lists no preset at all hides them: they stay”
        hidden = row.place.path in state.presets and complete.isdisjoint(state.presets)
        hidden = hidden and row.place not in state.used_presets
        if row.place.path not in complete and row.class_id in state.classes and not hidden:
            # "presets go on counting", and nothing was deleted by an event.
            remove(state, row, remember=False)
    for row in of_owner(state, event.owner):
        row.guess = False
        state.settle("class", row.class_id)
    # “The owner counts as completely observed from here on.”
    state.completely_observed.add(event.owner)


def of_owner(state: State, owner: Owner) -> list[ClassRow]:
    found = [row for row in state.classes.values() if row.place.owner == owner]
    return sorted(found, key=lambda row: row.place.path)


# --------------------------------------------------------------------- projects and tasks


def projects_observed(state: State, event: ProjectsObserved) -> None:
    """“upsert; a project absent from a complete listing is marked gone”."""
    for seen in event.projects:
        if named_since(state, "project", seen.project_id):
            continue
        state.touch("project", seen.project_id)
        row = state.projects.setdefault(seen.project_id, ProjectRow(seen.project_id))
        row.name = row.name if seen.name is None else seen.name
        row.category = seen.category or row.category
        row.gone = False
        if seen.status is not None:
            observe_status(row, seen.status)
        state.settle("project", seen.project_id)
    if event.complete:
        listed = {seen.project_id for seen in event.projects}
        for row in state.projects.values():
            if row.project_id not in listed and not named_since(state, "project", row.project_id):
                row.gone = True
                state.settle("project", row.project_id)


def observe_status(row: ProjectRow, status: str) -> None:
    """The platform reads Idle, Working, Started or Stopped; any other says nothing of running."""
    row.status = status
    if status in {"Working", "Started"}:
        row.running = True
        row.interrupted_inputs = row.interrupted_outputs = ()
    elif status in {"Idle", "Stopped"}:
        row.running = row.pvw_on = row.pgm_on = False
        row.interrupted_inputs = row.interrupted_outputs = ()


def tasks_observed(state: State, event: TasksObserved) -> None:
    for seen in event.tasks:
        if named_since(state, "task", seen.task_id):
            continue
        state.touch("task", seen.task_id)
        row = state.tasks.setdefault(seen.task_id, TaskRow(seen.task_id))
        row.status = row.status if seen.status is None else seen.status
        row.err_code = row.err_code if seen.err_code is None else seen.err_code
        row.err_msg = row.err_msg if seen.err_msg is None else seen.err_msg
        row.material_id = seen.material_id or row.material_id
        row.file_id = seen.file_id or row.file_id
        if seen.file_id is not None:
            known_file(state, seen.file_id)
