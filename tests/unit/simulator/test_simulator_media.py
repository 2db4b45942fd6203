"""The platform's rules for materials, files and links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mirror.platform.simulator import Link, Owner, Platform, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    Said = Callable[[], list[tuple[str, Any]]]


def test_an_upload_is_a_new_file_with_one_material(
    platform: Platform, team: Owner, said: Said
) -> None:
    clip = platform.upload(team, "/媒资", "clip.mp4")
    assert (clip.owner, clip.path, clip.name, clip.type) == (team, "/媒资", "clip.mp4", "VIDEO")
    assert said() == [
        (
            "Storage.NewFileCreated",
            {
                "FileId": clip.file_id,
                "MaterialId": clip.id,
                "OperationType": "Upload",
                "Owner": {"Id": team.id, "Type": "TEAM"},
                "ClassPath": "/媒资",
                "TaskId": "",
                "SourceContext": "",
            },
        )
    ]
    assert platform.files()[clip.file_id].material_ids == (clip.id,)


@pytest.mark.parametrize(
    ("operation", "has_task", "context"),
    [
        ("PullUpload", True, ""),
        ("LiveStreamClip", True, "rtmp://live.example.com/a"),
        ("LiveStreamRecord", False, "rtmp://live.example.com/a"),
    ],
)
def test_each_operation_tells_its_task_and_source(
    platform: Platform, team: Owner, said: Said, operation: str, *, has_task: bool, context: str
) -> None:
    match operation:
        case "PullUpload":
            platform.pull_upload(team, "/", "clip.mp4")
        case "LiveStreamClip":
            platform.live_clip(team, "/", "clip.mp4", context)
        case _:
            platform.live_record(team, "/", "clip.mp4", context)
    [(_, payload)] = said()
    assert payload["OperationType"] == operation
    assert payload["SourceContext"] == context
    assert payload["TaskId"].startswith(operation) == has_task


def test_imported_files_are_told_in_one_event(platform: Platform, team: Owner, said: Said) -> None:
    first, second = platform.import_media(team, "/媒资", ["a.mp4", "b.mp4"])
    [again] = platform.import_files(team, "/成片", [first.file_id])
    assert again.id not in {first.id, second.id}
    assert platform.files()[first.file_id].material_ids == (first.id, again.id)
    assert [(kind, payload["MediaInfoSet"]) for kind, payload in said()] == [
        (
            "Material.Imported",
            [
                {"FileId": first.file_id, "MaterialId": first.id},
                {"FileId": second.file_id, "MaterialId": second.id},
            ],
        ),
        ("Material.Imported", [{"FileId": first.file_id, "MaterialId": again.id}]),
    ]


def test_a_copy_has_a_new_id_over_the_same_file(
    platform: Platform, person: Owner, team: Owner, said: Said
) -> None:
    clip = platform.upload(team, "/媒资", "clip.mp4")
    platform.modify(clip.id, tags=["4K"])
    said()
    copy = platform.copy_material(clip.id, person, "/收藏")
    assert (copy.file_id, copy.name, copy.tags) == (clip.file_id, "clip.mp4", ("4K",))
    assert copy.told == frozenset()
    assert said() == [
        (
            "Material.Added",
            {
                "MaterialIdSet": [copy.id],
                "Owner": {"Id": person.id, "Type": "PERSON"},
                "ClassPath": "/收藏",
            },
        )
    ]


def test_a_link_says_when_its_target_is_gone(
    platform: Platform, person: Owner, team: Owner, said: Said
) -> None:
    clip = platform.upload(team, "/媒资", "clip.mp4")
    platform.create_class(team, "/a")
    said()
    to_clip = platform.link_material(clip.id, person, "/收藏")
    to_class = platform.link_class(team, "/a", person, "/收藏")
    assert [payload["MaterialIdSet"] for _, payload in said()] == [[to_clip.id], [to_class.id]]
    assert (to_clip.type, to_clip.file_id) == ("LINK", "")
    assert to_clip.link == Link("material", "Normal", material_id=clip.id)
    assert to_class.link == Link("class", "Normal", owner=team, path="/a")
    platform.move_classes(team, ["/a"], team, "/b")
    assert platform.material(to_class.id).link == Link("class", "Normal", owner=team, path="/b")
    platform.delete_materials([clip.id])
    platform.delete_classes(team, ["/b"])
    assert platform.material(to_clip.id).link == Link("material", "NotFound", material_id=clip.id)
    assert platform.material(to_class.id).link == Link("class", "NotFound", owner=team, path="/b")


def test_media_move_together_across_owners(
    platform: Platform, person: Owner, team: Owner, said: Said
) -> None:
    clips = platform.import_media(team, "/媒资", ["a.mp4", "b.mp4"])
    said()
    platform.move_materials([clip.id for clip in clips], person, "/")
    assert platform.locations() == {clip.id: (person, "/") for clip in clips}
    assert said() == [
        (
            "Material.Moved",
            {
                "MaterialIdSet": [clip.id for clip in clips],
                "SourceOwner": {"Id": team.id, "Type": "TEAM"},
                "SourceClassPath": "/媒资",
                "DestinationOwner": {"Id": person.id, "Type": "PERSON"},
                "DestinationClassPath": "/",
            },
        )
    ]


def test_media_that_cannot_move_together_stay(platform: Platform, team: Owner, said: Said) -> None:
    one = platform.upload(team, "/媒资", "a.mp4")
    other = platform.upload(team, "/成片", "b.mp4")
    said()
    wrong = [[one.id, other.id], [one.id, one.id], [], ["absent"]]
    for ids in wrong:
        with pytest.raises(Refused):
            platform.move_materials(ids, team, "/收藏")
    with pytest.raises(Refused):
        platform.move_materials([one.id], team, "/媒资")
    with pytest.raises(Refused):
        platform.move_materials([one.id], team, "/absent")
    assert said() == []
    assert platform.locations() == {one.id: (team, "/媒资"), other.id: (team, "/成片")}


def test_only_what_is_given_is_modified_and_told(
    platform: Platform, team: Owner, said: Said
) -> None:
    clip = platform.upload(team, "/媒资", "clip.mp4")
    platform.modify(clip.id, preset_tags=["100"], tags=["4K", "raw"])
    said()
    after = platform.modify(clip.id, name="Final.mp4")
    assert (after.name, after.preset_tags, after.tags) == ("Final.mp4", ("100",), ("4K", "raw"))
    assert after.told == {"name", "preset_tags", "tags"}
    assert said() == [
        (
            "Material.Modified",
            {"MaterialId": clip.id, "Name": "Final.mp4", "PresetTagIdSet": [], "TagSet": []},
        )
    ]


def test_modifying_nothing_tells_nothing(platform: Platform, team: Owner, said: Said) -> None:
    clip = platform.upload(team, "/媒资", "clip.mp4")
    said()
    assert platform.modify(clip.id) == clip
    assert said() == []
    with pytest.raises(Refused):
        platform.modify(clip.id, preset_tags=["999"])


def test_clearing_tags_and_renaming_preset_tags_are_silent(
    platform: Platform, team: Owner, said: Said
) -> None:
    clip = platform.upload(team, "/媒资", "clip.mp4")
    platform.modify(clip.id, tags=["4K"])
    said()
    assert platform.clear_tags(clip.id).tags == ()
    platform.rename_preset_tag("100", "Politics")
    assert platform.preset_tags()["100"] == "Politics"
    assert said() == []


def test_deleting_media_leaves_their_file(platform: Platform, team: Owner, said: Said) -> None:
    clip = platform.upload(team, "/媒资", "clip.mp4")
    copy = platform.copy_material(clip.id, team, "/成片")
    said()
    platform.delete_materials([clip.id, copy.id])
    assert said() == [("Material.Deleted", {"MaterialIdSet": [clip.id, copy.id]})]
    assert platform.materials() == {}
    assert platform.files()[clip.file_id].material_ids == ()
    with pytest.raises(Refused):
        platform.delete_materials([clip.id])


def test_a_deleted_vod_file_takes_all_its_media_silently(
    platform: Platform, team: Owner, said: Said
) -> None:
    clip = platform.upload(team, "/媒资", "clip.mp4")
    copy = platform.copy_material(clip.id, team, "/成片")
    other = platform.upload(team, "/媒资", "other.mp4")
    said()
    assert platform.delete_vod_file(clip.file_id) == [clip.id, copy.id]
    assert said() == []
    assert set(platform.materials()) == {other.id}
    assert set(platform.files()) == {other.file_id}


def test_nothing_is_put_where_no_class_is(platform: Platform, team: Owner, said: Said) -> None:
    clip = platform.upload(team, "/媒资", "clip.mp4")
    said()
    with pytest.raises(Refused):
        platform.upload(team, "/absent", "b.mp4")
    with pytest.raises(Refused):
        platform.import_media(team, "/absent", ["b.mp4"])
    with pytest.raises(Refused):
        platform.import_media(team, "/", [])
    with pytest.raises(Refused):
        platform.import_files(team, "/", [clip.file_id, clip.file_id])
    with pytest.raises(Refused):
        platform.import_files(team, "/", ["absent"])
    with pytest.raises(Refused):
        platform.copy_material(clip.id, team, "/absent")
    with pytest.raises(Refused):
        platform.link_material(clip.id, Owner("TEAM", "cmetid_absent"), "/")
    assert said() == []
    assert set(platform.materials()) == {clip.id}
