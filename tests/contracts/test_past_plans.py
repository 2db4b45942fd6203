"""Looking back reads what has changed since, or what is asked for by its key, and never a whole log."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
import sqlalchemy as sa

from mirror.core.model import Owner, Seq
from mirror.store import queries
from mirror.store.engine import Database, open_database
from mirror.store.queries import Past
from tests.support.databases import postgresql_database
from tests.support.library import fill, insert
from tests.support.plans import Ask, plans

HEAD = 6_000
LATE, EARLY = Seq(HEAD - 20), Seq(20)
TEAM = Owner("TEAM", "team-1")
STATES = ["as migrated", "analyzed"]


@pytest.fixture(
    scope="module",
    params=[
        *(("sqlite", state) for state in STATES),
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
    """A library of which the last deliveries moved some classes and named some media."""
    with closing(open_database(url)) as database:
        fill(database, HEAD, classes_each=500)
        with database.write() as connection:
            insert(connection, "checkpoints", {"seq": HEAD})
            insert(connection, "changes", *map(_begun, range(1, 9)), *map(_moved, range(1, 9)))
            insert(connection, "changes", *map(_named, range(9)))
            insert(connection, "corrections", *map(_corrected, range(1, 800)))
            if state == "analyzed":
                connection.exec_driver_sql("ANALYZE")
    with closing(open_database(url)) as database:  # SQLite reads statistics when it opens
        yield database


def _corrected(seq: int) -> dict[str, object]:
    return {"seq": seq}


def _begun(class_id: int) -> dict[str, object]:
    of = '{"owner_type":"TEAM","owner_id":"team-1","class_path":"/old","origin":"event"}'
    of_class = {"entity": "class", "key": str(class_id)}
    return {"seq": class_id, "ordinal": 2, "op": "insert", "after": of, **of_class}


def _moved(class_id: int) -> dict[str, object]:
    return {
        "seq": LATE + class_id,
        "ordinal": 2,
        "op": "update",
        "entity": "class",
        "key": str(class_id),
        "before": '{"class_path":"/old"}',
        "after": '{"class_path":"/new"}',
    }


def _named(number: int) -> dict[str, object]:
    return {
        "seq": LATE + number,
        "ordinal": 3,
        "op": "update",
        "entity": "material",
        "key": f"m{number:07}",
        "before": '{"name":"old"}',
        "after": '{"name":"new"}',
    }


def at(seq: Seq, read: Callable[[Past], object]) -> Ask:
    return lambda connection: read(Past(connection, "default", seq))


BOTH: dict[str, Callable[[Past], object]] = {
    "classes": lambda past: past.classes(TEAM, "/c010"),
    "materials": lambda past: past.materials(TEAM, "/c010", limit=10),
    "gone materials": lambda past: past.gone(limit=10),
    "files": lambda past: past.files(limit=10),
    "projects": lambda past: past.projects(limit=10),
    "tasks": lambda past: past.tasks(limit=10),
    "a timeline": lambda past: past.timeline("p"),
}
READS: dict[str, Ask] = {
    **{f"{name} late": at(LATE, read) for name, read in BOTH.items()},
    **{f"{name} early": at(EARLY, read) for name, read in BOTH.items()},
    "a subtree": at(LATE, lambda past: past.tree(TEAM, "/c010", media=3)),
    "a material": at(LATE, lambda past: past.material("m0000007")),
    "a difference": lambda c: queries.differences(c, "default", LATE, Seq(HEAD)),
    "the way back": lambda c: queries.differences(c, "default", Seq(21), EARLY),
    "a history": lambda c: queries.history(c, "default", "material", "m0000007"),
    "a class that left": lambda c: queries.class_of(c, "default", "/c010", TEAM),
}
PAGED = {"files", "projects", "tasks", "links", "materials"}
"""Tables that are read in the order of their keys, as far as a page goes."""


def whole(connection: sa.Connection, ask: Ask) -> set[str]:
    """The tables that a question reads whole, or as far as a page goes; the log where by neither seqs nor keys."""
    found: set[str] = set()
    for plan in plans(connection, ask):
        found.update(plan.whole)
        searches = _SEARCHES.findall(plan.text)
        found.update("changes" for each in searches if not _NARROW.search("".join(each)))
    return found


_SEARCHES = re.compile(
    r"SEARCH changes .*"  # as SQLite tells it, and PostgreSQL
    r"|'Relation Name': 'changes'[^{]*'Index Cond': (?:'[^']*'|\"[^\"]*\")"
)
_NARROW = re.compile(r"\b(?:seq|key)\)?(?:::\w+)? ?[<=>]")


@pytest.mark.parametrize("question", READS)
def test_looking_back_reads_no_whole_table(filled: Database, question: str) -> None:
    with filled.read() as connection:
        found = whole(connection, READS[question])
    paged = question.split(maxsplit=1)[0] in PAGED
    assert found <= ({question.split(maxsplit=1)[0]} if paged else set())


def test_of_everything_only_the_present_is_read_whole(filled: Database) -> None:
    present = {"classes", "materials", "owners", "links"}  # all of them are counted or shown
    with filled.read() as connection:
        for read in (Past.tree, Past.owners, Past.links):
            assert whole(connection, at(LATE, read)) <= present
