"""The hot questions are answered from indexes on every engine, whether or not somebody ran ANALYZE."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
import sqlalchemy as sa

from mirror.core.library import Library
from mirror.core.model import ClassId, MaterialId, Micros, Owner, Seq
from mirror.core.rules import Rules
from mirror.store import checkpoints, feed, journal, queries, receipts, reconciling, views
from mirror.store.engine import Database, open_database
from mirror.store.queries.material import material
from mirror.store.schema import STATE
from mirror.store.state import Loader
from tests.support.databases import postgresql_database
from tests.support.library import bulk_rows, fill
from tests.support.plans import Ask, Plan, plans

SIZE = 6_000
STATES = ["as migrated", "analyzed"]
ON_SQLITE = [("sqlite", state) for state in STATES]
TEAM = Owner("TEAM", "team-1")
OF_TEAM: dict[str, Any] = {
    "platform": "default",
    "owner_type": TEAM.type,
    "owner_id": TEAM.id,
}


@pytest.fixture(
    scope="module",
    params=[
        *ON_SQLITE,
        *(pytest.param(("postgresql", s), marks=pytest.mark.postgresql) for s in STATES),
    ],
    ids=" ".join,
)
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    engine, state = request.param
    if engine == "postgresql":
        with postgresql_database(request.getfixturevalue("migrated_template")) as url:
            yield from _filled(url, state)
    else:
        path = tmp_path_factory.mktemp("plans") / "mirror.db"
        shutil.copyfile(request.getfixturevalue("migrated_file"), path)
        yield from _filled(f"sqlite:///{path}", state)


def _filled(url: str, state: str) -> Iterator[Database]:
    with closing(open_database(url)) as database:
        fill(database, SIZE, classes_each=500)
        _fill_more(database)
        if state == "analyzed":
            with database.write() as connection:
                connection.exec_driver_sql("ANALYZE")
    with closing(open_database(url)) as database:  # SQLite reads statistics when it opens
        yield database


def _fill_more(database: Database) -> None:
    some, persons = range(SIZE), [f"person-{n}" for n in range(20)]
    rows: dict[str, list[dict[str, object]]] = {
        "classes": [
            {"class_id": 10_000 + n, "owner_type": "PERSON", "owner_id": p, "path": f"/{n}"}
            for n, p in enumerate(persons * 100)
        ],
        "tags": [{"kind": "custom", "tag": f"t{n % 50}", "material_id": f"m{n:07}"} for n in some],
        "tasks": [{"task_id": f"t{n}", "changed_seq": n} for n in some],
        "projects": [{"project_id": f"p{n}"} for n in some],
        "project_statuses": [{"project_id": f"p{n % 50}", "seq": n + 1} for n in some],
    }
    rows["doubts"] = [{"kind": "material", "key": f"x{n}", "reason": "unplaced"} for n in some]
    with database.write() as connection:
        for name, values in rows.items():
            bulk_rows(connection, name, ("default", 1), values)


def page(name: str, *order: str, newest: bool = False, **equal: Any) -> sa.Select[tuple[object]]:  # noqa: ANN401 - whatever the column holds
    """The first page of a view."""
    view = views.view(name)
    by = [view.c[column].desc() if newest else view.c[column] for column in order]
    filters = (view.c[key] == value for key, value in equal.items())
    return sa.select(view).where(*filters).order_by(*by).limit(100)


def below(name: str, *order: str, **equal: Any) -> sa.Select[tuple[object]]:  # noqa: ANN401 - as above
    """The first page below a path."""
    path = views.view(name).c.class_path
    return page(name, *order, **equal).where(queries.at_or_beneath(path, "/c010"))


def shown(query: sa.Select[tuple[object]]) -> Ask:
    return lambda connection: connection.execute(query).all()


def loaded(load: Callable[[Loader], None]) -> Ask:
    return lambda connection: load(Loader(connection, "default", 1, Library(Rules())))


IN_DEFAULT: dict[str, Any] = {"platform": "default"}
MATERIALS = [MaterialId(f"m{number:07}") for number in range(0, 30, 10)]

NARROW: dict[str, Ask] = {
    # what the applier loads
    "owners with their trees": loaded(lambda loader: loader.owners([TEAM])),
    "several owners": loaded(lambda loader: loader.owners([TEAM, Owner("TEAM", "team-2")])),
    "classes by id": loaded(lambda loader: loader.classes([ClassId(7), ClassId(70)])),
    "materials by id": loaded(lambda loader: loader.materials(MATERIALS)),
    "what is in classes": loaded(lambda loader: loader.members([ClassId(7)])),
    "files by id": loaded(lambda loader: loader.files(["f0000001", "f0000002"])),
    "tasks by id": loaded(lambda loader: loader.tasks(["t1", "t2"])),
    "projects by id": loaded(lambda loader: loader.projects(["p1", "p2"])),
    # the journal, the feed and receipts
    "the next deliveries": lambda c: journal.read(c, "default", Seq(500), 10),
    "deliveries between": lambda c: journal.read(c, "default", Seq(500), 10, Seq(600)),
    "one delivery": lambda c: journal.at(c, "default", Seq(500)),
    "the journal's end": lambda c: journal.head_of(c, "default"),
    "receipts since": lambda c: receipts.load_recent(c, "default", Micros(1)),
    "the feed's end": lambda c: feed.end(c, "default"),
    "checkpoint": lambda c: checkpoints.current(c, "default"),
    # what commands and pages ask
    "a subtree": lambda c: queries.tree(c, "default", TEAM, "/c010", media=3),
    "one material": lambda c: material(c, "default", "m0000007"),
    "one delivery shown": lambda c: queries.show(c, "default", Seq(7)),
    "rare outcomes": lambda c: queries.log(c, "default", queries.Only(outcomes=["quarantined"])),
    "waiting deliveries": lambda c: queries.log(c, "default", queries.Only(outcomes=["pending"])),
    "a type's deliveries": lambda c: queries.log(c, "default", queries.Only(types=["Class.Moved"])),
    "confirmed since": lambda c: reconciling.confirmed_since(c, "default", MATERIALS, Micros(1)),
    # views
    "a class": shown(page("class_tree", class_id=7, **IN_DEFAULT)),
    "classes of an owner": shown(page("class_tree", "class_path", **OF_TEAM)),
    "classes below a path": shown(below("class_tree", "class_path", **OF_TEAM)),
    "a material": shown(page("media_tree", material_id="m0000007", **IN_DEFAULT)),
    "materials of a class": shown(page("media_tree", "material_id", class_id=7, **IN_DEFAULT)),
    "materials of a path": shown(page("media_tree", "material_id", class_path="/c010", **OF_TEAM)),
    "materials below a path": shown(below("media_tree", "class_path", "material_id", **OF_TEAM)),
    "materials of a file": shown(page("media_tree", file_id="f0000007", **IN_DEFAULT)),
    "a file": shown(page("media_files", file_id="f0000007", **IN_DEFAULT)),
    "links of a material": shown(page("media_links", material_id="m0000010", **IN_DEFAULT)),
    "tags of a material": shown(page("material_tags", material_id="m0000010", **IN_DEFAULT)),
    "materials of a tag": shown(page("material_tags", kind="custom", tag="t7", **IN_DEFAULT)),
    "a project's timeline": shown(page("project_timeline", "seq", project_id="p1", **IN_DEFAULT)),
    "a task": shown(page("export_tasks", task_id="t1", **IN_DEFAULT)),
    "deliveries of a type": shown(
        page("delivery_log", "seq", newest=True, event_type="Class.Moved", **IN_DEFAULT)
    ),
    "a delivery": shown(page("delivery_log", seq=7, **IN_DEFAULT)),
    "changes of a material": shown(
        page("change_log", "seq", "ordinal", entity="material", key="m0000007", **IN_DEFAULT)
    ),
    "changes of a delivery": shown(page("change_log", "ordinal", seq=7, **IN_DEFAULT)),
    "doubts about a material": shown(
        page("open_doubts", kind="material", key="m0000100", **IN_DEFAULT)
    ),
}

ORDERED: dict[str, Ask] = {
    "the newest deliveries": lambda c: queries.log(c, "default"),
    "a feed": lambda c: feed.read(c, "default", feed.Position(1, Seq(5), 0), Seq(SIZE), 10),
    "generations": lambda c: checkpoints.generations(c, "default"),
    "classes of an owner": NARROW["classes of an owner"],
    "materials of an owner": shown(page("media_tree", "class_path", "material_id", **OF_TEAM)),
    "materials below a path": NARROW["materials below a path"],
    "materials below a path of anyone's": shown(
        below("media_tree", "class_path", "material_id", **IN_DEFAULT)
    ),
    "newest materials": shown(page("media_tree", "created_seq", newest=True, **IN_DEFAULT)),
    "newest gone": shown(page("media_gone", "changed_seq", newest=True, **IN_DEFAULT)),
    "gone by id": shown(page("media_gone", "material_id", **IN_DEFAULT)),
    "newest statuses": shown(page("project_timeline", "seq", newest=True, **IN_DEFAULT)),
    "newest tasks": shown(page("export_tasks", "seq", newest=True, **IN_DEFAULT)),
    "newest delivery first": shown(page("delivery_log", "seq", newest=True, **IN_DEFAULT)),
    "oldest delivery first": shown(page("delivery_log", "seq", **IN_DEFAULT)),
    "deliveries of a type": NARROW["deliveries of a type"],
    "oldest doubts": shown(page("open_doubts", "since_seq", **IN_DEFAULT)),
}

# PostgreSQL does not know that a platform has one live generation, and sorts what it finds.
ORDERED_ON_SQLITE: dict[str, Ask] = {
    "rare deliveries": shown(
        page("delivery_log", "seq", newest=True, outcome="quarantined", **IN_DEFAULT)
    ),
    "waiting deliveries": shown(
        page("delivery_log", "seq", newest=True, outcome="pending", **IN_DEFAULT)
    ),
    "materials by id": shown(page("media_tree", "material_id", **IN_DEFAULT)),
    "materials of a class": NARROW["materials of a class"],
    "materials of a tag": shown(
        page("material_tags", "material_id", kind="custom", tag="t7", **IN_DEFAULT)
    ),
    "files by id": shown(page("media_files", "file_id", **IN_DEFAULT)),
    "projects by id": shown(page("project_board", "project_id", **IN_DEFAULT)),
    "a project's timeline": NARROW["a project's timeline"],
    "timelines": shown(page("project_timeline", "project_id", "seq", **IN_DEFAULT)),
    "changes after": shown(
        page("change_log", "seq", "ordinal", **IN_DEFAULT).where(sa.text("seq > 5"))
    ),
    "newest changes": shown(page("change_log", "seq", "ordinal", newest=True, **IN_DEFAULT)),
    "doubts by key": shown(page("open_doubts", "kind", "key", "reason", **IN_DEFAULT)),
}


def asked(database: Database, ask: Ask, *, unsorted: bool = False) -> list[Plan]:
    with database.read() as connection:
        return plans(connection, ask, unsorted=unsorted)


def reads_whole(found: list[Plan]) -> list[str]:
    return [table for plan in found for table in plan.whole]


@pytest.mark.parametrize("question", NARROW)
def test_only_what_is_asked_for_is_read(filled: Database, question: str) -> None:
    found = asked(filled, NARROW[question])
    assert found
    assert reads_whole(found) == [], "\n".join(plan.text for plan in found)


@pytest.mark.parametrize("question", ORDERED)
def test_a_page_comes_without_sorting_the_rest(filled: Database, question: str) -> None:
    found = asked(filled, ORDERED[question], unsorted=True)
    assert found
    assert not any(plan.sorts for plan in found), "\n".join(plan.text for plan in found)


@pytest.mark.parametrize("filled", ON_SQLITE, ids=" ".join, indirect=True)
@pytest.mark.parametrize("question", ORDERED_ON_SQLITE)
def test_sqlite_sorts_nothing_for_the_order_of_a_key(filled: Database, question: str) -> None:
    found = asked(filled, ORDERED_ON_SQLITE[question])
    assert not any(plan.sorts for plan in found), "\n".join(plan.text for plan in found)


def test_rare_outcomes_are_counted_from_their_index(filled: Database) -> None:
    status = shown(sa.select(views.view("mirror_status")))
    found = asked(filled, status)
    assert "outcomes" not in reads_whole(found), found[0].text


class _Undo(Exception):
    """Takes back what a control did."""


DROPPED = {
    "ix_materials_platform_generation_class_id_material_id": "what is in classes",
    "ix_materials_platform_generation_file_id": "materials of a file",
    "ix_links_platform_generation_class_key": "what is in classes",
    "ix_tags_platform_generation_material_id": "tags of a material",
    "ix_changes_platform_generation_entity_key_seq": "changes of a material",
    "ix_outcomes_platform_event_type_seq_generation": "a type's deliveries",
    "ix_outcomes_notable": "rare outcomes",
    "ix_materials_platform_created_seq_generation": "newest materials",
    "ix_materials_gone_changed_seq": "newest gone",
    "ix_project_statuses_platform_seq_generation": "newest statuses",
    "ix_tasks_platform_changed_seq_generation": "newest tasks",
    "ix_doubts_platform_since_seq_generation": "oldest doubts",
    "ix_classes_platform_path_generation": "materials below a path of anyone's",
    "path of classes": "owners with their trees",
}


@pytest.mark.parametrize("index", DROPPED)
def test_without_its_index_a_question_fails_this_test(filled: Database, index: str) -> None:
    question = DROPPED[index]
    columns = {
        "sqlite": "platform_generation_owner_type_owner_id_path",
        "postgresql": "platform_owner_type_owner_id_path_generation",
    }
    name = f"ix_classes_{columns[filled.dialect]}" if index == "path of classes" else index
    found: list[Plan] = []
    with suppress(_Undo), filled.write() as connection:
        connection.exec_driver_sql(f"DROP INDEX {name}")
        ask = NARROW.get(question) or ORDERED[question]
        found = plans(connection, ask, unsorted=question not in NARROW)
        raise _Undo
    whole = reads_whole(found) if question in NARROW else []
    assert whole or any(plan.sorts for plan in found), "\n".join(plan.text for plan in found)


def test_every_secondary_index_of_the_state_has_a_question() -> None:
    # Each costs with every row: one that nothing asks for goes, one that is new gets its control.
    others = {
        "ix_classes_platform_generation_parent_id",  # the children of a class; owners are counted
        "ix_links_platform_generation_target_material_id",  # what points at a material
        "ix_materials_detached",  # counted; what was lost from an owner
        "ix_materials_unconfirmed",  # what reconciliation asks for next
        "ix_materials_gone",
        "ix_classes_platform_generation_owner_type_owner_id_path",
        "ix_classes_platform_owner_type_owner_id_path_generation",
    }
    known = {str(index.name) for table in STATE for index in table.indexes}
    assert known - others == {*DROPPED} - {"path of classes"}
