"""Fields that cannot be used: each is quarantined with a reason that names it and what was found."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from mirror.core.decode import decode
from mirror.core.events import Undecoded
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

# A value of each type that JSON has, and what a reason calls it.
KINDS: dict[str, object] = {
    "a boolean": True,
    "a number": 1.5,
    "a string": "x",
    "an array": [],
    "an object": {},
}
IDS = {
    "FileId",
    "Id",
    "MaterialId",
    "MaterialIdSet",
    "MediaInfoSet",
    "PresetTagIdSet",
    "ProjectId",
    "TargetMaterialId",
    "TaskId",
    "VodFileId",
}
# What each rule needs; a field that is not here may be absent.
NEEDED = {
    "Storage.NewFileCreated": "MaterialId Owner Owner.Type Owner.Id",
    "Material.Imported": "MediaInfoSet MediaInfoSet[0].MaterialId Owner Owner.Type Owner.Id",
    "Material.Added": "MaterialIdSet Owner Owner.Type Owner.Id",
    "Material.Moved": """
        MaterialIdSet SourceOwner SourceOwner.Type SourceOwner.Id
        DestinationOwner DestinationOwner.Type DestinationOwner.Id
    """,
    "Material.Modified": "MaterialId",
    "Material.Deleted": "MaterialIdSet",
    "Class.Created": "Owner Owner.Type Owner.Id",
    "Class.Moved": """
        SourceClassPathSet SourceOwner SourceOwner.Type SourceOwner.Id
        DestinationOwner DestinationOwner.Type DestinationOwner.Id
    """,
    "Class.Deleted": "ClassPathSet Owner Owner.Type Owner.Id",
    "Project.StreamConnect.StatusChanged": "ProjectId Status",
    "Project.Switcher.StatusChanged": "ProjectId Status",
    "Project.MediaCast.StatusChanged": "ProjectId Status",
    "Task.VideoExportCompleted": "TaskId Status",
    "Mirror.Materials.Observed": """
        AsOfSeq MaterialSet MaterialSet[0].MaterialId
        MaterialSet[0].Owner MaterialSet[0].Owner.Type MaterialSet[0].Owner.Id
        MaterialSet[0].Link.Kind MaterialSet[0].Link.TargetOwner
        MaterialSet[0].Link.TargetOwner.Type MaterialSet[0].Link.TargetOwner.Id
    """,
    "Mirror.Materials.Missing": "AsOfSeq MaterialIdSet",
    "Mirror.Classes.Observed": "AsOfSeq Owner Owner.Type Owner.Id ClassPathSet",
    "Mirror.Projects.Observed": "AsOfSeq Complete ProjectSet ProjectSet[0].ProjectId",
    "Mirror.Tasks.Observed": "AsOfSeq TaskSet TaskSet[0].TaskId",
}
UNREAD = {"Url"}  # of an interrupted output: a secret
Step = str | int


def fields(value: object, at: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """The way to each value within a payload."""
    inside: list[tuple[Step, object]] = []
    if isinstance(value, dict):
        inside = list(value.items())
    elif isinstance(value, list):
        inside = list(enumerate(value))
    for step, part in inside:
        yield (*at, step)
        yield from fields(part, (*at, step))


def replaced(event_type: str, way: tuple[Step, ...], value: object) -> dict[str, Any]:
    payload = copy.deepcopy(PAYLOADS[event_type])
    inside: Any = payload
    for step in way[:-1]:
        inside = inside[step]
    inside[way[-1]] = value
    return payload


def removed(event_type: str, way: tuple[Step, ...]) -> dict[str, Any]:
    payload = copy.deepcopy(PAYLOADS[event_type])
    inside: Any = payload
    for step in way[:-1]:
        inside = inside[step]
    del inside[way[-1]]
    return payload


def found(event_type: str, way: tuple[Step, ...]) -> object:
    inside: Any = PAYLOADS[event_type]
    for step in way:
        inside = inside[step]
    return inside


def spelt(event_type: str, way: tuple[Step, ...]) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in way)
    return key_of(event_type) + "".join(steps)


def name(way: tuple[Step, ...]) -> str:
    return next(step for step in reversed(way) if isinstance(step, str))


def kind(value: object) -> str:
    if type(value) is int:
        return "a number"
    return next(kind for kind, other in KINDS.items() if type(other) is type(value))


EVERY_FIELD = [
    pytest.param(event_type, way, id=spelt(event_type, way))
    for event_type, payload in PAYLOADS.items()
    for way in fields(payload)
    if not (event_type == "Project.StreamConnect.StatusChanged" and name(way) in UNREAD)
]


@pytest.mark.parametrize(("event_type", "way"), EVERY_FIELD)
def test_a_value_of_another_type_is_named_with_its_field(
    event_type: str, way: tuple[Step, ...]
) -> None:
    wanted = kind(found(event_type, way))
    for given, value in KINDS.items():
        a_plain_media_id = way[0] == "MediaInfoSet" and isinstance(way[-1], int)
        if given == wanted or (a_plain_media_id and given == "a string"):
            continue
        expected = "a string" if a_plain_media_id else wanted
        outcome = decoded(event_type, replaced(event_type, way, value))
        reason = f"{spelt(event_type, way)} is not {expected} but {given}"
        assert outcome == Undecoded("quarantined", reason, event_type)


@pytest.mark.parametrize(("event_type", "way"), EVERY_FIELD)
def test_a_whole_number_is_taken_for_an_id_and_for_no_other_text(
    event_type: str, way: tuple[Step, ...]
) -> None:
    if not isinstance(found(event_type, way), str):
        return
    outcome = decoded(event_type, replaced(event_type, way, 7))
    if name(way) in IDS or way == ("SourceContext",):  # of a video edit: a project's id
        assert "7" in str(understood(outcome))
    else:
        reason = f"{spelt(event_type, way)} is not a string but a number"
        assert quarantined(outcome) == reason


@pytest.mark.parametrize(("event_type", "way"), EVERY_FIELD)
def test_a_field_that_its_rule_needs_may_not_be_missing_null_or_empty(
    event_type: str, way: tuple[Step, ...]
) -> None:
    null = decoded(event_type, replaced(event_type, way, None))
    if isinstance(way[-1], int):  # a member of a set
        assert quarantined(null).startswith(spelt(event_type, way))
        assert quarantined(null).endswith("but null")
        return
    without = decoded(event_type, removed(event_type, way))
    needed = {f"{key_of(event_type)}.{field}" for field in NEEDED[event_type].split()}
    if spelt(event_type, way) not in needed:
        assert understood(without) == understood(null)
        return
    assert quarantined(without) == f"{spelt(event_type, way)} is missing"
    assert quarantined(null) == f"{spelt(event_type, way)} is null"
    value = found(event_type, way)
    empties_are_fine = event_type.startswith("Mirror.") and isinstance(value, list)
    if isinstance(value, str | list) and not empties_are_fine:
        empty = decoded(event_type, replaced(event_type, way, type(value)()))
        assert quarantined(empty) == f"{spelt(event_type, way)} is empty"


@pytest.mark.parametrize(("event_type", "way"), EVERY_FIELD)
def test_no_text_holds_what_cannot_be_stored(event_type: str, way: tuple[Step, ...]) -> None:
    for text in ("\0", "a\0b", "\ud800", "a\udfff"):
        if isinstance(found(event_type, way), str):
            outcome = decoded(event_type, replaced(event_type, way, text))
            reason = f"{spelt(event_type, way)} contains U+0000 or a lone surrogate"
            assert quarantined(outcome) == reason


@pytest.mark.parametrize(("event_type", "way"), EVERY_FIELD)
def test_an_id_has_at_most_255_bytes(event_type: str, way: tuple[Step, ...]) -> None:
    if name(way) not in IDS | {"Type"} or not isinstance(found(event_type, way), str):
        return
    for longest in ("X" * 255, "媒" * 85, "😀" * 63 + "XXX"):
        assert longest in str(understood(decoded(event_type, replaced(event_type, way, longest))))
        longer = decoded(event_type, replaced(event_type, way, longest + "X"))
        reason = f"{spelt(event_type, way)} has 256 bytes, more than 255"
        assert quarantined(longer) == reason


@pytest.mark.parametrize("event_type", PAYLOADS)
@pytest.mark.parametrize("given", [*KINDS, "null"])
def test_a_payload_is_an_object(event_type: str, given: str) -> None:
    if given == "an object":
        return
    reason = quarantined(decoded(event_type, KINDS.get(given)))
    spoilt = "is null" if given == "null" else f"is not an object but {given}"
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
    seen = [{"MaterialId": "m", "Owner": PERSON, "Link": link}]
    outcome = decoded("Mirror.Materials.Observed", {"AsOfSeq": 0, "MaterialSet": seen})
    field = "MirrorMaterialsObservedEvent.MaterialSet[0].Link.Kind"
    assert quarantined(outcome) == f"{field} is neither material nor class"


def test_a_link_to_a_path_names_the_owner() -> None:
    link = {"Kind": "class", "TargetClassPath": "/a"}
    seen = [{"MaterialId": "m", "Owner": PERSON, "Link": link}]
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
