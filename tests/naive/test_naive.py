"""The rules of `docs/semantics.md` by example, on the naive model: one rule a test."""

import json

import pytest

from tests.naive.bodies import (
    ANN,
    BEN,
    CREW,
    Owner,
    Payload,
    added,
    class_deleted,
    classes_observed,
    created,
    deleted,
    export,
    imported,
    materials_missing,
    materials_observed,
    media_cast,
    modified,
    moved,
    moved_class,
    projects_observed,
    seen,
    seen_project,
    seen_task,
    stream_connect,
    switcher,
    tasks_observed,
    uploaded,
)
from tests.naive.model import NaiveMirror

SECOND = 1_000_000
HORIZON = 600 * SECOND


class Feed:
    """Deliveries a second apart, or as far as `wait` says, and short questions about the result."""

    def __init__(self, *bodies: bytes) -> None:
        self.mirror = NaiveMirror(horizon_us=HORIZON)
        self.now = 0
        for body in bodies:
            self.send(body)

    def send(self, body: bytes, *, source: str = "callback") -> str:
        self.now += SECOND
        return self.mirror.deliver(body, self.now, source)

    def observe(self, body: bytes) -> str:
        return self.send(body, source="reconcile")

    def wait(self, microseconds: int) -> None:
        self.now += microseconds

    def paths(self, owner: Owner = ANN) -> list[str]:
        """The classes of one owner, without the root."""
        rows = self.mirror.class_tree()
        return [
            row["class_path"]
            for row in rows
            if (row["owner_type"], row["owner_id"]) == owner and row["depth"]
        ]

    def class_row(self, path: str, owner: Owner = ANN) -> Payload:
        (row,) = [
            row
            for row in self.mirror.class_tree()
            if (row["owner_type"], row["owner_id"], row["class_path"]) == (*owner, path)
        ]
        return row

    def origin(self, path: str) -> str:
        return str(self.class_row(path)["origin"])

    def place(self, material_id: str) -> str | None:
        """The class path of a live material; None for any other."""
        return next(
            (
                row["class_path"]
                for row in self.mirror.media_tree()
                if row["material_id"] == material_id
            ),
            None,
        )

    def row(self, material_id: str) -> Payload:
        rows = self.mirror.media_tree() + self.mirror.media_gone()
        (row,) = [row for row in rows if row["material_id"] == material_id]
        return row

    def doubts(self) -> set[str]:
        return {row["reason"] for row in self.mirror.open_doubts()}

    def doubted_paths(self, reason: str, owner: Owner = ANN) -> list[str]:
        keys = {row["key"] for row in self.mirror.open_doubts() if row["reason"] == reason}
        return [
            path
            for path in self.paths(owner)
            if str(self.class_row(path, owner)["class_id"]) in keys
        ]


# ------------------------------------------------------------------------------- outcomes


def outcome(body: bytes, *, source: str = "callback") -> str:
    return NaiveMirror().deliver(body, 0, source)


def altered(body: bytes, **changes: object) -> bytes:
    """A body with some of its payload's fields replaced."""
    envelope = json.loads(body)
    (key,) = [key for key in envelope if key.endswith("Event")]
    envelope[key] |= changes
    return json.dumps(envelope).encode()


def test_a_new_thing_is_applied_and_the_same_again_unchanged() -> None:
    feed = Feed()
    assert feed.send(created(ANN, "/a")) == "applied"
    assert feed.send(created(ANN, "/a")) == "unchanged"


def test_a_redelivery_changes_nothing() -> None:
    mirror = NaiveMirror()
    mirror.deliver(switcher("p", "Started"), 0)
    assert mirror.deliver(switcher("p", "Started"), 0, redelivery_of=1) == "redelivery"
    assert len(mirror.project_timeline()) == 1
    assert mirror.delivery_log() == [
        {
            "seq": 1,
            "event_type": "Project.Switcher.StatusChanged",
            "outcome": "applied",
            "redelivery_of": None,
        },
        {
            "seq": 2,
            "event_type": "Project.Switcher.StatusChanged",
            "outcome": "redelivery",
            "redelivery_of": 1,
        },
    ]


def test_an_unknown_event_type_is_unrecognised() -> None:
    assert outcome(b'{"EventType":"Material.Archived"}') == "unrecognised"


def test_an_observation_counts_only_from_reconciliation() -> None:
    body = materials_observed(0, seen("m", ANN, "/a"))
    assert outcome(body) == "unrecognised"
    assert outcome(body, source="import") == "unrecognised"
    assert outcome(body, source="reconcile") == "applied"


def test_the_event_type_matches_in_any_case() -> None:
    assert outcome(created(ANN, "/a").replace(b"Class.Created", b"class.CREATED")) == "applied"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"EventType":""}',
        b'{"EventType":7}',
        b'{"EventType":"Material.Archived"',
        b'\xef\xbb\xbf{"EventType":"Material.Archived"}',
        b'{"EventType":"Material.Archived","X":NaN}',
        b'{"EventType":"Material.Archived","X":1e999}',
        b'{"EventType":"Material.Archived","X":"\xff"}',
        b'{"EventType":"Material.Archived","X":' + b"[" * 64 + b"]" * 64 + b"}",
        b'{"EventType":"Material.Archived","X":' + b"[" * 99_999 + b"]" * 99_999 + b"}",
    ],
)
def test_what_is_no_strict_json_object_with_an_event_type_is_quarantined(body: bytes) -> None:
    assert outcome(body) == "quarantined"


