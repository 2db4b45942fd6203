"""Bodies are laid out as published samples show them, byte for byte."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from mirror.platform.simulator import Owner, Platform
from mirror.platform.simulator.wire import encoded, oddly_encoded, payload_key


def test_a_body_is_compact_and_keeps_chinese_text_as_it_is(
    platform: Platform, person: Owner
) -> None:
    platform.operator = "cmeid_system"
    platform.create_class(person, "/媒资/测试")
    [callback] = platform.drain()
    assert callback.event_type == "Class.Created"
    assert (
        callback.body
        == (
            '{"EventType":"Class.Created","Operator":"cmeid_system","ClassCreatedEvent":'
            f'{{"Owner":{{"Id":"{person.id}","Type":"PERSON"}},"ClassPath":"/媒资/测试"}}}}'
        ).encode()
    )


@pytest.mark.parametrize(
    ("event_type", "key"),
    [
        ("Storage.NewFileCreated", "StorageNewFileCreatedEvent"),
        ("Class.Moved", "ClassMovedEvent"),
        ("Project.Switcher.StatusChanged", "ProjectSwitcherStatusChangedEvent"),
        ("Task.VideoExportCompleted", "VideoExportCompletedEvent"),
    ],
)
def test_each_event_type_has_its_payload_key(event_type: str, key: str) -> None:
    assert payload_key(event_type) == key


def test_ids_look_like_the_platforms(platform: Platform, person: Owner, team: Owner) -> None:
    clip = platform.upload(team, "/", "clip.mp4")
    project = platform.create_project("SWITCHER", "switcher", team)
    assert person.id.startswith("user_id_")
    assert team.id.startswith("cmetid_")
    assert project.id.startswith("cmepid_")
    assert (len(clip.id), len(clip.file_id)) == (24, 19)
    assert int(clip.id, 16)
    assert int(clip.file_id)


def test_equal_seeds_give_equal_bytes_and_others_do_not() -> None:
    def bodies(seed: int) -> list[bytes]:
        platform = Platform(seed)
        for owner in platform.owners():
            platform.upload(owner, "/", "clip.mp4")
        return [callback.body for callback in platform.drain()]

    assert bodies(7) == bodies(7)
    assert not set(bodies(7)) & set(bodies(8))


def test_the_root_is_spelled_in_the_ways_asked_for() -> None:
    platform = Platform(1, persons=1, teams=0, roots=("/", ""))
    [owner] = platform.owners()
    for name in ("a.mp4", "b.mp4"):
        platform.upload(owner, "/", name)
    payloads = [json.loads(body)["StorageNewFileCreatedEvent"] for body, _, _ in platform.drain()]
    assert {payload["ClassPath"] for payload in payloads} == {"/", ""}


PERSON = {"Id": "user_id_1", "Type": "PERSON"}


def spellings(event_type: str, payload: dict[str, Any]) -> list[dict[str, Any]]:
    """Every odd spelling of an event that some seed gives."""
    bodies = {oddly_encoded(event_type, "op", payload, Random(seed)) for seed in range(60)}
    return [json.loads(body) for body in sorted(bodies)]


def test_owner_types_are_misspelt_in_both_published_ways() -> None:
    odd = spellings("Class.Created", {"Owner": PERSON, "ClassPath": "/a"})
    payloads = [body["ClassCreatedEvent"] for body in odd if "ClassCreatedEvent" in body]
    assert {payload["Owner"]["Type"] for payload in payloads} == {"PERSON", "PESRON", "PERESON"}


def test_a_created_class_stands_under_a_foreign_key_as_published() -> None:
    payload = {"Owner": PERSON, "ClassPath": "/a"}
    odd = spellings("Class.Created", payload)
    foreign = [body for body in odd if "ClassCreatedEvent" not in body]
    assert [body["MaterialImportedEvent"] for body in foreign] == [payload]


def test_class_events_are_spelled_as_published() -> None:
    moved = spellings("Class.Moved", {"SourceOwner": PERSON, "SourceClassPathSet": ["/a"]})
    assert {body["EventType"] for body in moved} == {"Class.Moved", "Class.moved"}
    deleted = spellings("Class.Deleted", {"Owner": PERSON, "ClassPathSet": ["/a"]})
    assert {"Owner": PERSON, "SourceClassPathSet": ["/a"]} in [
        body["ClassDeletedEvent"] for body in deleted
    ]


def test_empty_structures_stand_beside_the_payload_but_never_for_it() -> None:
    payload = {"MaterialIdSet": ["m"], "Owner": PERSON, "ClassPath": "/a"}
    odd = spellings("Material.Added", payload)
    assert all(body["MaterialAddedEvent"]["MaterialIdSet"] == ["m"] for body in odd)
    beside = [body for body in odd if "StorageNewFileCreatedEvent" in body]
    assert [body["StorageNewFileCreatedEvent"]["MaterialId"] for body in beside] == [""]


def test_oddities_change_the_spelling_only_and_not_the_events() -> None:
    plain, odd = Platform(3), Platform(3, oddities=1.0)
    for platform in (plain, odd):
        for owner in platform.owners():
            platform.upload(owner, "/媒资", "clip.mp4")
    assert [c.event_type for c in plain.outbox] == [c.event_type for c in odd.outbox]
    assert [c.body for c in plain.outbox] != [c.body for c in odd.outbox]
    assert plain.materials() == odd.materials()


def test_a_plain_body_holds_its_payload_alone() -> None:
    body = encoded("Material.Deleted", "op", {"MaterialIdSet": ["m"]})
    assert json.loads(body) == {
        "EventType": "Material.Deleted",
        "Operator": "op",
        "MaterialDeletedEvent": {"MaterialIdSet": ["m"]},
    }
