"""Browsing, now and then: the steps of the tree, search, and the numbers of the header, on every engine."""

from __future__ import annotations

import pytest

from mirror.core.model import ClassId, Owner, Seq
from mirror.errors import NotFound
from mirror.store.engine import Connection, Database
from mirror.store.queries import browse, lists
from mirror.store.queries.browse import Found, Node, Sought, Then
from tests.naive import bodies
from tests.naive.bodies import ANN, CREW
from tests.properties.feeds import SECOND, START, Arrival
from tests.support.journals import append, apply

STORY = [
    bodies.created(CREW, "/a"),  # 1
    bodies.created(CREW, "/a/b"),
    bodies.created(CREW, "/a-b"),
    bodies.added(["m1", "m2"], CREW, "/a"),
    bodies.uploaded("m3", CREW, "/a/b", file_id="f3"),  # 5
    bodies.modified("m1", name="City 100%.mp4", tags=["city"]),
    bodies.created(ANN, "/x"),
    bodies.moved_class(CREW, "/a/b", "/c"),
    bodies.deleted(["m2"]),
    bodies.modified("m3", name="city_night.mp4"),  # 10
]


@pytest.fixture
def story(database: Database) -> Database:
    """All of it, a second apart."""
    feed = [Arrival(body, START + place * SECOND) for place, body in enumerate(STORY)]
    append(database, "default", feed)
    apply(database, "default")
    return database


def told(nodes: list[Node]) -> list[tuple[str, int | None, int]]:
    return [(node.path, node.material_count, node.class_count) for node in nodes]


def roots(connection: Connection) -> list[Node]:
    return browse.roots(connection, lists.stamp(connection, None), 10)


def inside(connection: Connection, node: Node, limit: int = 10) -> list[Node]:
    return browse.children(connection, lists.stamp(connection, None), node.class_id, limit)


def test_the_tree_opens_step_by_step(story: Database) -> None:
    with story.read() as connection:
        ann, crew = roots(connection)
        assert (ann.owner, crew.owner) == (Owner(*ANN), Owner(*CREW))
        assert told([ann, crew]) == [("/", 0, 1), ("/", 0, 3)]
        found = inside(connection, crew)
        assert told(found) == [("/a", 1, 0), ("/a-b", 0, 0), ("/c", 1, 0)]
        assert [node.name for node in found] == ["a", "a-b", "c"]
        assert inside(connection, crew, limit=2) == found[:2]


def test_a_lineage_leads_from_the_root(story: Database) -> None:
    with story.read() as connection:
        stamp = lists.stamp(connection, None)
        c = inside(connection, roots(connection)[1])[-1]
        assert [n.path for n in browse.lineage(connection, stamp, c.class_id)] == ["/", "/c"]
        with pytest.raises(NotFound, match="no class 999"):
            browse.lineage(connection, stamp, ClassId(999))


def test_the_tree_then_opens_as_it_was(story: Database) -> None:
    for at in range(5, len(STORY) + 1):
        with story.read() as connection:
            then = Then(connection, "default", Seq(at))
            crew = then.roots(10)[-1]
            paths = [path for path, *_ in told(then.children(crew.class_id, 10))]
            assert paths == (["/a", "/a-b"] if at < 8 else ["/a", "/a-b", "/c"])
            b = next(n for n in _below(then, crew) if n.path in {"/a/b", "/c"})
            above = ["/", "/a", "/a/b"] if at < 8 else ["/", "/c"]
            assert [node.path for node in then.lineage(b.class_id)] == above
            [m3] = then.media(b, None, 5).rows
            assert (m3.material_id, m3.name) == ("m3", "city_night.mp4" if at == 10 else None)
            assert then.files(["f3", "f9"]).keys() == {"f3"}


def _below(then: Then, node: Node) -> list[Node]:
    found = then.children(node.class_id, 10)
    return [*found, *(inner for each in found for inner in _below(then, each))]