@pytest.mark.parametrize(
    "body",
    [
        altered(added(["m"], ANN, "/a"), MaterialIdSet=[]),
        altered(added(["m"], ANN, "/a"), MaterialIdSet=None),
        altered(added(["m"], ANN, "/a"), MaterialIdSet="m"),
        altered(added(["m"], ANN, "/a"), MaterialIdSet=["m", 7]),
        altered(added(["m"], ANN, "/a"), MaterialIdSet=[""]),
        altered(added(["m"], ANN, "/a"), MaterialIdSet=["字" * 86]),
        altered(added(["m"], ANN, "/a"), MaterialIdSet=["a\0b"]),
        altered(added(["m"], ANN, "/a"), MaterialIdSet=["\ud800"]),
        altered(added(["m"], ANN, "/a"), Owner=None),
        altered(added(["m"], ANN, "/a"), Owner={"Type": "", "Id": "x"}),
        altered(added(["m"], ANN, "/a"), Owner={"Type": "PERSON"}),
        altered(added(["m"], ANN, "/a"), ClassPath=7),
        altered(added(["m"], ANN, "/a"), ClassPath="/" + "a" * 2_000),
        altered(added(["m"], ANN, "/a"), ClassPath="/a\0"),
        altered(uploaded("m", ANN, "/a"), MaterialId=None),
        altered(modified("m"), Name="a\0"),
        altered(imported(["m"], ANN, "/a"), MediaInfoSet=[{"FileId": "f"}]),
        altered(moved_class(ANN, "/a", "/b"), SourceClassPathSet=[]),
        altered(switcher("p", "Started"), Status=None),
        altered(export("t", material_id="m"), Output={"MetaData": {"Size": "big"}}),
    ],
)
def test_a_known_type_that_lacks_what_its_rule_needs_is_quarantined(body: bytes) -> None:
    assert outcome(body) == "quarantined"


def test_an_id_of_255_bytes_and_a_path_of_2000_are_taken() -> None:
    assert outcome(added(["字" * 85], ANN, "/" + "a" * 1_999)) == "applied"


def test_a_quarantined_delivery_names_nothing() -> None:
    feed = Feed(altered(added(["m"], ANN, "/a"), ClassPath=7))
    assert feed.mirror.class_tree() == []


def test_ids_repeated_in_a_set_count_once() -> None:
    feed = Feed(added(["m", "m"], ANN, "/模板"))
    assert feed.place("m") == "/模板"
    assert feed.mirror.media_links() == []


# ------------------------------------------------------------------ the platform's spellings


@pytest.mark.parametrize("spelling", ["PERSON", "person", "PESRON", "PERESON"])
def test_a_person_is_a_person_however_it_is_spelled(spelling: str) -> None:
    feed = Feed(created((spelling, "ann"), "/a"))
    assert feed.paths(("PERSON", "ann")) == ["/a"]


def test_an_unknown_owner_type_is_kept_in_upper_case() -> None:
    assert Feed(created(("Guild", "g"), "/a")).paths(("GUILD", "g")) == ["/a"]


@pytest.mark.parametrize("path", [None, "", "/", "//"])
def test_a_missing_or_empty_path_is_the_root(path: str | None) -> None:
    assert Feed(added(["m"], ANN, path)).place("m") == "/"


def test_paths_are_normalised() -> None:
    assert Feed(created(ANN, "a//b/")).paths() == ["/a", "/a/b"]


def test_classes_are_deleted_under_the_other_spelling_too() -> None:
    body = class_deleted(ANN, "/a").replace(b"ClassPathSet", b"SourceClassPathSet")
    assert Feed(created(ANN, "/a"), body).paths() == []


def test_imported_media_may_be_plain_ids() -> None:
    feed = Feed(imported(["m", ("n", "f")], ANN, "/模板"))
    assert [row["file_id"] for row in feed.mirror.media_tree()] == [None, "f"]


def test_a_foreign_payload_key_serves_where_the_proper_one_is_absent() -> None:
    body = created(ANN, "/a").replace(b"ClassCreatedEvent", b"MaterialImportedEvent")
    assert Feed(body).paths() == ["/a"]


def test_a_foreign_payload_is_ignored_where_the_proper_one_is_present() -> None:
    envelope = json.loads(created(ANN, "/a"))
    envelope["MaterialAddedEvent"] = json.loads(created(ANN, "/b"))["ClassCreatedEvent"]
    assert Feed(json.dumps(envelope).encode()).paths() == ["/a"]


# ------------------------------------------------------------------- owners and ensuring


def test_every_owner_mentioned_has_a_root() -> None:
    feed = Feed(moved(["m"], ANN, "/模板", "/模板", destination_owner=BEN))
    assert [row["owner_id"] for row in feed.mirror.class_tree() if not row["depth"]] == [
        "ann",
        "ben",
    ]


def test_an_owner_named_by_an_event_that_changes_nothing_else_has_a_root() -> None:
    feed = Feed()
    assert feed.send(class_deleted(ANN, "/a")) == "applied"
    assert [row["class_path"] for row in feed.mirror.class_tree()] == ["/"]


def test_classes_on_the_way_are_inferred_and_doubted_until_created() -> None:
    feed = Feed(added(["m"], ANN, "/a/b"))
    assert (feed.origin("/a"), feed.origin("/a/b")) == ("inferred", "inferred")
    assert feed.doubted_paths("inferred-class") == ["/a", "/a/b"]
    assert feed.row("m")["in_doubt"]

    feed.send(created(ANN, "/a"))
    feed.send(created(ANN, "/a/b"))
    assert (feed.origin("/a"), feed.origin("/a/b")) == ("event", "event")
    assert feed.doubts() == set()
    assert not feed.row("m")["in_doubt"]


