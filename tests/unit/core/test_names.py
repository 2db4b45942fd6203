"""Which owners, materials, files, projects and tasks an event names."""

from typing import Any, get_args

import pytest

from mirror.core.events import Event
from mirror.core.model import FileId, MaterialId, Owner, ProjectId, TaskId
from mirror.core.names import Names, named
from tests.unit.core.bodies import PAYLOADS, PERSON, TEAM, decoded, understood

ANN = Owner("PERSON", "p1")
CREW = Owner("TEAM", "t1")
M1, M2, M3 = MaterialId("m1"), MaterialId("m2"), MaterialId("m3")
F1 = FileId("f1")

NAMES = {
    "Storage.NewFileCreated": Names((ANN,), (M1,), (F1,)),
    "Material.Imported": Names((ANN,), (M1,), (F1,)),
    "Material.Added": Names((ANN,), (M1, M2)),
    "Material.Moved": Names((ANN, CREW), (M1, M2)),
    "Material.Modified": Names(material_ids=(M1,)),
    "Material.Deleted": Names(material_ids=(M1, M2)),
    "Class.Created": Names((ANN,)),
    "Class.Moved": Names((ANN, CREW)),
    "Class.Deleted": Names((ANN,)),
    "Project.StreamConnect.StatusChanged": Names(project_ids=(ProjectId("p1"),)),
    "Project.Switcher.StatusChanged": Names(project_ids=(ProjectId("p1"),)),
    "Project.MediaCast.StatusChanged": Names(project_ids=(ProjectId("p1"),)),
    "Task.VideoExportCompleted": Names((), (M1,), (F1,), (), (TaskId("t1"),)),
    "Mirror.Materials.Observed": Names((ANN,), (M1,), (F1,)),
    "Mirror.Materials.Missing": Names(material_ids=(M1, M2)),
    "Mirror.Classes.Observed": Names((ANN,)),
    "Mirror.Projects.Observed": Names(project_ids=(ProjectId("p1"),)),
    "Mirror.Tasks.Observed": Names((), (M1,), (F1,), (), (TaskId("t1"),)),
}


def names_of(event_type: str, payload: dict[str, Any]) -> Names:
    return named(understood(decoded(event_type, payload)))


@pytest.mark.parametrize("event_type", PAYLOADS)
def test_an_event_names_these(event_type: str) -> None:
    assert names_of(event_type, PAYLOADS[event_type]) == NAMES[event_type]


def test_every_event_is_tried_here() -> None:
    tried = {type(understood(decoded(kind, payload))) for kind, payload in PAYLOADS.items()}
    assert tried == set(get_args(Event))


@pytest.mark.parametrize(
    ("event_type", "field"),
    [("Material.Moved", "MaterialIdSet"), ("Class.Moved", "SourceClassPathSet")],
)
def test_a_move_names_the_source_owner_first_and_one_owner_once(
    event_type: str, field: str
) -> None:
    backwards = {field: ["/m1"], "SourceOwner": TEAM, "DestinationOwner": PERSON}
    assert names_of(event_type, backwards).owners == (CREW, ANN)
    assert names_of(event_type, backwards | {"SourceOwner": PERSON}).owners == (ANN,)


def test_observed_materials_name_their_owners_and_files_once_in_order() -> None:
    seen = [
        {"MaterialId": "m3", "Owner": TEAM, "ClassPath": "/", "FileId": "f1"},
        {"MaterialId": "m1", "Owner": PERSON, "ClassPath": "/"},
        {"MaterialId": "m2", "Owner": TEAM, "ClassPath": "/", "FileId": "f1"},
    ]
    names = names_of("Mirror.Materials.Observed", {"AsOfSeq": 0, "MaterialSet": seen})
    assert names == Names((CREW, ANN), (M3, M1, M2), (F1,))


def test_imported_media_without_a_file_name_none() -> None:
    media = ["m1", {"MaterialId": "m2", "FileId": "f1"}, {"MaterialId": "m3", "FileId": "f1"}]
    names = names_of("Material.Imported", {"MediaInfoSet": media, "Owner": TEAM})
    assert names == Names((CREW,), (M1, M2, M3), (F1,))


def test_what_is_not_given_is_not_named() -> None:
    created = names_of("Storage.NewFileCreated", {"MaterialId": "m1", "Owner": TEAM})
    assert created == Names((CREW,), (M1,))
    nothing: tuple[object, ...] = (None, {})
    for output in nothing:
        exported = {"TaskId": "t1", "Status": "FAIL", "Output": output}
        assert names_of("Task.VideoExportCompleted", exported) == Names(task_ids=(TaskId("t1"),))
    task = {"AsOfSeq": 0, "TaskSet": [{"TaskId": "t1"}]}
    assert names_of("Mirror.Tasks.Observed", task) == Names(task_ids=(TaskId("t1"),))
