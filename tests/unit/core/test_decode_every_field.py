"""Every field of every event, spoilt in every way: the reason names it and what was found."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from mirror.core.events import Undecoded
from tests.unit.core.bodies import (
    PAYLOADS,
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
        AsOfSeq MaterialSet MaterialSet[0].MaterialId MaterialSet[0].ClassPath
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
    if name(way).endswith("ClassPath"):  # the root
        assert understood(decoded(event_type, replaced(event_type, way, "")))
    elif isinstance(value, str | list) and not empties_are_fine:
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