def test_a_preset_has_no_row_until_it_is_mentioned_and_is_never_doubted() -> None:
    feed = Feed(added(["m"], ANN, "/素材/视频"))
    assert feed.paths() == ["/素材", "/素材/视频"]
    assert feed.origin("/素材") == "inferred"
    assert feed.doubts() == set()


def test_a_preset_that_was_moved_away_no_longer_counts() -> None:
    feed = Feed(moved_class(ANN, "/模板", "/收藏"))
    feed.wait(HORIZON)
    feed.send(added(["m"], ANN, "/模板"))
    assert feed.doubted_paths("inferred-class") == ["/模板"]


def test_a_moved_preset_carries_its_unseen_presets_along() -> None:
    feed = Feed(moved_class(ANN, "/素材", "/收藏"))
    assert feed.paths() == [
        "/收藏",
        "/收藏/素材",
        "/收藏/素材/图片",
        "/收藏/素材/视频",
        "/收藏/素材/音频",
    ]
    assert feed.doubts() == set()


def test_a_preset_made_anew_after_it_moved_away_is_a_new_class() -> None:
    feed = Feed(moved_class(ANN, "/模板", "/收藏"), created(ANN, "/模板"))
    assert feed.paths() == ["/收藏", "/收藏/模板", "/模板"]


def test_class_ids_count_from_one_parents_first_and_are_not_used_again() -> None:
    feed = Feed(created(ANN, "/a/b"), class_deleted(ANN, "/a"), created(ANN, "/c"))
    assert [(row["class_id"], row["class_path"]) for row in feed.mirror.class_tree()] == [
        (1, "/"),
        (4, "/c"),
    ]


def test_a_moved_class_keeps_its_id_and_its_rows_say_when_they_changed() -> None:
    feed = Feed(created(ANN, "/a"), created(ANN, "/a/b"), added(["m"], ANN, "/a/b"))
    before = feed.class_row("/a/b")
    feed.send(moved_class(ANN, "/a", "/c"))
    after = feed.class_row("/c/b")
    assert (after["class_id"], after["parent_path"]) == (before["class_id"], "/c")
    assert (after["changed_seq"], after["material_count"]) == (4, 1)
    assert (feed.place("m"), feed.row("m")["changed_seq"]) == ("/c/b", 3)


# ------------------------------------------------------------------------- moving classes


def test_a_class_moved_to_an_absent_path_is_renamed() -> None:
    feed = Feed(created(ANN, "/a"), moved_class(ANN, "/a", "/b"))
    assert feed.paths() == ["/b"]
    assert feed.doubted_paths("rename-guessed") == ["/b"]


def test_a_rename_is_not_doubted_once_the_owner_was_completely_observed() -> None:
    feed = Feed(created(ANN, "/a"))
    feed.observe(classes_observed(1, ANN, "/a"))
    feed.send(moved_class(ANN, "/a", "/b"))
    assert feed.doubts() == set()


def test_a_rename_to_a_path_that_was_left_is_doubted_all_the_same() -> None:
    feed = Feed(created(ANN, "/a"), created(ANN, "/c"))
    feed.observe(classes_observed(2, ANN, "/a", "/c"))
    feed.send(moved_class(ANN, "/a", "/b"))
    feed.send(moved_class(ANN, "/c", "/a"))
    assert feed.doubted_paths("rename-guessed") == ["/a"]


def test_a_class_moved_to_a_class_goes_into_it() -> None:
    feed = Feed(created(ANN, "/a"), created(ANN, "/b"), moved_class(ANN, "/a", "/b"))
    assert feed.paths() == ["/b", "/b/a"]
    assert feed.doubts() == set()


def test_a_class_moved_to_an_unseen_preset_goes_into_it() -> None:
    feed = Feed(created(ANN, "/a"), moved_class(ANN, "/a", "/模板"))
    assert feed.paths() == ["/模板", "/模板/a"]


def test_a_class_moved_to_the_root_keeps_its_name() -> None:
    feed = Feed(created(ANN, "/模板/a"), moved_class(ANN, "/模板/a", "/"))
    assert feed.paths() == ["/a", "/模板"]


def test_a_class_moved_to_another_owner_keeps_its_name() -> None:
    feed = Feed(created(ANN, "/a"), added(["m"], ANN, "/a"))
    feed.send(moved_class(ANN, "/a", "/b", destination_owner=CREW))
    assert (feed.paths(), feed.paths(CREW)) == ([], ["/b", "/b/a"])
    row = feed.row("m")
    assert (row["owner_type"], row["class_path"], row["changed_seq"]) == ("TEAM", "/b/a", 2)


def test_several_classes_keep_their_names() -> None:
    feed = Feed(created(ANN, "/a"), created(ANN, "/b"), moved_class(ANN, ["/a", "/b"], "/c"))
    assert feed.paths() == ["/c", "/c/a", "/c/b"]


def test_a_source_beneath_another_is_skipped() -> None:
    feed = Feed(created(ANN, "/a"), created(ANN, "/a/b"), created(ANN, "/c"))
    feed.send(moved_class(ANN, ["/a/b", "/a"], "/c"))
    assert feed.paths() == ["/c", "/c/a", "/c/a/b"]


@pytest.mark.parametrize("destination", ["/a", "/a/b"])
def test_a_class_cannot_go_into_itself(destination: str) -> None:
    feed = Feed(created(ANN, "/a"))
    assert feed.send(moved_class(ANN, "/a", destination)) == "unchanged"
    assert feed.doubted_paths("impossible-move") == ["/a"]


