"""The stories can be told to the end, again and together, one operation at a time."""

from __future__ import annotations

from collections import Counter

import pytest

from mirror.platform.simulator import Platform
from mirror.platform.simulator.scripted import SCRIPTS


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_each_step_of_a_story_is_one_operation(name: str) -> None:
    platform = Platform(1)
    for number, operation in enumerate(SCRIPTS[name](platform), start=1):
        assert hasattr(platform, operation)
        assert platform.n == number


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_story_can_be_told_again(name: str) -> None:
    platform = Platform(1)
    first = list(SCRIPTS[name](platform))
    assert list(SCRIPTS[name](platform)) == first


def test_stories_make_up_for_missing_owners() -> None:
    platform = Platform(1, persons=0, teams=0)
    for story in SCRIPTS.values():
        list(story(platform))
    assert sorted(owner.type for owner in platform.owners()) == ["PERSON", "TEAM"]


def test_stories_can_be_told_at_the_same_time() -> None:
    platform = Platform(1)
    for _ in zip(*(story(platform) for story in SCRIPTS.values()), strict=False):
        pass
    assert platform.materials()


def test_together_the_stories_show_nearly_every_event() -> None:
    platform = Platform(1)
    for story in SCRIPTS.values():
        list(story(platform))
    told = Counter(callback.event_type for callback in platform.drain())
    assert set(told) == {
        "Class.Created",
        "Class.Deleted",
        "Class.Moved",
        "Material.Added",
        "Material.Deleted",
        "Material.Imported",
        "Material.Modified",
        "Material.Moved",
        "Project.StreamConnect.StatusChanged",
        "Project.Switcher.StatusChanged",
        "Storage.NewFileCreated",
        "Task.VideoExportCompleted",
    }


def test_the_newsroom_ends_with_its_day_in_the_archive() -> None:
    platform = Platform(1)
    list(SCRIPTS["newsroom"](platform))
    team = next(owner for owner in platform.owners() if owner.type == "TEAM")
    assert platform.subclasses(team, "/媒资") == ["/媒资/归档"]
    names = {medium.name for medium in platform.media_in(team, "/媒资/归档/已审")}
    assert "早间连线 成片.mp4" in names
    assert len(names) == 6
