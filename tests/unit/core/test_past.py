"""Earlier states out of change rows, in small."""

from mirror.core.past import Fields, LinkId, Op, Sought, differing, seek_links

TARGET: Fields = {"kind": "material", "target_material_id": "a", "status": "Normal"}
SHOWN: Fields = {"kind": "placement", "class_id": 7, "target_material_id": "m"}
BOTH: dict[LinkId, Fields] = {("material", 0): TARGET, ("placement", 7): SHOWN}


def test_later_changes_are_taken_back_newest_first() -> None:
    sought = Sought()
    sought.take("update", {"name": "second"})
    sought.take("update", {"name": "first", "tags": []})
    assert sought.on({"name": "third", "tags": ["x"], "origin": "event"}) == {
        "name": "first",
        "tags": [],
        "origin": "event",
    }


def test_a_thing_that_was_inserted_later_was_not_there() -> None:
    sought = Sought()
    sought.take("update", {"name": "first"})
    sought.take("insert", None)
    assert sought.on({"name": "second"}) is None


def test_a_thing_that_was_deleted_later_is_all_told() -> None:
    sought = Sought()
    sought.take("delete", {"class_path": "/b", "origin": "event"})
    sought.take("update", {"class_path": "/a"})
    assert sought.on(None) == {"class_path": "/a", "origin": "event"}


def test_first_changes_are_made_again_oldest_first() -> None:
    sought = Sought()
    sought.take("insert", {"class_path": "/a"})
    sought.take("update", {"class_path": "/b"})
    assert sought.on(None) == {"class_path": "/b"}
    sought.take("delete", None)
    assert sought.on(None) is None


def test_what_never_changed_is_as_it_is() -> None:
    assert Sought().on({"name": "a"}) == {"name": "a"}
    assert Sought().on(None) is None


def test_an_update_of_a_link_is_that_of_the_one_that_points() -> None:
    row: tuple[Op, Fields, Fields] = ("update", {"status": "NotFound"}, {"status": "Normal"})
    assert seek_links(BOTH, [row]) == {
        ("material", 0): {**TARGET, "status": "NotFound"},
        ("placement", 7): SHOWN,
    }


def test_where_the_class_of_a_placement_stands_is_no_matter_of_the_link() -> None:
    assert seek_links(BOTH, [("update", {"class_path": "/a"}, {"class_path": "/b"})]) == BOTH


def test_links_come_and_go_by_kind_and_class() -> None:
    assert seek_links(BOTH, [("insert", None, SHOWN)]) == {("material", 0): TARGET}
    assert seek_links({}, [("delete", SHOWN, None)]) == {("placement", 7): SHOWN}


def test_an_empty_list_says_as_little_as_nothing() -> None:
    assert differing({"tags": (), "name": "a", "x": 1}, {"tags": None, "name": "b", "x": 2}) == [
        "name",
        "x",
    ]
    assert differing({"x": 1}, {"x": 2}, frozenset({"x"})) == []
    assert differing({"on": False}, {"on": None}) == ["on"]