def test_the_root_cannot_move() -> None:
    feed = Feed(created(ANN, "/a"))
    assert feed.send(moved_class(ANN, "/", "/a")) == "unchanged"
    assert feed.doubts() == {"impossible-move"}


def test_a_class_moved_to_where_it_is_stays() -> None:
    feed = Feed(created(ANN, "/a"))
    assert feed.send(moved_class(ANN, "/a", "/")) == "unchanged"
    assert feed.doubts() == set()


def test_a_class_that_left_for_this_destination_is_not_moved_again() -> None:
    feed = Feed(created(ANN, "/a"), created(ANN, "/b"), moved_class(ANN, "/a", "/b"))
    feed.send(created(ANN, "/z"))
    assert feed.send(moved_class(ANN, "/a", "/b")) == "unchanged"
    assert feed.paths() == ["/b", "/b/a", "/z"]


def test_a_young_inferred_destination_becomes_the_renamed_class() -> None:
    feed = Feed(created(ANN, "/a"), added(["m"], ANN, "/b"))
    feed.send(moved_class(ANN, "/a", "/b"))
    assert feed.paths() == ["/b"]
    assert feed.origin("/b") == "event"
    assert feed.doubts() == {"merged", "nest-or-rename", "rename-guessed"}


def test_an_inferred_destination_older_than_the_horizon_counts_as_existing() -> None:
    feed = Feed(created(ANN, "/a"), added(["m"], ANN, "/b"))
    feed.wait(HORIZON)
    feed.send(moved_class(ANN, "/a", "/b"))
    assert feed.paths() == ["/b", "/b/a"]
    assert feed.doubted_paths("nest-or-rename") == ["/b/a"]


def test_a_class_moved_onto_one_of_its_name_merges_with_it() -> None:
    feed = Feed(created(ANN, "/a"), created(ANN, "/a/x"), added(["m"], ANN, "/a/x"))
    for path in ("/b", "/b/a", "/b/a/x", "/b/a/y"):
        feed.send(created(ANN, path))
    survivor = feed.class_row("/b/a/x")["class_id"]
    feed.send(moved_class(ANN, "/a", "/b"))
    assert feed.paths() == ["/b", "/b/a", "/b/a/x", "/b/a/y"]
    assert feed.doubted_paths("merged") == ["/b/a"]
    row = feed.row("m")
    assert (row["class_id"], row["class_path"], row["changed_seq"]) == (survivor, "/b/a/x", 8)


def test_an_equal_class_event_right_after_is_unchanged() -> None:
    feed = Feed(created(ANN, "/a"), created(ANN, "/a/a"))
    feed.send(moved_class(ANN, "/a/a", "/"))
    assert feed.send(moved_class(ANN, "/a/a", "/")) == "unchanged"
    assert feed.doubts() == {"merged"}


# ------------------------------------------------------------------ moved-away memories


def test_a_path_that_was_left_means_where_its_class_is_now() -> None:
    feed = Feed(created(ANN, "/a"), moved_class(ANN, "/a", "/b"))
    feed.send(added(["m"], ANN, "/a/x"))
    assert feed.place("m") == "/b/x"


def test_a_path_that_was_left_long_ago_means_itself() -> None:
    feed = Feed(created(ANN, "/a"), moved_class(ANN, "/a", "/b"))
    feed.wait(HORIZON)
    feed.send(added(["m"], ANN, "/a"))
    assert feed.place("m") == "/a"


def test_a_path_that_was_left_means_itself_again_once_a_class_is_created_there() -> None:
    feed = Feed(created(ANN, "/a"), moved_class(ANN, "/a", "/b"), created(ANN, "/a"))
    feed.send(added(["m"], ANN, "/a"))
    assert feed.place("m") == "/a"
    assert feed.paths() == ["/a", "/b"]


def test_the_memory_of_a_merged_class_follows_the_survivor() -> None:
    feed = Feed(created(ANN, "/a"), created(ANN, "/b"), created(ANN, "/b/a"))
    feed.send(moved_class(ANN, "/a", "/b"))
    feed.send(added(["m"], ANN, "/a"))
    assert feed.place("m") == "/b/a"


def test_deleting_a_path_that_was_left_spares_the_class_that_left_it() -> None:
    feed = Feed(created(ANN, "/a"), moved_class(ANN, "/a", "/b"))
    assert feed.send(class_deleted(ANN, "/a")) == "unchanged"
    assert feed.paths() == ["/b"]
    assert feed.doubted_paths("left-then-deleted") == ["/b"]


def test_deleting_beneath_a_path_that_was_left_deletes_where_the_class_is_now() -> None:
    feed = Feed(created(ANN, "/a"), created(ANN, "/a/x"), moved_class(ANN, "/a", "/b"))
    feed.send(class_deleted(ANN, "/a/x"))
    assert feed.paths() == ["/b"]


# -------------------------------------------------------------------------- late creations


def test_a_late_creation_confirms_the_inferred_class_where_it_is_now() -> None:
    feed = Feed(added(["m"], ANN, "/a"), moved_class(ANN, "/a", "/b"), created(ANN, "/a"))
    assert feed.paths() == ["/b"]
    assert feed.origin("/b") == "event"


def test_the_second_creation_at_a_path_that_an_inferred_class_left_is_a_new_class() -> None:
    feed = Feed(added(["m"], ANN, "/a"), moved_class(ANN, "/a", "/b"), created(ANN, "/a"))
    feed.send(created(ANN, "/z"))
    feed.send(created(ANN, "/a"))
    assert feed.paths() == ["/a", "/b", "/z"]


