"""The platform's rules for classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mirror.platform.simulator import PRESET_CLASSES, Owner, Platform, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    Said = Callable[[], list[tuple[str, Any]]]


def own(platform: Platform, owner: Owner) -> set[str]:
    """The owner's classes beyond the root and the presets."""
    return platform.classes(owner) - {"/", *PRESET_CLASSES}


def test_each_owner_starts_with_the_root_and_the_preset_classes(platform: Platform) -> None:
    for owner in platform.owners():
        assert platform.classes(owner) == {"/", *PRESET_CLASSES}
    assert len(set(PRESET_CLASSES)) == 21


def test_a_created_class_is_told(platform: Platform, person: Owner, said: Said) -> None:
    assert platform.create_class(person, "/素材/视频/NBA/") == "/素材/视频/NBA"
    assert said() == [
        (
            "Class.Created",
            {"Owner": {"Id": person.id, "Type": "PERSON"}, "ClassPath": "/素材/视频/NBA"},
        )
    ]
    assert own(platform, person) == {"/素材/视频/NBA"}


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/", "taken"),
        ("/素材", "taken"),
        ("/absent/a", "not-found"),
        ("/sixteen letters!", "invalid"),
    ],
)
def test_a_class_is_refused_where_it_cannot_be(
    platform: Platform, person: Owner, path: str, code: str
) -> None:
    with pytest.raises(Refused) as refusal:
        platform.create_class(person, path)
    assert refusal.value.code == code


def test_twenty_levels_are_allowed_and_no_more(platform: Platform, person: Owner) -> None:
    path = ""
    for level in range(20):
        path = platform.create_class(person, f"{path}/{level}")
    with pytest.raises(Refused):
        platform.create_class(person, f"{path}/20")
    platform.create_class(person, "/a")
    with pytest.raises(Refused):
        platform.move_classes(person, ["/0"], person, "/a")


def test_an_absent_destination_renames(platform: Platform, person: Owner, said: Said) -> None:
    platform.create_class(person, "/a")
    platform.create_class(person, "/a/b")
    said()
    assert platform.move_classes(person, ["/a"], person, "/成片/c") == ["/成片/c"]
    assert own(platform, person) == {"/成片/c", "/成片/c/b"}
    assert said() == [
        (
            "Class.Moved",
            {
                "SourceOwner": {"Id": person.id, "Type": "PERSON"},
                "SourceClassPathSet": ["/a"],
                "DestinationOwner": {"Id": person.id, "Type": "PERSON"},
                "DestinationClassPath": "/成片/c",
            },
        )
    ]


def test_an_existing_destination_takes_the_class_in(platform: Platform, person: Owner) -> None:
    platform.create_class(person, "/a")
    platform.create_class(person, "/c")
    assert platform.move_classes(person, ["/a"], person, "/c") == ["/c/a"]
    assert own(platform, person) == {"/c", "/c/a"}


def test_media_follow_their_class_to_another_owner_and_are_not_told(
    platform: Platform, person: Owner, team: Owner, said: Said
) -> None:
    platform.create_class(person, "/a")
    clip = platform.upload(person, "/a", "clip.mp4")
    said()
    platform.move_classes(person, ["/a"], team, "/")
    assert platform.locations() == {clip.id: (team, "/a")}
    assert [kind for kind, _ in said()] == ["Class.Moved"]
    assert own(platform, person) == set()


def test_several_classes_move_in_one_event(platform: Platform, person: Owner, said: Said) -> None:
    platform.create_class(person, "/a")
    platform.create_class(person, "/b")
    said()
    assert platform.move_classes(person, ["/a", "/b"], person, "/成片") == ["/成片/a", "/成片/b"]
    assert said()[0][1]["SourceClassPathSet"] == ["/a", "/b"]


@pytest.mark.parametrize(
    ("sources", "dest"),
    [
        ([], "/c"),
        (["/a", "/a"], "/c"),
        (["/a", "/a/b"], "/c"),
        (["/a", "/c"], "/absent"),
        (["/"], "/c"),
        (["/absent"], "/c"),
        (["/a"], "/absent/x"),
        (["/a"], "/a"),
        (["/a"], "/a/b"),
        (["/a"], "/a/x"),
        (["/a"], "/"),
        (["/a/b"], "/a"),
        (["/a/b"], "/c"),
        (["/a/b", "/c/b"], "/成片"),
    ],
)
def test_a_move_that_cannot_be_is_refused_without_a_trace(
    platform: Platform, person: Owner, said: Said, sources: list[str], dest: str
) -> None:
    for path in ("/a", "/a/b", "/c", "/c/b"):
        platform.create_class(person, path)
    said()
    with pytest.raises(Refused):
        platform.move_classes(person, sources, person, dest)
    assert own(platform, person) == {"/a", "/a/b", "/c", "/c/b"}
    assert said() == []


def test_no_class_is_renamed_across_owners(platform: Platform, person: Owner, team: Owner) -> None:
    platform.create_class(person, "/a")
    with pytest.raises(Refused):
        platform.move_classes(person, ["/a"], team, "/b")


def test_only_an_empty_class_is_deleted(platform: Platform, person: Owner, said: Said) -> None:
    platform.create_class(person, "/a")
    platform.create_class(person, "/a/b")
    clip = platform.upload(person, "/a/b", "clip.mp4")
    for path in ("/a", "/a/b", "/"):
        with pytest.raises(Refused):
            platform.delete_classes(person, [path])
    platform.delete_materials([clip.id])
    said()
    assert platform.delete_classes(person, ["/a/b"]) == ["/a/b"]
    assert platform.delete_classes(person, ["/a"]) == ["/a"]
    assert [payload["ClassPathSet"] for _, payload in said()] == [["/a/b"], ["/a"]]
    assert own(platform, person) == set()


def test_copying_a_directory_tells_nothing(
    platform: Platform, person: Owner, team: Owner, said: Said
) -> None:
    platform.create_class(person, "/a")
    platform.create_class(person, "/a/b")
    clip = platform.upload(person, "/a/b", "clip.mp4")
    said()
    assert platform.copy_directory(person, "/a", team, "/成片") == "/成片/a"
    assert said() == []
    assert own(platform, team) == {"/成片/a", "/成片/a/b"}
    [copy] = platform.media_in(team, "/成片/a/b")
    assert (copy.file_id, copy.id == clip.id) == (clip.file_id, False)
    assert platform.material(clip.id).path == "/a/b"


def test_a_directory_is_not_copied_into_itself(platform: Platform, person: Owner) -> None:
    platform.create_class(person, "/a")
    platform.create_class(person, "/a/b")
    with pytest.raises(Refused):
        platform.copy_directory(person, "/a", person, "/a/b")


def test_classes_that_no_callback_named_are_known(
    platform: Platform, person: Owner, team: Owner
) -> None:
    platform.upload(person, "/素材/视频", "clip.mp4")
    with platform.muted():
        platform.create_class(person, "/old")
    platform.create_class(person, "/new")
    assert platform.classes(person) - platform.unmentioned(person) == {
        "/",
        "/素材",
        "/素材/视频",
        "/new",
    }
    assert platform.unmentioned(team) == platform.classes(team)
    assert platform.hides_presets(person, "/素材")
    assert not platform.hides_presets(person, "/new")
