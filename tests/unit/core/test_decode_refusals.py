"""Payloads that cannot be used: the reason names the field and what was found there."""

import pytest

from mirror.core.decode import decode
from tests.unit.core.bodies import (
    PAYLOADS,
    PERSON,
    body,
    changed,
    decoded,
    key_of,
    quarantined,
    understood,
)


@pytest.mark.parametrize("event_type", PAYLOADS)
@pytest.mark.parametrize(
    ("payload", "spoilt"),
    [
        (None, "is null"),
        (True, "is not an object but a boolean"),
        (1, "is not an object but a number"),
        ("{}", "is not an object but a string"),
        ([{}], "is not an object but an array"),
    ],
)
def test_a_payload_is_an_object(event_type: str, payload: object, spoilt: str) -> None:
    reason = quarantined(decoded(event_type, payload))
    assert reason == f"{key_of(event_type)} {spoilt}"


def test_the_place_in_a_set_is_named() -> None:
    payload = changed("Material.Moved", MaterialIdSet=["a", "b", "c", {"MaterialId": "d"}])
    reason = quarantined(decoded("Material.Moved", payload))
    assert reason == "MaterialMovedEvent.MaterialIdSet[3] is not a string but an object"


@pytest.mark.parametrize("event_type", ["Material.Deleted", "Material.Added"])
@pytest.mark.parametrize("number", [-1, 10**255, 0.0, 1e300])
def test_a_number_that_spells_no_plain_id_is_none(event_type: str, number: float) -> None:
    payload = changed(event_type, MaterialIdSet=[number])
    reason = quarantined(decoded(event_type, payload))
    assert reason == f"{key_of(event_type)}.MaterialIdSet[0] is not a string but a number"


def test_an_empty_id_or_tag_in_a_set_is_named() -> None:
    payload = changed("Material.Deleted", MaterialIdSet=["a", ""])
    reason = quarantined(decoded("Material.Deleted", payload))
    assert reason == "MaterialDeletedEvent.MaterialIdSet[1] is empty"
    payload = changed("Material.Modified", TagSet=["a", ""])
    reason = quarantined(decoded("Material.Modified", payload))
    assert reason == "MaterialModifiedEvent.TagSet[1] is empty"


def test_the_empty_structure_of_a_new_file_lacks_what_its_rule_needs() -> None:
    payload = {"FileId": "", "MaterialId": "", "Owner": {"Type": "", "Id": ""}, "ClassPath": ""}
    reason = quarantined(decoded("Storage.NewFileCreated", payload))
    assert reason == "StorageNewFileCreatedEvent.MaterialId is empty"


def test_an_owner_type_may_not_grow_beyond_255_bytes_in_upper_case() -> None:
    owner = {"Type": "ŉ" * 127, "Id": "x"}
    reason = quarantined(decoded("Class.Created", {"Owner": owner}))
    assert reason == "ClassCreatedEvent.Owner.Type has 381 bytes, more than 255"


@pytest.mark.parametrize(
    "path", ["/" + "x" * 1999, "x" * 1999, "//" + "类" * 666 + "x/", "/x" * 1000, "/" * 9000 + "x"]
)
def test_a_path_of_2000_bytes_is_taken_however_it_is_written(path: str) -> None:
    event = understood(decoded("Class.Created", {"Owner": PERSON, "ClassPath": path}))
    assert len(event.place.path.encode()) <= 2000
    longer = decoded("Class.Created", {"Owner": PERSON, "ClassPath": path + "x" * 1999})
    assert quarantined(longer).startswith("ClassCreatedEvent.ClassPath has ")
    assert quarantined(longer).endswith(" bytes, more than 2000")


def test_a_tag_has_at_most_2000_bytes_as_it_is_part_of_a_key() -> None:
    longest = "签" * 666
    event = understood(decoded("Material.Modified", {"MaterialId": "m", "TagSet": [longest]}))
    assert event.tags == (longest,)
    longer = decoded("Material.Modified", {"MaterialId": "m", "TagSet": ["a", longest + "签"]})
    assert quarantined(longer) == "MaterialModifiedEvent.TagSet[1] has 2001 bytes, more than 2000"


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 1e300, 0.5])
def test_a_whole_number_fits_into_64_bits(number: float) -> None:
    payload = {"TaskId": "t", "Status": "s", "ErrCode": number}
    reason = quarantined(decoded("Task.VideoExportCompleted", payload))
    assert reason == "VideoExportCompletedEvent.ErrCode is not a whole number of 64 bits"
    for fits in (2**63 - 1, -(2**63)):
        payload = {"TaskId": "t", "Status": "s", "ErrCode": fits}
        assert understood(decoded("Task.VideoExportCompleted", payload)).err_code == fits


def test_a_duration_that_is_a_huge_integer_is_named() -> None:
    metadata = {"MetaData": {"Duration": 10**400}}
    payload = {"TaskId": "t", "Status": "s", "Output": metadata}
    reason = quarantined(decoded("Task.VideoExportCompleted", payload))
    field = "VideoExportCompletedEvent.Output.MetaData.Duration"
    assert reason == f"{field} is not a number of 64 bits"


def test_an_observation_begins_at_a_place_of_the_journal() -> None:
    payload = changed("Mirror.Materials.Missing", AsOfSeq=-1)
    reason = quarantined(decoded("Mirror.Materials.Missing", payload))
    assert reason == "MirrorMaterialsMissingEvent.AsOfSeq is negative"


def test_a_link_is_to_a_material_or_a_class() -> None:
    link = {"Kind": "placement"}
    seen = [{"MaterialId": "m", "Owner": PERSON, "ClassPath": "/", "Link": link}]
    outcome = decoded("Mirror.Materials.Observed", {"AsOfSeq": 0, "MaterialSet": seen})
    field = "MirrorMaterialsObservedEvent.MaterialSet[0].Link.Kind"
    assert quarantined(outcome) == f"{field} is neither material nor class"


def test_a_link_to_a_path_names_the_owner() -> None:
    link = {"Kind": "class", "TargetClassPath": "/a"}
    seen = [{"MaterialId": "m", "Owner": PERSON, "ClassPath": "/", "Link": link}]
    outcome = decoded("Mirror.Materials.Observed", {"AsOfSeq": 0, "MaterialSet": seen})
    field = "MirrorMaterialsObservedEvent.MaterialSet[0].Link.TargetOwner"
    assert quarantined(outcome) == f"{field} is missing"


def test_an_interruption_of_the_wrong_type_is_named() -> None:
    stream = {"ProjectId": "p", "Status": "InputInterrupted", "InputInterruptInfo": "Main"}
    reason = quarantined(decoded("Project.StreamConnect.StatusChanged", stream))
    field = "ProjectStreamConnectStatusChangedEvent.InputInterruptInfo"
    assert reason == f"{field} is not an object but a string"
    stream["InputInterruptInfo"] = {"EndPoint": 1}  # type: ignore[assignment]
    reason = quarantined(decoded("Project.StreamConnect.StatusChanged", stream))
    assert reason == f"{field}.EndPoint is not a string but a number"


def test_a_reason_never_holds_what_was_found() -> None:
    secret = "rtmp://push.example.com/live/" + "key" * 100
    for payload in (
        changed("Storage.NewFileCreated", TaskId=secret),
        changed("Storage.NewFileCreated", OperationType=[secret]),
        changed("Storage.NewFileCreated", Owner=secret),
        changed("Storage.NewFileCreated", SourceContext=secret + "\0"),
    ):
        assert "key" not in str(decode(body("Storage.NewFileCreated", payload)))