def test_a_creation_after_the_deletion_of_its_unknown_path_creates_nothing() -> None:
    feed = Feed(class_deleted(ANN, "/模板/a"))
    assert feed.send(created(ANN, "/模板/a")) == "unchanged"
    assert feed.paths() == []
    assert feed.doubts() == {"creation-dropped"}


def test_a_deletion_drops_one_creation_only() -> None:
    feed = Feed(class_deleted(ANN, "/a"), created(ANN, "/a"), created(ANN, "/z"))
    feed.send(created(ANN, "/a"))
    assert feed.paths() == ["/a", "/z"]


def test_a_deletion_drops_no_creation_after_the_horizon() -> None:
    feed = Feed(class_deleted(ANN, "/a"))
    feed.wait(HORIZON)
    feed.send(created(ANN, "/a"))
    assert feed.paths() == ["/a"]


def test_a_creation_after_the_deletion_of_its_inferred_class_creates_nothing() -> None:
    feed = Feed(created(ANN, "/a/b"), class_deleted(ANN, "/a"), created(ANN, "/a"))
    assert feed.paths() == []


def test_an_unknown_class_that_moves_is_inferred_at_its_target() -> None:
    feed = Feed(moved_class(ANN, "/a", "/b"))
    assert feed.paths() == ["/b"]
    assert feed.doubted_paths("inferred-class") == ["/b"]
    assert feed.doubted_paths("rename-guessed") == ["/b"]


def test_the_late_creation_of_a_class_that_moved_unknown_confirms_it() -> None:
    feed = Feed(moved_class(ANN, "/a", "/b"), created(ANN, "/a"))
    assert feed.paths() == ["/b"]
    assert feed.origin("/b") == "event"
    assert feed.doubts() == {"rename-guessed"}


def test_a_class_that_comes_to_stand_where_an_unknown_one_left_merges_into_its_target() -> None:
    feed = Feed(created(ANN, "/x"), created(ANN, "/x/a"), created(ANN, "/d"))
    feed.send(added(["m"], ANN, "/x/a"))
    feed.send(moved_class(ANN, "/y/a", "/d"))
    feed.send(moved_class(ANN, "/x", "/y"))
    assert feed.paths() == ["/d", "/d/a", "/y"]
    assert feed.place("m") == "/d/a"
    assert feed.origin("/d/a") == "event"
    assert feed.doubted_paths("merged") == ["/d/a"]


# ------------------------------------------------------------------------ deleting classes


def test_a_class_goes_with_what_is_beneath_it_and_its_media_are_detached() -> None:
    feed = Feed(created(ANN, "/a"), created(ANN, "/a/b"), added(["m"], ANN, "/a/b"))
    feed.send(class_deleted(ANN, "/a"))
    assert feed.paths() == []
    assert feed.mirror.media_gone() == [
        {
            "material_id": "m",
            "state": "detached",
            "name": None,
            "file_id": None,
            "last_owner_type": "PERSON",
            "last_owner_id": "ann",
            "last_class_path": "/a/b",
            "changed_seq": 4,
        }
    ]
    assert feed.doubts() == {"class-deleted-with-media"}


def test_the_root_cannot_be_deleted() -> None:
    feed = Feed(created(ANN, "/a"))
    assert feed.send(class_deleted(ANN, "/")) == "unchanged"
    assert feed.doubts() == {"impossible-move"}


def test_an_unseen_preset_that_is_deleted_no_longer_exists() -> None:
    feed = Feed(created(ANN, "/a"))
    assert feed.send(class_deleted(ANN, "/模板")) == "unchanged"
    feed.send(moved_class(ANN, "/a", "/模板"))
    assert feed.paths() == ["/模板"]


def test_a_doubt_about_a_class_ends_with_it() -> None:
    feed = Feed(added(["m"], ANN, "/a"), deleted(["m"]), class_deleted(ANN, "/a"))
    assert feed.doubts() == set()


# ------------------------------------------------------------------------------- creations


def test_a_creation_says_what_the_file_is() -> None:
    body = uploaded(
        "m",
        ANN,
        "/成片",
        file_id="f",
        operation_type="VideoEdit",
        task_id="t",
        source_context="p",
    )
    feed = Feed(body)
    assert feed.mirror.media_files() == [
        {
            "file_id": "f",
            "operation_type": "VideoEdit",
            "task_id": "t",
            "project_id": "p",
            "size_bytes": None,
            "duration_seconds": None,
            "width": None,
            "height": None,
            "container": None,
            "bitrate": None,
            "live_materials": 1,
        }
    ]
    assert feed.mirror.project_board() == []


def test_a_stream_address_is_no_project() -> None:
    feed = Feed(uploaded("m", ANN, "/", operation_type="LiveStreamRecord", source_context="rtmp:"))
    assert feed.mirror.media_files()[0]["project_id"] is None


def test_a_creation_repeated_at_its_place_fills_what_is_empty_and_moves_nothing() -> None:
    feed = Feed(added(["m"], ANN, "/模板"), moved(["m"], ANN, "/模板", "/收藏"))
    feed.send(uploaded("m", ANN, "/模板", file_id="f"))
    feed.send(uploaded("m", ANN, "/模板", file_id="other"))
    assert (feed.place("m"), feed.row("m")["file_id"]) == ("/收藏", "f")
    assert feed.doubts() == set()


