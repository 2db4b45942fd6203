"""Why the feed had it wrong: each label of a correction, counted by the event that should have told."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from mirror.core.model import MaterialId
from mirror.platform.simulator import Link, Metadata
from mirror.store import schema
from mirror.store.reconciling import Tally
from tests.naive import bodies
from tests.support.mirrored import Mirrored, mine


def put_right(at: Mirrored) -> set[tuple[str, str | None, str]]:
    """What a full reconciliation puts right: label, event type and detail."""
    at.world.reconcile()
    assert at.exact()
    table = schema.corrections
    with at.world.database.read() as connection:
        found = connection.execute(
            select(table.c.label, table.c.event_type, table.c.detail).where(
                table.c.platform == at.world.name
            )
        )
        return {tuple(row) for row in found}


def test_nothing_is_put_right_where_nothing_is_wrong(at: Mirrored) -> None:
    at.upload("/a", 3)
    assert put_right(at) == set()


# ------------------------------------------------------------------ silent by specification


def test_cleared_tags_are_silent(at: Mirrored) -> None:
    [m] = at.upload("/a")
    at.world.platform.modify(m, tags=["x"])
    at.told()
    at.world.platform.clear_tags(m)
    assert put_right(at) == {("silent-by-specification", "Material.Modified", "tags")}


def test_a_renamed_project_is_silent(at: Mirrored) -> None:
    project = at.world.platform.create_project("SWITCHER", "gala", at.ann)
    at.world.reconcile()
    at.world.platform.rename_project(project.id, "Gala")
    assert put_right(at) == {("silent-by-specification", None, "name")}


# ------------------------------------------------------------------ never received


def test_a_lost_move_was_never_received(at: Mirrored) -> None:
    [m] = at.upload("/a")
    at.world.platform.move_materials([m], at.ann, "/b")
    at.world.held()
    assert put_right(at) == {("never-received", "Material.Moved", "place")}


def test_a_lost_modification_was_never_received(at: Mirrored) -> None:
    [m] = at.upload("/a")
    at.world.platform.modify(m, name="new", tags=["x"])
    at.world.held()
    assert put_right(at) == {
        ("never-received", "Material.Modified", "name"),
        ("never-received", "Material.Modified", "tags"),
    }


def test_a_lost_creation_of_a_class_was_never_received(at: Mirrored) -> None:
    at.world.platform.create_class(at.ann, "/c")
    at.world.held()
    assert put_right(at) == {("never-received", "Class.Created", "it was not known")}


@pytest.mark.parametrize("with_media", [False, True])
def test_a_lost_creation_of_a_class_counts_once_whoever_shows_it_first(
    at: Mirrored, with_media: bool
) -> None:
    at.world.platform.create_class(at.ann, "/c")
    if with_media:
        at.world.platform.upload(at.ann, "/c", "x.mp4")
    at.world.held()
    found = [row for row in put_right(at) if row[1] == "Class.Created"]
    assert found == [("never-received", "Class.Created", "it was not known")]
    assert Tally("never-received", "Class.Created", 1) in at.tallies()


def test_a_lost_deletion_of_a_class_was_never_received(at: Mirrored) -> None:
    at.world.platform.delete_classes(at.ann, ["/b"])
    at.world.held()
    assert put_right(at) == {("never-received", "Class.Deleted", "/b is not there")}


def test_a_lost_start_of_a_project_was_never_received(at: Mirrored) -> None:
    project = at.world.platform.create_project("STREAM_CONNECT", "gala", at.ann)
    at.world.reconcile()
    at.world.platform.start(project.id)
    at.told()
    at.world.platform.stop(project.id)
    at.world.held()
    assert put_right(at) == {("never-received", "Project.StreamConnect.StatusChanged", "status")}


# ------------------------------------------------------------------ silent or lost


def test_a_medium_of_a_copied_directory_is_silent_or_lost(at: Mirrored) -> None:
    at.upload("/a")
    at.world.platform.copy_directory(at.ann, "/a", at.ann, "/b")
    assert ("silent-or-lost", "Material.Added", "it was not known") in put_right(at)


def test_a_lost_link_is_silent_or_lost(at: Mirrored) -> None:
    [m] = at.upload("/a")
    link = at.world.platform.link_material(m, at.ann, "/b")
    assert isinstance(link.link, Link)
    at.world.held()
    assert put_right(at) == {("silent-or-lost", "Material.Added", "it was not known")}


def test_a_medium_that_went_with_its_file_is_silent_or_lost(at: Mirrored) -> None:
    [m] = at.upload("/a")
    file_id = at.world.platform.material(m).file_id
    at.world.platform.delete_vod_file(file_id)
    assert put_right(at) == {("silent-or-lost", "Material.Deleted", "it is deleted")}


# ------------------------------------------------------------------ misread


def test_a_guess_that_was_wrong_is_misread(at: Mirrored) -> None:
    [m] = at.upload("/a")
    at.world.platform.move_materials([m], at.ann, "/b")
    first = at.world.held()
    at.world.platform.move_materials([m], at.ann, "/成片")
    at.world.held()  # lost
    at.world.platform.move_materials([m], at.ann, "/收藏")
    at.told()
    at.world.arrive(first)
    assert at.place(m) == "/b"
    assert put_right(at) == {("misread", "Material.Moved", "place")}


def test_the_older_of_two_values_is_misread(at: Mirrored) -> None:
    [m] = at.upload("/a")
    at.world.platform.modify(m, name="first")
    first = at.world.held()
    at.world.platform.modify(m, name="second")
    at.told()
    at.world.arrive(first)
    assert put_right(at) == {("misread", "Material.Modified", "name")}


def test_a_deletion_that_was_none_is_misread(at: Mirrored) -> None:
    [m] = at.upload("/a")
    at.world.arrive([bodies.deleted([m])])
    assert put_right(at) == {("misread", "Material.Deleted", "it is not deleted")}


# ------------------------------------------------------------------ late


def test_a_creation_after_the_material_was_seen_is_late(at: Mirrored) -> None:
    made = at.world.platform.upload(at.ann, "/a", "x.mp4")
    late = at.world.held()
    at.world.reconciler().read_materials([MaterialId(made.id)])
    at.world.apply()
    at.world.arrive(late)
    found = put_right(at)
    assert ("late", "Material.Added", "its creation came late") in found


# ------------------------------------------------------------------ not counted


def test_what_was_there_before_the_mirror_is_no_correction(at: Mirrored) -> None:
    ben = at.world.platform.add_owner("PERSON", "Ben")
    with at.world.platform.muted():
        at.world.platform.create_class(ben, "/old")
        made = at.world.platform.upload(ben, "/old", "x.mp4")
    assert isinstance(made.metadata, Metadata)
    assert put_right(at) == set()


def test_details_that_no_event_tells_are_no_correction(at: Mirrored) -> None:
    at.world.platform.upload(at.ann, "/a", "x.mp4")
    at.told()
    assert put_right(at) == set()


def test_corrections_are_counted_by_label_and_event_type(at: Mirrored) -> None:
    ids = at.upload("/a", 5)
    at.world.platform.move_materials(ids[:3], at.ann, "/b")
    at.world.platform.modify(ids[3], name="new")
    at.world.held()
    at.world.platform.delete_vod_file(at.world.platform.material(ids[4]).file_id)
    at.world.reconciler().sweep([mine(at.ann)])
    at.world.apply()
    assert at.tallies() == [
        Tally("never-received", "Material.Modified", 1),
        Tally("never-received", "Material.Moved", 3),
        Tally("silent-or-lost", "Material.Deleted", 1),
    ]
