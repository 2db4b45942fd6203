"""Owners, paths, ids, sets and texts, in every spelling that is accepted."""

import pytest

from mirror.core.events import (
    ClassesDeleted,
    ExportCompleted,
    FileCreated,
    ImportedMaterial,
    MaterialModified,
)
from mirror.core.model import FileId, MaterialId, Owner, Place, TaskId
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


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("PERSON", "PERSON"),
        ("person", "PERSON"),
        ("PESRON", "PERSON"),
        ("PERESON", "PERSON"),
        ("Pesron", "PERSON"),
        ("Team", "TEAM"),
        ("robot", "ROBOT"),
        ("机构", "机构"),
    ],
)
def test_an_owner_type_is_upper_case_and_spelled_properly(given: str, meant: str) -> None:
    owner = {"Type": given, "Id": "x"}
    event = understood(decoded("Class.Created", {"Owner": owner, "ClassPath": "/a"}))
    assert event.place.owner == Owner(meant, "x")


def test_an_owner_may_hold_more_than_it_needs() -> None:
    event = understood(decoded("Class.Created", {"Owner": PERSON | {"Name": 1}}))
    assert event.place.owner == OWN


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (None, "/"),
        ("", "/"),
        ("/", "/"),
        ("//", "/"),
        ("a", "/a"),
        ("/a/", "/a"),
        ("//a///b//", "/a/b"),
        ("/ a /. /..", "/ a /. /.."),
        ("/e\u0301", "/e\u0301"),
    ],
)
def test_a_path_is_normalised_and_keeps_its_code_points(given: str | None, meant: str) -> None:
    event = understood(decoded("Class.Created", {"Owner": PERSON, "ClassPath": given}))
    assert event.place.path == meant


@pytest.mark.parametrize(
    ("event_type", "field", "attribute"),
    [
        ("Storage.NewFileCreated", "ClassPath", "place"),
        ("Material.Imported", "ClassPath", "place"),
        ("Material.Added", "ClassPath", "place"),
        ("Material.Moved", "SourceClassPath", "source"),
        ("Material.Moved", "DestinationClassPath", "destination"),
        ("Class.Created", "ClassPath", "place"),
        ("Class.Moved", "DestinationClassPath", "destination"),
    ],
)
def test_a_missing_or_null_path_of_a_valid_owner_is_the_root(
    event_type: str, field: str, attribute: str
) -> None:
    without = {name: value for name, value in PAYLOADS[event_type].items() if name != field}
    for payload in (without, changed(event_type, **{field: None})):
        assert getattr(understood(decoded(event_type, payload)), attribute).path == "/"


def test_paths_in_a_set_are_normalised_before_they_count_once() -> None:
    payload = changed("Class.Moved", SourceClassPathSet=["/b", "a/", "/a", "b//", ""])
    assert understood(decoded("Class.Moved", payload)).source_paths == ("/b", "/a", "/")


@pytest.mark.parametrize("proper", [{}, {"ClassPathSet": None}])
def test_deleted_classes_may_be_called_source_paths(proper: dict[str, None]) -> None:
    payload: dict[str, object] = {"Owner": PERSON, "SourceClassPathSet": ["/a"]}
    payload |= proper
    assert understood(decoded("Class.Deleted", payload)) == ClassesDeleted(OWN, ("/a",))


def test_deleted_classes_in_their_proper_field_win() -> None:
    payload = {"Owner": PERSON, "SourceClassPathSet": ["/a"], "ClassPathSet": ["/b"]}
    assert understood(decoded("Class.Deleted", payload)) == ClassesDeleted(OWN, ("/b",))


def test_ids_in_a_set_count_once_and_keep_their_order() -> None:
    payload = {"MaterialIdSet": ["m3", "m1", "m3", "m2", "m1"]}
    event = understood(decoded("Material.Deleted", payload))
    assert event.material_ids == ("m3", "m1", "m2")


def test_a_whole_number_stands_for_the_id_that_it_spells() -> None:
    payload = {"MaterialIdSet": [5285890818667600001, "5285890818667600001", 0]}
    event = understood(decoded("Material.Deleted", payload))
    assert event.material_ids == ("5285890818667600001", "0")


def test_preset_tags_are_ids_and_may_be_numbers() -> None:
    payload = changed("Material.Modified", PresetTagIdSet=[100, "101"])
    assert understood(decoded("Material.Modified", payload)).preset_tags == ("100", "101")


def test_imported_media_may_be_plain_ids_and_records_mixed() -> None:
    media = ["m1", {"MaterialId": "m2"}, {"MaterialId": "m3", "FileId": "f3"}, 4]
    event = understood(
        decoded("Material.Imported", changed("Material.Imported", MediaInfoSet=media))
    )
    assert event.materials == (
        ImportedMaterial(material_of(1)),
        ImportedMaterial(material_of(2)),
        ImportedMaterial(material_of(3), FileId("f3")),
        ImportedMaterial(MaterialId("4")),
    )


def test_media_imported_twice_count_once_with_the_first_file_that_is_known() -> None:
    media = ["m1", {"MaterialId": "m2"}, {"MaterialId": "m1", "FileId": "f1"}]
    media.append({"MaterialId": "m1", "FileId": "f2"})
    event = understood(
        decoded("Material.Imported", changed("Material.Imported", MediaInfoSet=media))
    )
    assert event.materials == (
        ImportedMaterial(material_of(1), FileId("f1")),
        ImportedMaterial(material_of(2)),
    )


@pytest.mark.parametrize("empty", ["", None])
def test_empty_optional_fields_are_not_known(empty: str | None) -> None:
    created = {"MaterialId": "m1", "Owner": PERSON, "FileId": empty, "TaskId": empty}
    created |= {"OperationType": empty, "SourceContext": empty}
    assert understood(decoded("Storage.NewFileCreated", created)) == FileCreated(
        None, material_of(1), Place(OWN, "/")
    )
    assert understood(
        decoded("Material.Modified", {"MaterialId": "m1", "Name": empty})
    ) == MaterialModified(material_of(1))
    exported = {"TaskId": "t1", "Status": "FAIL", "ErrMsg": empty}
    assert understood(decoded("Task.VideoExportCompleted", exported)) == ExportCompleted(
        TaskId("t1"), "FAIL"
    )


def test_an_empty_set_of_tags_changes_nothing() -> None:
    payload: dict[str, object] = {
        "MaterialId": "m1",
        "Name": "n",
        "PresetTagIdSet": [],
        "TagSet": None,
    }
    event = understood(decoded("Material.Modified", payload))
    assert event == MaterialModified(material_of(1), "n")


def test_the_inner_operator_of_a_new_file_is_ignored() -> None:
    payload = changed("Storage.NewFileCreated", Operator={"any": ["thing"]})
    expected = decoded("Storage.NewFileCreated", PAYLOADS["Storage.NewFileCreated"])
    assert decoded("Storage.NewFileCreated", payload) == expected


def test_a_stream_address_longer_than_an_id_is_kept_as_it_came() -> None:
    address = "rtmp://live.example.com/" + "x" * 1000
    payload = changed(
        "Storage.NewFileCreated", OperationType="LiveStreamClip", SourceContext=address
    )
    assert understood(decoded("Storage.NewFileCreated", payload)).source_context == address


def test_a_name_keeps_every_character() -> None:
    name = " \t\r\n\x01\x7f<b>&\"'/\\ 😀 \u202e e\u0301 "
    payload = changed("Material.Modified", Name=name)
    assert understood(decoded("Material.Modified", payload)).name == name