def test_a_creation_elsewhere_is_a_placement() -> None:
    feed = Feed(added(["m"], ANN, "/模板"))
    assert feed.send(added(["m"], CREW, "/收藏")) == "applied"
    assert feed.place("m") == "/模板"
    assert feed.doubts() == {"second-placement"}
    assert feed.mirror.media_links() == [
        {
            "material_id": "m",
            "kind": "placement",
            "owner_type": "TEAM",
            "owner_id": "crew",
            "class_id": feed.class_row("/收藏", CREW)["class_id"],
            "class_path": "/收藏",
            "target_material_id": "m",
            "target_owner_type": None,
            "target_owner_id": None,
            "target_class_path": None,
            "status": "Normal",
        }
    ]
    assert feed.send(added(["m"], CREW, "/收藏")) == "unchanged"


def test_placements_follow_a_merge_and_duplicates_drop() -> None:
    feed = Feed(created(ANN, "/a"), created(ANN, "/b"), created(ANN, "/b/a"))
    feed.send(added(["m"], ANN, "/模板"))
    feed.send(added(["m"], ANN, "/a"))
    feed.send(added(["m"], ANN, "/b/a"))
    feed.send(moved_class(ANN, "/a", "/b"))
    assert [row["class_path"] for row in feed.mirror.media_links()] == ["/b/a"]


# ----------------------------------------------------------------------------------- moves


def test_a_move_takes_a_material_to_its_destination() -> None:
    feed = Feed(added(["m"], ANN, "/模板"), moved(["m"], ANN, "/模板", "/收藏"))
    assert feed.place("m") == "/收藏"
    assert feed.doubts() == set()


def test_a_move_from_a_place_to_itself_is_unchanged() -> None:
    feed = Feed(created(ANN, "/a"))
    feed.send(added(["m"], ANN, "/a"))
    assert feed.send(moved(["m"], ANN, "/a", "/a")) == "unchanged"
    assert feed.place("m") == "/a"


def test_a_move_ensures_its_destination_never_its_source() -> None:
    assert Feed(moved(["m"], ANN, "/a", "/b")).paths() == ["/b"]


def test_a_move_before_its_creation_ends_at_the_destination() -> None:
    feed = Feed(moved(["m"], ANN, "/模板", "/收藏"))
    assert (feed.place("m"), feed.row("m")["origin"]) == ("/收藏", "inferred")
    feed.send(added(["m"], ANN, "/模板"))
    assert (feed.place("m"), feed.row("m")["origin"]) == ("/收藏", "event")
    assert feed.doubts() == {"moves-tangled"}


def test_two_moves_exchanged_end_at_the_last_destination() -> None:
    feed = Feed(added(["m"], ANN, "/模板"))
    feed.send(moved(["m"], ANN, "/收藏", "/成片"))
    assert feed.place("m") == "/成片"
    feed.send(moved(["m"], ANN, "/模板", "/收藏"))
    assert feed.place("m") == "/成片"


def test_moves_that_do_not_fit_together_end_at_the_newest_destination() -> None:
    feed = Feed(added(["m"], ANN, "/模板"))
    feed.send(moved(["m"], ANN, "/收藏", "/成片"))
    feed.send(moved(["m"], ANN, "/素材", "/媒资"))
    assert feed.place("m") == "/媒资"


def test_a_move_repeated_at_once_changes_nothing() -> None:
    feed = Feed(added(["m"], ANN, "/模板"), moved(["m"], ANN, "/模板", "/收藏"))
    assert feed.send(moved(["m"], ANN, "/模板", "/收藏")) == "unchanged"
    assert feed.doubts() == {"repeated-move"}


def test_a_move_made_again_is_applied_and_doubted() -> None:
    feed = Feed(added(["m"], ANN, "/模板"), moved(["m"], ANN, "/模板", "/收藏"))
    feed.send(moved(["m"], ANN, "/收藏", "/模板"))
    feed.send(moved(["m"], ANN, "/模板", "/收藏"))
    assert feed.place("m") == "/收藏"
    assert feed.doubts() == {"moved-again"}


def test_a_move_made_again_after_the_horizon_is_not_doubted() -> None:
    feed = Feed(added(["m"], ANN, "/模板"), moved(["m"], ANN, "/模板", "/收藏"))
    feed.send(moved(["m"], ANN, "/收藏", "/模板"))
    feed.wait(HORIZON)
    feed.send(moved(["m"], ANN, "/模板", "/收藏"))
    assert feed.doubts() == set()


def test_a_tangle_closes_after_the_horizon() -> None:
    feed = Feed(moved(["m"], ANN, "/模板", "/收藏"))
    feed.wait(HORIZON)
    feed.send(moved(["m"], ANN, "/收藏", "/成片"))
    feed.send(added(["m"], ANN, "/模板"))
    assert feed.place("m") == "/成片"


def test_a_class_move_rewrites_the_places_of_an_open_tangle() -> None:
    feed = Feed(created(ANN, "/a"), created(ANN, "/b"), moved(["m"], ANN, "/a", "/b"))
    feed.send(moved_class(ANN, "/b", "/c"))
    feed.send(added(["m"], ANN, "/a"))
    assert feed.place("m") == "/c"


def test_a_detached_material_starts_from_its_last_location() -> None:
    feed = Feed(created(ANN, "/a"), added(["m"], ANN, "/a"), class_deleted(ANN, "/a"))
    feed.send(moved(["m"], ANN, "/模板", "/收藏"))
    feed.send(moved(["m"], ANN, "/a", "/模板"))
    assert feed.place("m") == "/收藏"


