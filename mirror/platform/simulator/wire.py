"""Callback bodies: the envelope, the payloads' common parts, and the platform's odd spellings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from random import Random

    from mirror.platform.simulator.model import Metadata, Owner

Payload = dict[str, Any]

# Each event type's key in the envelope; the rest follow one pattern.
_IRREGULAR: Final = {"Task.VideoExportCompleted": "VideoExportCompletedEvent"}
_ODD_OWNER_TYPES: Final = ("PESRON", "PERESON")
_EMPTY_NEIGHBOUR: Final = {
    "StorageNewFileCreatedEvent": {
        "FileId": "",
        "MaterialId": "",
        "Operator": "",
        "OperationType": "",
        "Owner": {"Type": "", "Id": ""},
        "ClassPath": "",
        "TaskId": "",
        "SourceContext": "",
    },
    "MaterialAddedEvent": None,
}


def payload_key(event_type: str) -> str:
    """`Material.Added` → `MaterialAddedEvent`."""
    return _IRREGULAR.get(event_type) or event_type.replace(".", "") + "Event"


def owner_json(owner: Owner) -> dict[str, str]:
    """An owner as payloads spell it."""
    return {"Id": owner.id, "Type": owner.type}


def metadata_json(metadata: Metadata) -> Payload:
    """The `MetaData` of an export's output."""
    return {
        "Size": metadata.size,
        "Container": metadata.container,
        "Bitrate": metadata.bitrate,
        "Height": metadata.height,
        "Width": metadata.width,
        "Duration": metadata.duration,
        "Rotate": 0,
        "VideoStreamInfoSet": [],
        "AudioStreamInfoSet": [],
    }


def encoded(event_type: str, operator: str, payload: Payload) -> bytes:
    """The body as the platform sends it: compact UTF-8 JSON, non-ASCII text as it is."""
    return _dumped(
        {"EventType": event_type, "Operator": operator, payload_key(event_type): payload}
    )


def oddly_encoded(event_type: str, operator: str, payload: Payload, random: Random) -> bytes:
    """The same event in one of the spellings that published samples show; no fact is lost.

    `MediaInfoSet` as plain ids is not among them: it leaves the file ids out.
    """
    envelope: Payload = {"EventType": event_type, "Operator": operator}
    key = payload_key(event_type)
    match random.randrange(3):
        case 0:
            envelope[key] = _misspelt_owners(payload, random)
        case 1:
            envelope[key] = payload
            envelope |= {name: odd for name, odd in _EMPTY_NEIGHBOUR.items() if name != key}
        case _:
            envelope |= _published(event_type, key, payload)
    return _dumped(envelope)


def _published(event_type: str, key: str, payload: Payload) -> Payload:
    match event_type:
        case "Class.Moved":
            return {"EventType": "Class.moved", key: payload}
        case "Class.Deleted":
            renamed = {"Owner": payload["Owner"], "SourceClassPathSet": payload["ClassPathSet"]}
            return {key: renamed}
        case "Class.Created":
            return {"MaterialImportedEvent": payload}
        case "Storage.NewFileCreated":
            return {key: payload | {"Operator": "deprecated"}}
        case _:
            return {key: payload}


def _misspelt_owners(payload: Payload, random: Random) -> Payload:
    def spelt(value: object) -> object:
        if isinstance(value, dict) and value.get("Type") == "PERSON":
            return value | {"Type": random.choice(_ODD_OWNER_TYPES)}
        return value

    return {key: spelt(value) for key, value in payload.items()}


def _dumped(envelope: Payload) -> bytes:
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()
