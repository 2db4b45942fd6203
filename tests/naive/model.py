"""The naive mirror: deliveries in, the rows of the public views out.

Read it beside `docs/semantics.md`. Its parts: `decode` (bytes to event), `classes`, `materials`,
`projects`, `observations` (an event's effect), `state` (what is remembered), `views` (rows out).
"""

from collections.abc import Sequence
from dataclasses import fields
from typing import assert_never

from tests.naive import classes, materials, observations, projects, views
from tests.naive.decode import (
    ClassCreated,
    ClassDeleted,
    ClassesObserved,
    ClassMoved,
    Creation,
    Event,
    ExportCompleted,
    MaterialModified,
    MaterialsDeleted,
    MaterialsMissing,
    MaterialsMoved,
    MaterialsObserved,
    ProjectsObserved,
    ProjectStatus,
    Quarantined,
    TasksObserved,
    Unrecognised,
    decode,
)
from tests.naive.state import PRESETS, State
from tests.naive.views import Row

__all__ = ["PRESETS", "NaiveMirror"]

Snapshot = dict[tuple[str, object], tuple[object, ...]]


class NaiveMirror:
    """A mirror of one platform. Whether a delivery is a redelivery is told, not decided."""

    def __init__(self, horizon_us: int = 600_000_000, presets: Sequence[str] = PRESETS) -> None:
        self.state = State(horizon_us, presets)
        self.log: list[Row] = []

    @property
    def seq(self) -> int:
        """The last delivery's seq: "1, 2, 3 … without gaps"; 0 before the first."""
        return self.state.seq

    def deliver(
        self,
        body: bytes,
        received_at_us: int,
        source: str = "callback",
        redelivery_of: int | None = None,
    ) -> str:
        """Takes one delivery in and returns its outcome."""
        state = self.state
        state.seq += 1
        # "max(its arrival time, the logical time before it)".
        state.now = max(state.now, received_at_us)
        event_type, event = decode(body, source)

        if redelivery_of is not None:
            outcome = "redelivery"
            touch_again(state, event)
        elif isinstance(event, Quarantined):
            outcome = "quarantined"
        elif isinstance(event, Unrecognised):
            outcome = "unrecognised"
        else:
            before = snapshot(state)
            apply(state, event)
            outcome = "applied" if stamp(state, before) else "unchanged"

        self.log.append(
            {
                "seq": state.seq,
                "event_type": event_type,
                "outcome": outcome,
                "redelivery_of": redelivery_of,
            }
        )
        return outcome

    def class_tree(self) -> list[Row]:
        return views.class_tree(self.state)

    def media_tree(self) -> list[Row]:
        return views.media_tree(self.state)

    def media_gone(self) -> list[Row]:
        return views.media_gone(self.state)

    def media_files(self) -> list[Row]:
        return views.media_files(self.state)

    def media_links(self) -> list[Row]:
        return views.media_links(self.state)

    def material_tags(self) -> list[Row]:
        return views.material_tags(self.state)

    def project_board(self) -> list[Row]:
        return views.project_board(self.state)

    def project_timeline(self) -> list[Row]:
        return views.project_timeline(self.state)

    def export_tasks(self) -> list[Row]:
        return views.export_tasks(self.state)

    def open_doubts(self) -> list[Row]:
        return views.open_doubts(self.state)

    def delivery_log(self) -> list[Row]:
        return [row.copy() for row in self.log]


def touch_again(  # noqa: C901 - one arm an event
    state: State, event: Event | Quarantined | Unrecognised
) -> None:
    """“What a delivery after `as_of_seq` named is skipped, whatever its outcome”."""
    state.as_of_seq = state.seq
    match event:
        case Creation():
            for entry in event.entries:
                state.touch("material", entry.material_id)
        case MaterialsMoved() | MaterialsDeleted() | MaterialsMissing():
            for material_id in event.material_ids:
                state.touch("material", material_id)
        case MaterialModified():
            state.touch("material", event.material_id)
        case MaterialsObserved():
            for seen in event.materials:
                state.touch("material", seen.material_id)
        case ProjectStatus():
            state.touch("project", event.project_id)
        case ProjectsObserved():
            for project in event.projects:
                state.touch("project", project.project_id)
        case ExportCompleted():
            state.touch("task", event.task_id)
            if event.material_id is not None:
                state.touch("material", event.material_id)
        case TasksObserved():
            for task in event.tasks:
                state.touch("task", task.task_id)
        case _:
            pass  # classes are not named by id


def apply(state: State, event: Event) -> None:  # noqa: C901  # one arm an event
    """One event, one effect. An observation acts as of the moment it was read."""
    state.as_of_seq = getattr(event, "as_of_seq", state.seq)
    match event:
        case Creation():
            materials.created(state, event)
        case MaterialsMoved():
            materials.moved(state, event)
        case MaterialModified():
            materials.modified(state, event)
        case MaterialsDeleted():
            materials.deleted(state, event)
        case ClassCreated():
            classes.class_created(state, event)
        case ClassMoved():
            classes.class_moved(state, event)
        case ClassDeleted():
            classes.class_deleted(state, event)
        case ProjectStatus():
            projects.project_status(state, event)
        case ExportCompleted():
            projects.export_completed(state, event)
        case MaterialsObserved():
            observations.materials_observed(state, event)
        case MaterialsMissing():
            observations.materials_missing(state, event)
        case ClassesObserved():
            observations.classes_observed(state, event)
        case ProjectsObserved():
            observations.projects_observed(state, event)
        case TasksObserved():
            observations.tasks_observed(state, event)
        case _:
            assert_never(event)


def snapshot(state: State) -> Snapshot:
    """What a change of is a change: each row's public columns, times and seqs left out.

    A material's class is its id here: "moves of classes above it do not change it".
    """
    rows: Snapshot = {}
    for one in state.classes.values():
        rows["class", one.class_id] = (one.place, one.origin)
    for material in state.materials.values():
        rows["material", material.material_id] = (
            material.state,
            material.class_id,
            material.last_location,
            material.name,
            material.material_type,
            material.file_id,
            material.origin,
            material.preset_tags,
            material.tags,
        )
    for file in state.files.values():
        rows["file", file.file_id] = tuple(vars(file).values())
    for link in state.links:
        rows["link", (link.material_id, link.kind, link.class_id)] = tuple(vars(link).values())
    for project in state.projects.values():
        rows["project", project.project_id] = (
            project.status,
            project.running,
            project.pvw_on,
            project.pgm_on,
            project.interrupted_inputs,
            project.interrupted_outputs,
            project.category,
            project.name,
            project.gone,
        )
    for task in state.tasks.values():
        rows["task", task.task_id] = tuple(
            getattr(task, column.name) for column in fields(task) if column.name != "seq"
        )
    return rows


def stamp(state: State, before: Snapshot) -> bool:
    """Writes `created_seq` and `changed_seq` where a row changed; whether any did."""
    after = snapshot(state)
    for key, columns in after.items():
        if before.get(key) == columns:
            continue
        match key:
            case "class", int() as class_id:
                state.classes[class_id].changed_seq = state.seq
            case "material", str() as material_id:
                material = state.materials[material_id]
                material.changed_seq = state.seq
                material.created_seq = material.created_seq or state.seq
            case "project", str() as project_id:
                state.projects[project_id].changed_seq = state.seq
            case "task", str() as task_id:
                state.tasks[task_id].seq = state.seq
            case _:
                pass
    return after != before