# ---------------------------------------------------------------------- modified, deleted


def test_an_empty_field_is_not_changed() -> None:
    feed = Feed(added(["m"], ANN, "/模板"))
    feed.send(modified("m", name="film", preset_tags=["2", "1", "2"], tags=["x"]))
    assert feed.send(modified("m", name="", preset_tags=[], tags=None)) == "unchanged"
    row = feed.row("m")
    assert (row["name"], row["preset_tags"], row["tags"]) == ("film", ["1", "2"], ["x"])
    assert feed.mirror.material_tags() == [
        {"material_id": "m", "kind": "custom", "tag": "x"},
        {"material_id": "m", "kind": "preset", "tag": "1"},
        {"material_id": "m", "kind": "preset", "tag": "2"},
    ]


def test_a_field_set_twice_holds_the_later_arrival_and_is_doubted() -> None:
    feed = Feed(added(["m"], ANN, "/模板"), modified("m", name="one"), modified("m", name="two"))
    assert feed.row("m")["name"] == "two"
    assert feed.doubts() == {"modified-twice"}


def test_a_field_set_again_after_the_horizon_is_not_doubted() -> None:
    feed = Feed(added(["m"], ANN, "/模板"), modified("m", name="one"))
    feed.wait(HORIZON)
    feed.send(modified("m", name="two"))
    assert feed.doubts() == set()


def test_an_unknown_material_that_is_modified_is_detached_until_it_is_created() -> None:
    feed = Feed(modified("m", name="film"))
    assert (feed.row("m")["state"], feed.doubts()) == ("detached", {"unplaced"})
    feed.send(added(["m"], ANN, "/模板"))
    assert (feed.place("m"), feed.row("m")["name"]) == ("/模板", "film")
    assert feed.doubts() == set()


def test_a_deleted_material_stays_deleted_whatever_comes_late() -> None:
    feed = Feed(deleted(["m"]))
    assert feed.send(uploaded("m", ANN, "/a", file_id="f")) == "applied"
    assert feed.send(moved(["m"], ANN, "/a", "/b")) == "unchanged"
    assert feed.send(modified("m", name="film")) == "unchanged"
    row = feed.row("m")
    assert (row["state"], row["name"], row["file_id"]) == ("deleted", None, "f")
    assert feed.paths() == []


def test_a_deletion_ends_the_doubts_and_links_of_a_material() -> None:
    feed = Feed(added(["m"], ANN, "/模板"), added(["m"], ANN, "/收藏"), deleted(["m"]))
    assert (feed.doubts(), feed.mirror.media_links()) == (set(), [])
    assert feed.row("m")["last_class_path"] == "/模板"


# ---------------------------------------------------------------------- projects and tasks


def board(feed: Feed) -> Payload:
    (row,) = feed.mirror.project_board()
    return row


def test_a_switcher_runs_with_its_parts_and_stops_with_them() -> None:
    feed = Feed(switcher("p", "PgmStarted"), switcher("p", "PvwStarted"))
    row = board(feed)
    assert (row["running"], row["pvw_on"], row["pgm_on"]) == (True, True, True)
    feed.send(switcher("p", "PvwStopped"))
    row = board(feed)
    assert (row["running"], row["pvw_on"], row["pgm_on"]) == (True, False, True)
    feed.send(switcher("p", "Stopped"))
    row = board(feed)
    assert (row["running"], row["pvw_on"], row["pgm_on"]) == (False, False, False)


def test_an_interruption_implies_running_and_ends_with_the_next_start() -> None:
    feed = Feed(
        stream_connect("p", "InputInterrupted", end_point="Main"),
        stream_connect("p", "OutputInterrupted", output={"Id": "o", "Name": "out"}),
        stream_connect("p", "InputInterrupted"),
    )
    row = board(feed)
    assert row["running"]
    assert row["interrupted_inputs"] == ["Main", "unknown"]
    assert row["interrupted_outputs"] == ["o"]
    feed.send(stream_connect("p", "Working"))
    row = board(feed)
    assert (row["interrupted_inputs"], row["interrupted_outputs"]) == ([], [])


def test_a_media_cast_names_what_is_interrupted() -> None:
    feed = Feed(
        media_cast("p", "SourceInterrupted", source="s"),
        media_cast("p", "DestinationInterrupted", destination="d"),
    )
    row = board(feed)
    assert (row["category"], row["running"]) == ("MEDIA_CAST", True)
    assert (row["interrupted_inputs"], row["interrupted_outputs"]) == (["s"], ["d"])


def test_an_unknown_status_is_kept_and_doubted() -> None:
    feed = Feed(switcher("p", "Started"), switcher("p", "Recycled"))
    assert (board(feed)["status"], board(feed)["running"]) == ("Recycled", True)
    assert feed.doubts() == {"unknown-status"}


def test_every_status_is_history_and_only_a_new_one_a_change() -> None:
    feed = Feed(switcher("p", "Started"), switcher("p", "Started"))
    assert [row["seq"] for row in feed.mirror.project_timeline()] == [1, 2]
    assert [row["outcome"] for row in feed.mirror.delivery_log()] == ["applied", "unchanged"]
    assert board(feed)["changed_seq"] == 1


