"""Bodies to start from: the published samples, and one complete payload for each event type."""

import json
from pathlib import Path
from typing import Any

from mirror.core.decode import decode
from mirror.core.events import Decoded, Undecoded

SAMPLES = tuple((Path(__file__).parents[2] / "data" / "deliveries.jsonl").read_bytes().splitlines())

PERSON = {"Type": "PERSON", "Id": "p1"}
TEAM = {"Type": "TEAM", "Id": "t1"}

PAYLOADS: dict[str, dict[str, Any]] = {
    "Storage.NewFileCreated": {
        "FileId": "f1",
        "MaterialId": "m1",
        "OperationType": "VideoEdit",
        "Owner": PERSON,
        "ClassPath": "/a",
        "TaskId": "t1",
        "SourceContext": "project-1",
    },
    "Material.Imported": {
        "MediaInfoSet": [{"FileId": "f1", "MaterialId": "m1"}],
        "Owner": PERSON,
        "ClassPath": "/a",
    },
    "Material.Added": {"MaterialIdSet": ["m1", "m2"], "Owner": PERSON, "ClassPath": "/a"},
    "Material.Moved": {
        "MaterialIdSet": ["m1", "m2"],
        "SourceOwner": PERSON,
        "SourceClassPath": "/a",
        "DestinationOwner": TEAM,
        "DestinationClassPath": "/b",
    },
    "Material.Modified": {
        "MaterialId": "m1",
        "Name": "name",
        "PresetTagIdSet": ["100"],
        "TagSet": ["tag"],
    },
    "Material.Deleted": {"MaterialIdSet": ["m1", "m2"]},
    "Class.Created": {"Owner": PERSON, "ClassPath": "/a"},
    "Class.Moved": {
        "SourceOwner": PERSON,
        "SourceClassPathSet": ["/a", "/b"],
        "DestinationOwner": TEAM,
        "DestinationClassPath": "/c",
    },
    "Class.Deleted": {"Owner": PERSON, "ClassPathSet": ["/a", "/b"]},
    "Project.StreamConnect.StatusChanged": {
        "ProjectId": "p1",
        "Status": "OutputInterrupted",
        "OutputInterruptInfo": {"Id": "o1", "Name": "name", "Url": "rtmp://push.example.com/key"},
    },
    "Project.Switcher.StatusChanged": {"ProjectId": "p1", "Status": "Started"},
    "Project.MediaCast.StatusChanged": {
        "ProjectId": "p1",
        "Status": "SourceInterrupted",
        "SourceInterruptInfo": {"SourceInfo": {"Id": "s1"}, "Reason": "SystemError"},
    },
    "Task.VideoExportCompleted": {
        "TaskId": "t1",
        "Status": "SUCCESS",
        "ErrCode": 0,
        "ErrMsg": "message",
        "Output": {
            "MaterialId": "m1",
            "VodFileId": "f1",
            "URL": "https://vod.example.com/1.mp4",
            "CoverURL": "https://vod.example.com/1.jpg",
            "MetaData": {
                "Size": 1,
                "Duration": 1.5,
                "Width": 2,
                "Height": 3,
                "Container": "mp4",
                "Bitrate": 4,
            },
        },
    },
    "Mirror.Materials.Observed": {
        "AsOfSeq": 7,
        "MaterialSet": [
            {
                "MaterialId": "m1",
                "Owner": PERSON,
                "ClassPath": "/a",
                "Name": "name",
                "MaterialType": "LINK",
                "PresetTagIdSet": ["100"],
                "TagSet": ["tag"],
                "FileId": "f1",
                "OperationType": "Upload",
                "MetaData": {"Size": 1, "Duration": 2, "Container": "mp4"},
                "Url": "https://vod.example.com/1.mp4",
                "CoverUrl": "https://vod.example.com/1.jpg",
                "Link": {
                    "Kind": "class",
                    "TargetMaterialId": "m2",
                    "TargetOwner": TEAM,
                    "TargetClassPath": "/b",
                    "Status": "Normal",
                },
            }
        ],
    },
    "Mirror.Materials.Missing": {"AsOfSeq": 7, "MaterialIdSet": ["m1", "m2"]},
    "Mirror.Classes.Observed": {"AsOfSeq": 7, "Owner": PERSON, "ClassPathSet": ["/a", "/b"]},
    "Mirror.Projects.Observed": {
        "AsOfSeq": 7,
        "Complete": True,
        "ProjectSet": [
            {"ProjectId": "p1", "Name": "name", "Category": "SWITCHER", "Status": "Started"}
        ],
    },
    "Mirror.Tasks.Observed": {
        "AsOfSeq": 7,
        "TaskSet": [
            {
                "TaskId": "t1",
                "Status": "SUCCESS",
                "ErrCode": 0,
                "ErrMsg": "message",
                "MaterialId": "m1",
                "FileId": "f1",
            }
        ],
    },
}


def key_of(event_type: str) -> str:
    """The payload's key in the envelope."""
    return event_type.replace(".", "").removeprefix("Task") + "Event"


def body(event_type: str, payload: object) -> bytes:
    """A delivery of that type."""
    return json.dumps({"EventType": event_type, key_of(event_type): payload}).encode()


def decoded(event_type: str, payload: object) -> Decoded | Undecoded:
    """What a delivery of that type says; observations come from a reconciliation."""
    source = "reconcile" if event_type.startswith("Mirror.") else "callback"
    return decode(body(event_type, payload), source)


def changed(event_type: str, **fields: object) -> dict[str, Any]:
    """The payload of that type with some fields set to something else."""
    return PAYLOADS[event_type] | fields


def understood(outcome: Decoded | Undecoded) -> Any:  # noqa: ANN401 - each test knows its event
    """The event of a delivery that was decoded."""
    assert isinstance(outcome, Decoded), outcome
    return outcome.event


def quarantined(outcome: Decoded | Undecoded) -> str:
    """The reason of a delivery that was quarantined."""
    assert isinstance(outcome, Undecoded), outcome
    assert outcome.outcome == "quarantined"
    return outcome.reason
