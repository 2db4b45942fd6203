"""Projects that change their status, and exports that end."""

from typing import Any

import pytest

from mirror.core.events import (
    ExportOutput,
    MetaData,
    ProjectStatusChanged,
)
from mirror.core.model import MaterialId, Owner
from tests.unit.core.bodies import (
    changed,
    decoded,
    understood,
)


def material_of(number: int) -> MaterialId:
    return MaterialId(f"m{number}")


OWN = Owner("PERSON", "p1")
OTHERS = Owner("TEAM", "t1")


def stream_connect(status: str, **info: object) -> ProjectStatusChanged:
    payload = {"ProjectId": "p1", "Status": status} | info
    event = understood(decoded("Project.StreamConnect.StatusChanged", payload))
    assert isinstance(event, ProjectStatusChanged)
    return event


def media_cast(status: str, **info: object) -> ProjectStatusChanged:
    payload = {"ProjectId": "p1", "Status": status} | info
    event = understood(decoded("Project.MediaCast.StatusChanged", payload))
    assert isinstance(event, ProjectStatusChanged)
    return event


def told(event: ProjectStatusChanged) -> tuple[str | None, str | None, str | None]:
    return event.interrupted_input, event.interrupted_output, event.detail


@pytest.mark.parametrize(
    ("info", "name"),
    [
        ({"EndPoint": "Backup"}, "Backup"),
        ({"EndPoint": ""}, "unknown"),
        ({}, "unknown"),
        (None, "unknown"),
    ],
)
def test_an_interrupted_input_is_its_end_point(info: object, name: str) -> None:
    event = stream_connect("InputInterrupted", InputInterruptInfo=info)
    assert told(event) == (name, None, f"input {name}")


@pytest.mark.parametrize(
    ("info", "name", "detail"),
    [
        ({"Id": "o1", "Name": "main"}, "o1", "output main (o1)"),
        ({"Id": 7, "Name": ""}, "7", "output 7"),
        ({"Id": "", "Name": "main"}, "main", "output main"),
        ({"Url": "rtmp://push.example.com/key"}, "unknown", "output unknown"),
        (None, "unknown", "output unknown"),
    ],
)
def test_an_interrupted_output_is_its_id_or_its_name(info: object, name: str, detail: str) -> None:
    event = stream_connect("OutputInterrupted", OutputInterruptInfo=info)
    assert told(event) == (None, name, detail)


@pytest.mark.parametrize(
    ("info", "name", "ending"),
    [
        ({"SourceInfo": {"Id": "s1"}, "Reason": "SystemError"}, "s1", ": SystemError"),
        ({"SourceInfo": {"Id": "s1"}}, "s1", ""),
        ({"SourceInfo": {}}, "unknown", ""),
        ({"SourceInfo": None, "Reason": "SystemError"}, "unknown", ": SystemError"),
        (None, "unknown", ""),
    ],
)
def test_an_interrupted_part_of_a_media_cast_is_its_id(
    info: dict[str, Any] | None, name: str, ending: str
) -> None:
    event = media_cast("SourceInterrupted", SourceInterruptInfo=info)
    assert told(event) == (name, None, f"source {name}{ending}")
    if info is not None:
        renamed = {field.replace("Source", "Destination"): value for field, value in info.items()}
        event = media_cast("DestinationInterrupted", DestinationInterruptInfo=renamed)
        assert told(event) == (None, name, f"destination {name}{ending}")


def test_an_interruption_says_nothing_where_the_status_is_another() -> None:
    info = {"EndPoint": "Main"}
    assert told(stream_connect("Working", InputInterruptInfo=info)) == (None, None, None)
    assert told(stream_connect("OutputInterrupted", InputInterruptInfo=info))[0] is None
    assert told(stream_connect("SourceInterrupted", InputInterruptInfo=info)) == (None, None, None)
    assert told(media_cast("InputInterrupted", SourceInterruptInfo={})) == (None, None, None)


def test_no_address_gets_into_what_is_told_of_an_interruption() -> None:
    secret = "rtmp://user:password@push.example.com/live/key?sign=x"
    events = [
        stream_connect("InputInterrupted", InputInterruptInfo={"EndPoint": secret}),
        stream_connect("OutputInterrupted", OutputInterruptInfo={"Name": secret, "Url": secret}),
        stream_connect("OutputInterrupted", OutputInterruptInfo={"Id": secret, "Name": "n"}),
        media_cast("SourceInterrupted", SourceInterruptInfo={"SourceInfo": {"Id": secret}}),
        media_cast("SourceInterrupted", SourceInterruptInfo={"Reason": f"lost {secret}, retry"}),
    ]
    for event in events:
        assert "push.example.com" in str(event)
        for part in ("user", "password", "key", "sign"):
            assert part not in str(told(event))


@pytest.mark.parametrize("output", [None, {}, {"MetaData": None}, {"MetaData": {}}])
def test_an_export_may_have_made_nothing_that_is_known(output: object) -> None:
    event = understood(
        decoded("Task.VideoExportCompleted", {"TaskId": "t", "Status": "FAIL", "Output": output})
    )
    assert event.output == (None if output is None else ExportOutput())


def test_numbers_in_metadata_may_be_whole_or_not_as_json_has_one_kind() -> None:
    metadata = {"Size": 3.0, "Duration": 2, "Container": "", "Rotate": "ignored"}
    payload = changed("Task.VideoExportCompleted", Output={"MetaData": metadata})
    found = understood(decoded("Task.VideoExportCompleted", payload)).output.metadata
    assert found == MetaData(size_bytes=3, duration_seconds=2.0)
    assert type(found.size_bytes) is int
    assert type(found.duration_seconds) is float
