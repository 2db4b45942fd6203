"""Lists page by page, on every engine: pages of any size together are the whole, filtered as asked."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from mirror.core.model import ClassId, Micros, Owner, Seq
from mirror.errors import NotFound
from mirror.store import journal, platforms
from mirror.store.engine import Database
from mirror.store.journal import Arrival
from mirror.store.queries import lists
from mirror.store.queries.lists import MediumRow, Page, Place, Stamp, paging
from mirror.store.schema import materials
from tests.support.library import fill, insert

SIZE = 120
TEAM = Owner("TEAM", "team-1")
Read = Callable[[sa.Connection, Stamp, Any, Place | None, int], Page[Any]]


@pytest.fixture
def library(database: Database) -> Database:
    """120 live materials in 80 classes of four teams, and some of everything else."""
    fill(database, SIZE, classes_each=20)
    with database.write() as connection:
        insert(
            connection,
            "materials",
            {"material_id": "gone-1", "state": "deleted", "name": "Old 50%", **_last("/c010")},
            {"material_id": "gone-2", "state": "detached", "name": "Old_b", **_last("/c0100")},
            {"material_id": "gone-3", "state": "deleted", "name": None},
        )
        connection.execute(
            sa.update(materials)
            .where(materials.c.material_id == "m0000007", materials.c.platform == "default")
            .values(name="Ünïcode 素材 ABC", material_type="VIDEO", origin="observed")
        )
        insert(
            connection,
            "tags",
            *(
                row(kind=kind, tag=tag, material_id=f"m{number:07}")
                for number in range(0, SIZE, 3)
                for kind, tag in (("custom", "city"), ("preset", "city"), ("preset", "news"))
            ),
        )
        insert(
            connection,
            "projects",
            {"project_id": "p1", "category": "SWITCHER", "status": "Started", "running": True},
            {"project_id": "p2", "category": "MEDIA_CAST", "name": "Night", "running": False},
            {"project_id": "p3", "gone": True},
        )
        insert(
            connection,
            "project_statuses",
            *(row(project_id="p1", seq=seq, status=f"S{seq}", at=seq * 10) for seq in (2, 5, 9)),
        )
        insert(
            connection,
            "tasks",
            *(row(task_id=f"t{n}", status="FAIL" if n % 2 else "SUCCESS") for n in range(5)),
        )
    return database


def row(**values: object) -> dict[str, object]:
    return values


def _last(path: str) -> dict[str, object]:
    return {"last_owner_type": TEAM.type, "last_owner_id": TEAM.id, "last_path": path}


def whole(database: Database, read: Read, only: object, limit: int = 500) -> list[Any]:
    """All rows of a list, in pages of `limit`."""
    found: list[Any] = []
    place: Place | None = None
    for _ in range(1_000):
        with database.read() as connection:
            stamp = lists.stamp(connection, "default")
            page = read(connection, stamp, only, place, limit)
        assert len(page.rows) <= limit
        assert page.next != place or page.next is None
        found += page.rows
        place = page.next
        if place is None:
            return found
    pytest.fail("It has no end.")


def ids(database: Database, **only: Any) -> list[str]:  # noqa: ANN401 - any filter
    rows: list[MediumRow] = whole(database, lists.materials, lists.Materials(**only))
    return [row.material_id for row in rows]


WANTED: dict[str, tuple[Read, object]] = {
    "materials": (lists.materials, lists.Materials()),
    "materials in any state": (lists.materials, lists.Materials(state=None)),
    "materials of an owner": (lists.materials, lists.Materials(owner=TEAM)),
    "materials below a path": (lists.materials, lists.Materials(path="/c010")),
    "materials of a path": (lists.materials, lists.Materials(owner=TEAM, path="/c010")),
    "materials of a class": (lists.materials, lists.Materials(class_id=ClassId(7))),
    "materials of a tag": (lists.materials, lists.Materials(tag="city")),
    "materials of a tag somewhere": (lists.materials, lists.Materials(tag="city", owner=TEAM)),
    "materials of a file": (lists.materials, lists.Materials(file_id="f0000003")),
    "materials by name": (lists.materials, lists.Materials(name="M00000")),
    "materials by name somewhere": (lists.materials, lists.Materials(name="1", path="/c010")),
    "doubtful materials": (lists.materials, lists.Materials(in_doubt=True)),
    "sure materials of an owner": (lists.materials, lists.Materials(owner=TEAM, in_doubt=False)),
    "what is gone": (lists.materials, lists.Materials(state="deleted")),
    "classes": (lists.classes, lists.Classes()),
    "classes of an owner": (lists.classes, lists.Classes(owner=TEAM, depth=1)),
    "classes by name": (lists.classes, lists.Classes(name="C01")),
    "files": (lists.files, lists.Files()),
    "links": (lists.links, lists.Links()),
    "links in a place": (lists.links, lists.Links(owner=TEAM, path="/c010")),
    "projects": (lists.projects, lists.Projects(gone=None)),
    "tasks": (lists.tasks, lists.Tasks(status="FAIL")),
    "doubts": (lists.doubts, lists.Doubts(reason="unplaced")),
    "deliveries": (lists.deliveries, lists.Deliveries()),
    "imported deliveries": (lists.deliveries, lists.Deliveries(source="import")),
}


@pytest.mark.parametrize("name", WANTED)
def test_pages_of_any_size_are_the_whole(
    library: Database, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, only = WANTED[name]
    every = whole(library, read, only)
    monkeypatch.setattr(paging, "LOOKED_AT", 10)
    for limit in (3, 500):
        assert whole(library, read, only, limit) == every
    assert len({repr(row) for row in every}) == len(every)


def test_materials_of_a_place_are_those_in_it_and_beneath(library: Database) -> None:
    every: list[MediumRow] = whole(library, lists.materials, lists.Materials())
    assert len(every) == SIZE
    expected = [
        row.material_id
        for row in sorted(every, key=lambda row: (row.class_path or "", row.material_id))
        if row.owner_id == TEAM.id
        and row.class_path is not None
        and (row.class_path == "/c010" or row.class_path.startswith("/c010/"))
    ]
    assert ids(library, owner=TEAM, path="/c010") == expected != []
    assert ids(library, owner=TEAM, path="/c01") == []


def test_materials_are_found_by_what_they_have(library: Database) -> None:
    tagged = [f"m{number:07}" for number in range(0, SIZE, 3)]
    assert ids(library, tag="city") == tagged
    assert ids(library, tag="news", tag_kind="preset") == tagged
    assert ids(library, tag="news", tag_kind="custom") == []
    assert ids(library, file_id="f0000003") == ["m0000006", "m0000007"]
    assert ids(library, file_id="f0000003", tag="city") == ["m0000006"]
    assert ids(library, material_type="VIDEO") == ["m0000007"]
    assert ids(library, origin="observed") == ["m0000007"]
    assert ids(library, in_doubt=True) == ["m0000000", "m0000100"]


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("abc", ["m0000007"]),
        ("素材", ["m0000007"]),
        ("ünï", []),  # A to Z alone has two cases
        ("Ünï", ["m0000007"]),
        ("%", []),
        ("_", []),
        ("material m0000011", ["m0000011"]),
    ],
)
def test_a_name_is_sought_as_it_is_written(library: Database, part: str, found: list[str]) -> None:
    assert ids(library, name=part) == found


def test_what_is_gone_is_found_by_its_last_place(library: Database) -> None:
    assert ids(library, state="deleted") == ["gone-1", "gone-3"]
    assert ids(library, state="detached") == ["gone-2"]
    assert ids(library, state="deleted", owner=TEAM, path="/c010") == ["gone-1"]
    assert ids(library, state="detached", path="/c010") == []
    assert ids(library, state="deleted", name="50%") == ["gone-1"]
    assert "gone-1" in ids(library, state=None, path="/c010")


def test_what_comes_between_two_pages_moves_nothing(library: Database) -> None:
    with library.read() as connection:
        stamp = lists.stamp(connection, "default")
        only = lists.Materials(owner=TEAM)
        first = lists.materials(connection, stamp, only, None, 10)
    with library.write() as connection:
        insert(connection, "materials", {"material_id": "a", "state": "live", "class_id": 21})
        last = first.rows[-1].material_id
        connection.execute(sa.delete(materials).where(materials.c.material_id == last))
    with library.read() as connection:
        second = lists.materials(connection, stamp, only, first.next, 500)
    assert not {row.material_id for row in first.rows} & {row.material_id for row in second.rows}


def test_a_class_tells_its_parent_name_and_depth(library: Database) -> None:
    rows = whole(library, lists.classes, lists.Classes(owner=TEAM, path="/c010", depth=1))
    assert rows[0].class_path == "/c010"
    assert (rows[0].parent_path, rows[0].name, rows[0].depth) == ("/", "c010", 1)
    assert (rows[1].parent_path, rows[1].name, rows[1].depth) == ("/c010", "c011", 2)
    (root,) = whole(library, lists.classes, lists.Classes(owner=TEAM, depth=0))
    assert (root.parent_path, root.name, root.depth) == (None, "", 0)
    named = whole(library, lists.classes, lists.Classes(owner=TEAM, name="C010"))
    assert [row.class_path for row in named] == ["/c010"]


def test_projects_are_found_by_what_they_do(library: Database) -> None:
    def found(**only: object) -> list[str]:
        rows = whole(library, lists.projects, lists.Projects(**only))  # type: ignore[arg-type]
        return [row.project_id for row in rows]

    assert found() == ["p1", "p2"]
    assert found(gone=True) == ["p3"]
    assert found(running=True) == ["p1"]
    assert found(running=False) == ["p2"]
    assert found(category="MEDIA_CAST", name="ni") == ["p2"]


def test_a_timeline_begins_with_the_newest_and_each_ends_with_the_next(library: Database) -> None:
    with library.read() as connection:
        stamp = lists.stamp(connection, "default")
        newest = lists.timeline(connection, stamp, "p1", limit=2)
        oldest = lists.timeline(connection, stamp, "p1", before=newest[-1].seq)
    assert [(row.seq, row.from_at, row.to_at) for row in newest] == [(9, 90, None), (5, 50, 90)]
    assert [(row.seq, row.from_at, row.to_at) for row in oldest] == [(2, 20, 50)]


def test_deliveries_are_those_between_two(database: Database) -> None:
    with database.write() as connection:
        journal.append(
            connection,
            "default",
            [Arrival(b"%d" % n, Micros(n), "import" if n % 2 else "callback") for n in range(1, 7)],
        )

    def seqs(**only: object) -> list[int]:
        rows = whole(database, lists.deliveries, lists.Deliveries(**only), 2)  # type: ignore[arg-type]
        return [row.seq for row in rows]

    assert seqs() == [6, 5, 4, 3, 2, 1]
    assert seqs(since=Seq(2), until=Seq(4)) == [4, 3]
    assert seqs(source="import") == [5, 3, 1]
    assert seqs(source="import", since=Seq(1)) == [5, 3]
    assert seqs(outcomes=["pending"]) == [6, 5, 4, 3, 2, 1]
    assert seqs(since=Seq(6)) == []


def test_a_stamp_is_of_the_platform_that_is_meant(database: Database) -> None:
    with database.write() as connection:
        platforms.add(connection, "studio", now=Micros(1))
        assert lists.stamp(connection, None) == Stamp("default", 1, 1, Seq(0), Seq(0))
        assert lists.stamp(connection, "studio").platform == "studio"
        assert lists.platforms(connection) == ["default", "studio"]
        with pytest.raises(NotFound):
            lists.stamp(connection, "nobody")
        journal.append(connection, "default", [Arrival(b"1", Micros(7))])
        assert lists.stamp(connection, None).head_seq == 1
        assert lists.seq_at(connection, "default", Micros(6)) == 0
        assert lists.seq_at(connection, "default", Micros(7)) == 1
