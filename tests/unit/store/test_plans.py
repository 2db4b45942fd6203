"""SQLite answers the hot questions from an index, whether or not somebody ran ANALYZE."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from mirror.core.model import Owner, Seq
from mirror.store import migrate, queries, statistics, views
from mirror.store.engine import Database, open_database
from mirror.store.schema import metadata
from tests.support.library import fill

Query = sa.Select[tuple[object, ...]]
TEAM: dict[str, object] = {"platform": "default", "owner_type": "TEAM", "owner_id": "team-1"}


@pytest.fixture(scope="module")
def filled(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plans") / "filled.db"
    shutil.copyfile(migrated_file, path)
    with closing(open_database(f"sqlite:///{path}")) as database:
        fill(database, 2_000)
    return path


@pytest.fixture(scope="module", params=["as migrated", "analyzed", "analyzed when empty"])
def database(
    request: pytest.FixtureRequest,
    filled: Path,
    migrated_file: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("plans") / "mirror.db"
    shutil.copyfile(migrated_file if "empty" in request.param else filled, path)
    url = f"sqlite:///{path}"
    if "analyzed" in request.param:
        with closing(open_database(url)) as opened, opened.write() as connection:
            connection.exec_driver_sql("ANALYZE")
    with closing(open_database(url)) as opened:
        if "empty" in request.param:
            migrate.prepare(opened)
            fill(opened, 2_000)
        yield opened


def plan(database: Database, query: Query) -> list[str]:
    """What SQLite says it does, a step each."""
    with database.read() as connection:
        compiled = query.compile(connection, compile_kwargs={"literal_binds": True})
        return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}")]


LARGE = set(metadata.tables) - {"platforms", "heads", "checkpoints"}
WHOLE = re.compile(
    # A scan, or a search by what nearly all rows share: the platform and the generation.
    r"SCAN (?!\()(?P<table>\w+)"
    r"|SEARCH (?P<searched>\w+) USING (?:COVERING )?(?:INDEX \w+|PRIMARY KEY) "
    r"\((?:platform=\?|ANY\(platform\))(?: AND (?:generation=\?|ANY\(generation\)))?\)"
)


def whole_tables(steps: list[str]) -> list[str]:
    """The tables of which all rows of a platform are read."""
    found = [match["table"] or match["searched"] for step in steps if (match := WHOLE.match(step))]
    return [name for name in found if name in LARGE]


def select(name: str, *order: str, **equal: object) -> Query:
    """A page of a view."""
    view = views.view(name)
    query: Query = sa.select(view).where(*(view.c[key] == value for key, value in equal.items()))
    return query.order_by(*(view.c[column] for column in order)).limit(100)


def below(name: str, path: str) -> Query:
    order = ["class_path", "material_id"] if name == "media_tree" else ["class_path"]
    query = select(name, *order, **TEAM)
    return query.where(queries.at_or_beneath(views.view(name).c.class_path, path))


POINTS = {
    "a class by id": select("class_tree", platform="default", class_id=7),
    "classes of an owner": select("class_tree", "class_path", **TEAM),
    "classes below a path": below("class_tree", "/c010"),
    "a material by id": select("media_tree", platform="default", material_id="m0000007"),
    "a material of any platform": select("media_tree", material_id="m0000007"),
    "materials of a class": select("media_tree", "material_id", platform="default", class_id=7),
    "materials of an owner": select("media_tree", "class_path", "material_id", **TEAM),
    "materials below a path": below("media_tree", "/c010"),
    "materials of a file": select("media_tree", platform="default", file_id="f0000007"),
    "a file by id": select("media_files", platform="default", file_id="f0000007"),
    "links of a material": select("media_links", platform="default", material_id="m0000010"),
    "tags of a material": select("material_tags", platform="default", material_id="m0000010"),
    "materials of a tag": select("material_tags", platform="default", kind="custom", tag="a"),
    "a project's timeline": select("project_timeline", "seq", platform="default", project_id="p1"),
    "changes of a material": select(
        "change_log", "seq", "ordinal", platform="default", entity="material", key="m0000007"
    ),
    "changes of a delivery": select("change_log", "ordinal", platform="default", seq=7),
    "a delivery": select("delivery_log", platform="default", seq=7),
    "doubts about a material": select(
        "open_doubts", platform="default", kind="material", key="m0000100"
    ),
}


@pytest.mark.parametrize("question", POINTS)
def test_no_whole_table_is_read(database: Database, question: str) -> None:
    steps = plan(database, POINTS[question])
    assert whole_tables(steps) == [], steps


PAGES = {
    "materials of an owner": POINTS["materials of an owner"],
    "materials below a path": POINTS["materials below a path"],
    "classes below a path": POINTS["classes below a path"],
    "changes of a material": POINTS["changes of a material"],
    "newest deliveries": select("delivery_log", platform="default").order_by(sa.text("seq DESC")),
    "next changes": select("change_log", "seq", "ordinal", platform="default").where(
        sa.text("seq > 5")
    ),
}


@pytest.mark.parametrize("question", PAGES)
def test_a_page_comes_in_the_order_of_an_index(database: Database, question: str) -> None:
    # Else a page costs as much as everything it could show.
    steps = plan(database, PAGES[question])
    assert not any("TEMP B-TREE" in step for step in steps), steps


def test_the_status_counts_from_the_index_of_rare_outcomes(database: Database) -> None:
    steps = plan(database, sa.select(views.view("mirror_status")))
    counted = [step for step in steps if "outcomes" in step]
    assert len(counted) == 2
    assert all("COVERING INDEX ix_outcomes_notable" in step for step in counted), steps


class Recorded:
    """The statements that run on a connection, with their parameters."""

    def __init__(self, connection: sa.Connection) -> None:
        self.seen: list[tuple[str, object]] = []
        sa.event.listen(connection, "before_cursor_execute", self._note)

    def _note(
        self, _: object, __: object, statement: str, parameters: object, *___: object
    ) -> None:
        self.seen.append((statement, parameters))


READS: dict[str, Callable[[sa.Connection], object]] = {
    "a subtree": lambda c: queries.tree(c, "default", Owner("TEAM", "team-1"), "/c010", media=3),
    "rare outcomes": lambda c: queries.log(c, "default", queries.Only(outcomes=["quarantined"])),
    "the newest deliveries": lambda c: queries.log(c, "default"),
    "one delivery": lambda c: queries.show(c, "default", Seq(7)),
    "progress": lambda c: queries.progress(c, "default"),
}


@pytest.mark.parametrize("question", READS)
def test_a_read_of_ours_reads_no_whole_table(database: Database, question: str) -> None:
    with database.read() as connection:
        recorded = Recorded(connection)
        READS[question](connection)
        steps = [
            row[3]
            for statement, parameters in list(recorded.seen)
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
        ]
    found = whole_tables(steps)
    if question == "the newest deliveries":  # from the end of the journal, as far as the page goes
        assert found == ["journal"]
    else:
        assert found == [], steps


def test_statistics_of_a_large_library_are_left_alone(filled: Path, tmp_path: Path) -> None:
    path = tmp_path / "mirror.db"
    shutil.copyfile(filled, path)
    with closing(open_database(f"sqlite:///{path}")) as opened:
        with opened.write() as connection:
            connection.exec_driver_sql("ANALYZE")
            assert statistics.mislead(connection)
            connection.exec_driver_sql(
                "UPDATE sqlite_stat1 SET stat = '20000 20000 9000 1' WHERE idx = 'materials'"
            )
            assert not statistics.mislead(connection)
        migrate.prepare(opened)
        with opened.read() as connection:
            query = "SELECT stat FROM sqlite_stat1 WHERE idx = 'materials'"
            assert connection.exec_driver_sql(query).scalar_one() == "20000 20000 9000 1"


def test_statistics_that_somebody_dropped_come_back(migrated_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "mirror.db"
    shutil.copyfile(migrated_file, path)
    with closing(open_database(f"sqlite:///{path}")) as opened:
        with opened.write() as connection:
            connection.exec_driver_sql("DROP TABLE sqlite_stat1")
        migrate.prepare(opened)
        with opened.read() as connection:
            assert not statistics.mislead(connection)
