"""`mirror tree --at`, `mirror history` and `mirror diff`: what they print, and what they end with."""

import pytest

from tests.naive.bodies import CREW, added, class_deleted, created, modified, moved_class, switcher
from tests.unit.cli.conftest import Command
from tests.unit.cli.test_commands import EVIL, receive

STORY = [
    created(CREW, "/a"),
    added(["m1"], CREW, "/a"),
    moved_class(CREW, "/a", "/b"),
    modified("m1", name="Trailer"),
    switcher("p1", "Started"),
]


@pytest.fixture
def story(mirror: Command) -> Command:
    receive(mirror, *STORY)
    return mirror


def lines(printed: str) -> list[str]:
    return [line.rstrip() for line in printed.splitlines()]


# ---------------------------------------------------------------------------------------- tree


def test_a_tree_of_then_names_what_was_there_then(story: Command) -> None:
    assert lines(story("tree", "--at=2", "--media=1")) == [
        "TEAM:crew /  +1 beneath",
        "└── a  1",
        "    └── m1",
    ]
    [root, b] = story.json("tree", "--at=4")
    assert (root["class_path"], root["in_doubt"], root["material_total"]) == ("/", None, 1)
    assert (b["class_path"], b["material_count"]) == ("/b", 1)
    assert "had no class '/b'" not in story("tree", "/b", "--at", "2026-01-01T00:02:59Z")
    story("tree", "/a", "--at=4", code=2)
    assert "Platform 'default' had no class '/a' after delivery 4" in story.error


def test_a_moment_before_anything_was_known_has_an_empty_tree(mirror: Command) -> None:
    receive(mirror, switcher("p1", "Started"), created(CREW, "/a"))
    assert mirror("tree", "--at=1") == "Platform 'default' had no classes then.\n"
    assert mirror.json("tree", "--at=1") == []


@pytest.mark.parametrize(
    ("at", "problem"),
    [
        ("0", "had nothing then: its first delivery came at 2026-01-01T00:00:00"),
        ("6", "its journal ends at 5"),
        ("9" * 30, "is no delivery's number"),
        ("2025-12-31", "had nothing then"),
        ("2999-01-01", "still to come"),
        ("yesterday", "is no delivery's number, and is no time"),
    ],
)
def test_a_moment_that_is_none_is_refused_with_the_reason(
    story: Command, at: str, problem: str
) -> None:
    story("tree", f"--at={at}", code=2)
    assert problem in story.error
    story("diff", at, "2", code=2)
    assert problem in story.error


def test_a_delivery_that_waits_is_no_moment_yet(story: Command) -> None:
    receive(story, created(CREW, "/c"), apply=False)
    story("tree", "--at=6", code=2)
    assert "delivery 6 is not applied yet, only 5 are" in story.error


# ------------------------------------------------------------------------------------- history


def test_a_history_is_printed_oldest_first(story: Command) -> None:
    assert lines(story("history", "material", "m1")) == [
        "material m1",
        "       2  2026-01-01 00:01:00Z  applied       Material.Added",
        "          insert  TEAM:crew /a, state='live', origin='event'",
        "       4  2026-01-01 00:03:00Z  applied       Material.Modified",
        "          update  name: None → 'Trailer'",
    ]


def test_a_class_is_found_by_id_path_and_former_path(story: Command) -> None:
    by_path = story("history", "class", "/b")
    assert lines(by_path)[0] == "class 2, /b"
    assert "update  /a → /b" in by_path
    assert "in doubt since delivery 3: rename-guessed" in by_path
    for arguments in (["2"], ["/a"], ["/a", "--owner=team:crew"]):
        assert story("history", "class", *arguments) == by_path


def test_a_long_history_says_where_it_goes_on(story: Command) -> None:
    newest = story("history", "material", "m1", "-n1")
    assert "`--before 4` shows what was earlier" in newest
    assert "Material.Added" not in newest
    assert "Material.Added" in story("history", "material", "m1", "-n1", "--before=4")


def test_a_history_as_json(story: Command) -> None:
    found = story.json("history", "project", "p1")
    assert (found["kind"], found["key"], found["before"], found["doubts"]) == (
        *("project", "p1"),
        None,
        [],
    )
    [happening] = found["happenings"]
    assert happening["seq"] == 5
    assert happening["received_at"] == "2026-01-01T00:04:00.000000Z"
    assert happening["changes"][0]["after"]["status"] == "Started"


@pytest.mark.parametrize(
    "arguments",
    ["material nobody", "class 99", "class /nowhere", "project x", "file x", "task x", "folder 1"],
)
def test_what_has_no_history_is_said_with_the_next_step(story: Command, arguments: str) -> None:
    story("history", *arguments.split(), code=2)
    assert "`mirror" in story.error or "there are material, class" in story.error


# ---------------------------------------------------------------------------------------- diff


def test_a_difference_is_printed_folder_by_folder(story: Command) -> None:
    receive(story, added(["m2"], CREW, "/b/c"), class_deleted(CREW, "/b/c"))
    assert lines(story("diff", "2", "6")) == [
        "TEAM:crew /",
        "  ~ class b  from /a, name: 'a' → 'b'",
        "TEAM:crew /b",
        "  + class c",
        "  ~ material m1 'Trailer'  name: None → 'Trailer'",
        "TEAM:crew /b/c",
        "  + material m2",
        "in no folder",
        "  + project p1",
        "Delivery 2 → 6: 3 added, 2 renamed.",
    ]
    assert lines(story("diff", "7", "6")) == [
        "TEAM:crew /b",
        "  + class c",
        "TEAM:crew /b/c",
        "  > material m2  state: 'detached' → 'live'",
        "Delivery 7 → 6: 1 added, 1 moved.",
    ]


def test_the_way_back_and_no_way_at_all(story: Command) -> None:
    assert "  ~ class a  from /b, name: 'b' → 'a'" in story("diff", "3", "2")
    assert lines(story("diff", "3", "2026-01-01T00:02:30Z")) == ["Delivery 3 → 3: no difference."]


def test_a_difference_as_json(story: Command) -> None:
    found = story.json("diff", "4", "5")
    assert (found["from_seq"], found["to_seq"]) == (4, 5)
    [project] = found["differences"]
    assert (project["kind"], project["key"], project["what"]) == ("project", "p1", "added")
    assert (project["owner"], project["folder"], project["before"]) == (None, None, {})
    assert project["after"]["running"] is True


def test_names_can_do_nothing_to_a_terminal(mirror: Command) -> None:
    receive(mirror, created(CREW, f"/{EVIL}"), added(["m\u202e1"], CREW, f"/{EVIL}"))
    receive(mirror, modified("m\u202e1", name=EVIL), created(CREW, "/z"))
    for arguments in (
        ["tree", "--at=3", "--media=1"],
        ["history", "material", "m\u202e1"],
        ["history", "class", "2"],
        ["diff", "1", "3"],
        ["diff", "1", "3", "--json"],
    ):
        assert not set("\x1b\x9b\u202e\u2066") & set(mirror(*arguments)), arguments