def test_an_export_describes_its_file_and_makes_an_unknown_material_known() -> None:
    feed = Feed(export("t", material_id="m", file_id="f", metadata={"Size": 7, "Duration": 1.5}))
    assert feed.mirror.export_tasks() == [
        {
            "task_id": "t",
            "status": "SUCCESS",
            "err_code": 0,
            "err_msg": "",
            "material_id": "m",
            "file_id": "f",
            "seq": 1,
        }
    ]
    (file,) = feed.mirror.media_files()
    assert (file["size_bytes"], file["duration_seconds"], file["live_materials"]) == (7, 1.5, 0)
    assert (feed.row("m")["state"], feed.doubts()) == ("detached", {"unplaced"})


def test_an_export_without_output_is_a_task_and_nothing_else() -> None:
    feed = Feed(export("t", status="FAIL", err_code=70_000, err_msg="broken"))
    assert feed.mirror.media_files() == []
    assert feed.send(export("t", status="FAIL", err_code=70_000, err_msg="broken")) == "unchanged"


# ---------------------------------------------------------------------------- observations


def test_an_observed_material_is_where_it_was_seen_and_no_longer_in_doubt() -> None:
    feed = Feed(moved(["m"], ANN, "/a", "/b"))
    feed.observe(materials_observed(1, seen("m", ANN, "/b", name="film", tags=["y", "x"])))
    row = feed.row("m")
    assert (row["class_path"], row["origin"], row["name"]) == ("/b", "observed", "film")
    assert row["tags"] == ["x", "y"]
    assert (feed.origin("/b"), feed.doubts()) == ("observed", {"inferred-class"})
    feed.observe(classes_observed(2, ANN, "/b"))
    assert feed.doubts() == set()


def test_what_a_later_delivery_named_is_not_observed() -> None:
    feed = Feed(added(["m"], ANN, "/模板"), moved(["m"], ANN, "/收藏", "/收藏"))
    assert feed.observe(materials_observed(1, seen("m", ANN, "/成片"))) == "unchanged"
    assert feed.place("m") == "/模板"


def test_an_observed_location_is_skipped_when_the_owners_classes_have_changed_since() -> None:
    feed = Feed(added(["m"], ANN, "/模板"), created(ANN, "/a"))
    feed.observe(materials_observed(1, seen("m", ANN, "/成片", name="film")))
    assert (feed.place("m"), feed.row("m")["name"]) == ("/模板", "film")


def test_a_new_material_whose_observed_location_is_skipped_is_detached() -> None:
    feed = Feed(created(ANN, "/a"))
    feed.observe(materials_observed(0, seen("m", ANN, "/a")))
    assert (feed.row("m")["state"], feed.doubts()) == ("detached", {"unplaced"})


def test_an_observation_brings_a_deleted_material_back() -> None:
    feed = Feed(added(["m"], ANN, "/模板"), deleted(["m"]))
    feed.observe(materials_observed(2, seen("m", ANN, "/收藏")))
    assert feed.place("m") == "/收藏"


def test_the_first_creation_of_an_observed_material_moves_nothing() -> None:
    feed = Feed()
    feed.observe(materials_observed(0, seen("m", ANN, "/收藏")))
    feed.send(added(["m"], ANN, "/模板"))
    assert (feed.place("m"), feed.row("m")["origin"]) == ("/收藏", "event")
    assert feed.doubts() == set()


def test_an_observed_link_says_where_it_points() -> None:
    link = {
        "Kind": "class",
        "TargetOwner": {"Type": "TEAM", "Id": "crew"},
        "TargetClassPath": "/x",
        "Status": "Forbidden",
    }
    feed = Feed()
    feed.observe(materials_observed(0, seen("m", ANN, "/模板", material_type="LINK", link=link)))
    (row,) = feed.mirror.media_links()
    assert (row["kind"], row["class_path"], row["status"]) == ("class", "/模板", "Forbidden")
    assert (row["target_owner_id"], row["target_class_path"]) == ("crew", "/x")


def test_a_missing_material_is_deleted() -> None:
    feed = Feed(added(["m"], ANN, "/模板"))
    feed.observe(materials_missing(1, "m", "n"))
    assert [row["state"] for row in feed.mirror.media_gone()] == ["deleted", "deleted"]


def test_observed_classes_are_the_complete_set() -> None:
    feed = Feed(created(ANN, "/a"), created(ANN, "/b"), added(["m"], ANN, "/b"))
    feed.send(added(["n"], ANN, "/c"))
    feed.observe(classes_observed(4, ANN, "/a", "/c", "/d/e"))
    assert feed.paths() == ["/a", "/c", "/d", "/d/e"]
    assert [feed.origin(path) for path in feed.paths()] == [
        "event",
        "observed",
        "observed",
        "observed",
    ]
    assert feed.doubts() == {"class-deleted-with-media"}


def test_observed_classes_are_skipped_when_the_owners_classes_have_changed_since() -> None:
    feed = Feed(created(ANN, "/a"), created(ANN, "/b"))
    assert feed.observe(classes_observed(1, ANN, "/c")) == "unchanged"


def test_a_project_missing_from_a_complete_listing_keeps_its_row_and_loses_its_doubt() -> None:
    feed = Feed(switcher("p", "Recycled"), switcher("q", "Recycled"))
    feed.observe(projects_observed(2, seen_project("q", name="show"), complete=True))
    assert [row["name"] for row in feed.mirror.project_board()] == [None, "show"]
    assert feed.doubts() == set()


def test_an_observed_task_is_filled_in() -> None:
    feed = Feed(export("t", material_id="m"))
    feed.observe(tasks_observed(1, seen_task("t", file_id="f"), seen_task("u", status="DOING")))
    assert [(row["file_id"], row["status"]) for row in feed.mirror.export_tasks()] == [
        ("f", "SUCCESS"),
        (None, "DOING"),
    ]
