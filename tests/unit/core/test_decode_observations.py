"""What a reconciliation has observed."""

import pytest

from mirror.core.events import (
    ClassesObserved,
    Decoded,
    MaterialsMissing,
    MaterialsObserved,
    MetaData,
    ObservedLink,
    ObservedMaterial,
    ObservedProject,
    ObservedTask,
    ProjectsObserved,
    TasksObserved,
)
from mirror.core.model import FileId, MaterialId, Owner, Place, ProjectId, Seq, TaskId
from tests.unit.core.bodies import (
    PAYLOADS,
    PERSON,
    changed,
    decoded,
    understood,
)


def material_of(number: int) -> MaterialId:
    return MaterialId(f"m{number}")


OWN = Owner("PERSON", "p1")
OTHERS = Owner("TEAM", "t1")


def test_observed_materials() -> None:
    event = understood(decoded("Mirror.Materials.Observed", PAYLOADS["Mirror.Materials.Observed"]))
    assert event == MaterialsObserved(
        Seq(7),
        (
            ObservedMaterial(
                material_of(1),
                Place(OWN, "/a"),
                "name",
                "LINK",
                ("100",),
                ("tag",),
                FileId("f1"),
                "Upload",
                MetaData(size_bytes=1, duration_seconds=2.0, container="mp4"),
                "https://vod.example.com/1.mp4",
                "https://vod.example.com/1.jpg",
                ObservedLink("class", material_of(2), Place(OTHERS, "/b"), "Normal"),
            ),
        ),
    )


def test_an_observed_material_with_no_tags_is_not_one_whose_tags_are_not_known() -> None:
    seen = [
        {"MaterialId": "m1", "Owner": PERSON, "ClassPath": "/", "TagSet": [], "PresetTagIdSet": []},
        {"MaterialId": "m2", "Owner": PERSON, "ClassPath": "/", "TagSet": None},
    ]
    event = understood(decoded("Mirror.Materials.Observed", {"AsOfSeq": 0, "MaterialSet": seen}))
    assert event.materials == (
        ObservedMaterial(material_of(1), Place(OWN, "/"), preset_tags=(), tags=()),
        ObservedMaterial(material_of(2), Place(OWN, "/")),
    )


def test_of_a_material_observed_twice_the_later_reading_holds() -> None:
    seen = [
        {"MaterialId": "m1", "Owner": PERSON, "ClassPath": "/", "Name": "old"},
        {"MaterialId": "m2", "Owner": PERSON, "ClassPath": "/"},
        {"MaterialId": "m1", "Owner": PERSON, "ClassPath": "/", "Name": "new"},
    ]
    event = understood(decoded("Mirror.Materials.Observed", {"AsOfSeq": 0, "MaterialSet": seen}))
    assert [(m.material_id, m.name) for m in event.materials] == [("m1", "new"), ("m2", None)]


def test_a_link_whose_target_is_not_known() -> None:
    seen = [{"MaterialId": "m1", "Owner": PERSON, "ClassPath": "/", "Link": {"Kind": "material"}}]
    event = understood(decoded("Mirror.Materials.Observed", {"AsOfSeq": 0, "MaterialSet": seen}))
    assert event.materials[0].link == ObservedLink("material")


def test_the_other_observations() -> None:
    def meaning(event_type: str) -> object:
        return understood(decoded(event_type, PAYLOADS[event_type]))

    assert meaning("Mirror.Materials.Missing") == MaterialsMissing(
        Seq(7), (material_of(1), material_of(2))
    )
    assert meaning("Mirror.Classes.Observed") == ClassesObserved(Seq(7), OWN, ("/a", "/b"))
    assert meaning("Mirror.Projects.Observed") == ProjectsObserved(
        Seq(7),
        complete=True,
        projects=(ObservedProject(ProjectId("p1"), "SWITCHER", "name", "Started"),),
    )
    assert meaning("Mirror.Tasks.Observed") == TasksObserved(
        Seq(7),
        (ObservedTask(TaskId("t1"), "SUCCESS", 0, "message", material_of(1), FileId("f1")),),
    )


@pytest.mark.parametrize(
    ("event_type", "field"),
    [
        ("Mirror.Materials.Observed", "MaterialSet"),
        ("Mirror.Materials.Missing", "MaterialIdSet"),
        ("Mirror.Classes.Observed", "ClassPathSet"),
        ("Mirror.Projects.Observed", "ProjectSet"),
        ("Mirror.Tasks.Observed", "TaskSet"),
    ],
)
def test_an_observation_may_have_found_nothing(event_type: str, field: str) -> None:
    assert isinstance(decoded(event_type, changed(event_type, **{field: []})), Decoded)
