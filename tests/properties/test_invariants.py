"""Invariants 1 and 2: after any feed the trees hold together, and each material is in one class or none."""

from collections import Counter

from hypothesis import given, settings

from mirror.core import paths
from mirror.core.library import Library
from mirror.core.model import Owner
from mirror.store import checkpoints, compare
from mirror.store.engine import Database
from tests.properties.feeds import Arrival, feeds
from tests.support.journals import apply, journaled
from tests.support.memory import MemoryMirror


def check_trees(library: Library) -> None:
    """Paths are unique, parents exist, and a path is the parent's and the name; so nothing goes round."""
    classes = {row.class_id: row for row in library.classes.rows.values() if row is not None}
    standing = Counter(row.place for row in classes.values())
    assert all(number == 1 for number in standing.values()), standing
    for row in classes.values():
        if row.parent_id is None:
            assert row.path == paths.ROOT, row
            continue
        above = classes.get(row.parent_id)
        assert above is not None, row
        assert above.owner == row.owner, row
        assert row.path == paths.join(above.path, paths.name(row.path)), (row, above)
    for owner in {row.owner for row in classes.values()}:
        found = {row.path: row.class_id for row in classes.values() if row.owner == owner}
        assert library.tree(Owner(*owner)) == found


def check_materials(library: Library) -> None:
    """A live one is in one class, any other in none; what is found by class is what says so itself."""
    materials = [row for row in library.materials.rows.values() if row is not None]
    for row in materials:
        assert (row.class_id is not None) == (row.state == "live"), row
        if row.class_id is not None:
            assert library.classes.rows.get(row.class_id) is not None, row
            assert row.last_place is None, row
    for class_id in library.classes.rows:
        library.members_loaded((class_id,))
        inside = {row.material_id for row in materials if row.class_id == class_id}
        assert {row.material_id for row in library.members((class_id,))} == inside


def check_what_hangs_on_them(library: Library) -> None:
    """Placements, doubts and tangles are of things that exist."""
    classes = {key for key, row in library.classes.rows.items() if row is not None}
    materials = {key: row.state for key, row in library.materials.rows.items() if row is not None}
    for links in library.links.rows.values():
        for link in links or ():
            assert (link.class_id is not None) == (link.kind == "placement"), link
            assert link.class_id is None or link.class_id in classes, link
            assert materials[link.material_id] != "deleted", link
    for doubt in library.doubts.rows:
        if doubt.kind == "class":
            assert int(doubt.key) in classes, doubt
        elif doubt.kind == "material":
            assert materials[doubt.key] != "deleted", doubt  # type: ignore[index]  # an id as text
    for material_id in library.tangles.rows:
        assert materials[material_id] != "deleted", material_id


@settings(max_examples=250)
@given(feeds(most=30))
def test_after_every_delivery_the_library_in_memory_holds_together(feed: list[Arrival]) -> None:
    mirror = MemoryMirror()
    for arrival in feed:
        mirror.deliver(*arrival)
        check_trees(mirror.library)
        check_materials(mirror.library)
        check_what_hangs_on_them(mirror.library)


@settings(max_examples=40)
@given(feeds(most=40))
def test_after_any_feed_the_database_holds_together(shared: Database, feed: list[Arrival]) -> None:
    platform = journaled(shared, feed)
    apply(shared, platform, batch=7)
    with shared.read() as connection:
        generation = checkpoints.live_generation(connection, platform)
        assert list(compare.breaches(connection, platform, generation)) == []