def test_then_is_now_at_the_end(story: Database) -> None:
    with story.read() as connection:
        then = Then(connection, "default", Seq(len(STORY)))
        for node in roots(connection):
            assert then.lineage(node.class_id) == [node]
            assert then.children(node.class_id, 10) == inside(connection, node)
        with pytest.raises(NotFound):
            then.lineage(ClassId(999))


def test_far_from_here_nothing_is_counted(story: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mirror.store.queries.browse.then.FAR", 2)
    with story.read() as connection:
        counts = [
            Then(connection, "default", Seq(at)).roots(1)[0].material_count for at in (2, 5, 9)
        ]
    assert counts == [0, None, 0]


def test_media_then_come_in_pages(story: Database) -> None:
    with story.read() as connection:
        then = Then(connection, "default", Seq(4))
        a = then.children(then.roots(1)[0].class_id, 1)[0]
        first = then.media(a, None, 1)
        assert ([row.material_id for row in first.rows], first.next) == (["m1"], "m1")
        rest = then.media(a, first.next, 1)
        assert ([row.material_id for row in rest.rows], rest.next) == (["m2"], None)


def found(database: Database, text: str, after: str | None = None, limit: int = 50) -> Found:
    with database.read() as connection:
        return browse.find(connection, lists.stamp(connection, None), Sought(text, after, limit))


@pytest.mark.parametrize(
    ("text", "media"),
    [
        ("CITY", [("name", "m1"), ("name", "m3")]),
        ("city", [("tag", "m1"), ("name", "m3")]),
        ("100%", [("name", "m1")]),
        ("y_n", [("name", "m3")]),
        ("m2", [("id", "m2")]),
        ("f3", [("file", "m3")]),
        ("nothing", []),
    ],
)
def test_media_are_found(story: Database, text: str, media: list[tuple[str, str]]) -> None:
    assert [(hit.why, hit.material_id) for hit in found(story, text).media] == media


def test_a_hit_tells_where_it_is_or_was(story: Database) -> None:
    [gone] = found(story, "m2").media
    assert (gone.state, gone.class_id, gone.owner, gone.path) == ("deleted", None, CREW, "/a")
    [here] = found(story, "m3").media
    assert (here.state, here.owner, here.path) == ("live", CREW, "/c")


@pytest.mark.parametrize(
    ("text", "classes"),
    [("/a", ["/a", "/a-b"]), ("/", ["/", "/"]), ("B", ["/a-b"]), ("a", ["/a", "/a-b"]), ("/q", [])],
)
def test_classes_are_found(story: Database, text: str, classes: list[str]) -> None:
    assert [hit.path for hit in found(story, text).classes] == classes


def test_names_are_looked_at_so_many_at_a_time(
    story: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mirror.store.queries.browse.search.LOOKED_AT", 1)
    page = found(story, "night")
    assert (page.media, page.looked_at, page.next) == ((), 1, "m1")
    page = found(story, "night", "m2")
    assert ([hit.material_id for hit in page.media], page.next) == (["m3"], "m3")
    page = found(story, "night", "m3")
    assert (page.media, page.looked_at, page.next) == ((), 0, None)


def test_a_full_page_goes_on_behind_its_last_hit(story: Database) -> None:
    page = found(story, "mp4", limit=1)
    assert ([hit.material_id for hit in page.media], page.next) == (["m1"], "m1")
    page = found(story, "mp4", page.next, limit=1)
    assert ([hit.material_id for hit in page.media], page.next) == (["m3"], None)


def test_the_header_counts_what_is_cheap(story: Database) -> None:
    append(story, "default", [Arrival(bodies.created(ANN, "/late"), START + 3600 * SECOND)])
    with story.read() as connection:
        told = browse.strip(connection, lists.stamp(connection, None))
        assert (told.head_seq, told.applied_seq, told.lag) == (len(STORY) + 1, len(STORY), 1)
        assert told.last_received_at == browse.came_at(connection, "default", Seq(len(STORY) + 1))
        assert browse.came_at(connection, "default", Seq(99)) is None
