"""The lists of the API read no more than a page needs, on every engine, with or without ANALYZE."""

import pytest
import sqlalchemy as sa

from mirror.core.model import ClassId, Owner, Seq
from mirror.store import feed
from mirror.store.engine import Database
from mirror.store.feed import Position, Scope
from mirror.store.places import Places
from mirror.store.queries import lists
from mirror.store.schema import metadata
from tests.contracts.test_plans import SIZE, filled
from tests.support.plans import Ask, plans

__all__ = ["filled"]

TEAM = Owner("TEAM", "team-1")
AFTER = {
    "classes": ("TEAM", "team-1", "/c010"),
    "materials by place": ("TEAM", "team-1", "/c010", "m0000040"),
    "by id": ("m0000040",),
}


def stamped(ask: object, only: object, after: object = None) -> Ask:
    def asked(connection: sa.Connection) -> object:
        stamp = lists.stamp(connection, "default")
        return ask(connection, stamp, only, after, 100)  # type: ignore[operator]

    return asked


OF = lists.Materials
QUESTIONS: dict[str, Ask] = {
    "classes": stamped(lists.classes, lists.Classes(owner=TEAM)),
    "classes after": stamped(lists.classes, lists.Classes(owner=TEAM), AFTER["classes"]),
    "classes below a path": stamped(lists.classes, lists.Classes(owner=TEAM, path="/c010")),
    "materials of a class": stamped(lists.materials, OF(class_id=ClassId(7))),
    "materials of a tag": stamped(lists.materials, OF(tag="t7", tag_kind="custom")),
    "materials of a file": stamped(lists.materials, OF(file_id="f0000007")),
    "materials after": stamped(lists.materials, OF(state=None), AFTER["by id"]),
    "materials of an owner": stamped(lists.materials, OF(owner=TEAM)),
    "materials of an owner after": stamped(
        lists.materials, OF(owner=TEAM), AFTER["materials by place"]
    ),
    "materials below a path": stamped(lists.materials, OF(owner=TEAM, path="/c010")),
    "materials below a path, by name": stamped(
        lists.materials, OF(owner=TEAM, path="/c010", name="x")
    ),
    "a file": stamped(lists.files, lists.Files(file_id="f0000007")),
    "links of a material": stamped(lists.links, lists.Links(material_id="m0000010")),
    "links to a material": stamped(lists.links, lists.Links(target_material_id="m0000010")),
    "a project": stamped(lists.projects, lists.Projects(project_id="p1")),
    "a timeline": lambda c: lists.timeline(c, lists.stamp(c, "default"), "p1"),
    "a task": stamped(lists.tasks, lists.Tasks(task_id="t1")),
    "doubts of a kind": stamped(lists.doubts, lists.Doubts(kind="material", key="m0000100")),
    "changes of a thing": lambda c: feed.look(
        c, "default", feed.start(1), Scope(("material",), "m0000007")
    ),
    "changes after": lambda c: feed.read(c, "default", Position(1, Seq(9), 0), Seq(SIZE), 100),
    "the class of a material then": lambda c: Places(c, "default", 1)._class_of(
        "m0000007", (SIZE, 1)
    ),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_list_reads_no_table_whole(filled: Database, question: str) -> None:
    with filled.read() as connection:
        found = plans(connection, QUESTIONS[question])
    assert found
    # What is made on the way is bounded, and was read by one of the other steps.
    whole = [table for plan in found for table in plan.whole if table in metadata.tables]
    assert whole == [], "\n".join(plan.text for plan in found)


ORDERED = [
    "classes",
    "classes after",
    "materials of a class",
    "materials after",
    "materials of an owner",
    "materials of an owner after",
    "materials below a path",
]


@pytest.mark.parametrize("question", ORDERED)
def test_sqlite_gives_a_page_without_sorting(filled: Database, question: str) -> None:
    if filled.dialect != "sqlite":
        pytest.skip("not for PostgreSQL, which may sort a page")
    with filled.read() as connection:
        found = plans(connection, QUESTIONS[question])
    assert not any(plan.sorts for plan in found), "\n".join(plan.text for plan in found)
