"""A database gets the schema of this version, as a whole or not at all, and nobody else's."""

import sys
from collections.abc import Iterator
from contextlib import closing
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from mirror.errors import DatabaseUnavailable, SchemaOutdated
from mirror.store import migrate, platforms
from mirror.store.engine import Database, open_database
from mirror.store.failures import is_final
from mirror.store.schema import metadata


@pytest.fixture
def bare(bare_url: str) -> Iterator[Database]:
    with closing(open_database(bare_url)) as database:
        yield database


def tables(database: Database) -> set[str]:
    with database.read() as connection:
        return set(sa.inspect(connection).get_table_names())


def stamp(database: Database, revision: str) -> None:
    with database.write() as connection:
        stamped = sa.text("UPDATE alembic_version SET version_num = :revision")
        connection.execute(stamped, {"revision": revision})


def test_the_newest_revision_is_the_one_the_code_needs() -> None:
    scripts = ScriptDirectory(str(migrate.scripts()))
    assert scripts.get_heads() == [migrate.head()]


def test_upgrading_a_bare_database_makes_it_a_mirror(bare: Database) -> None:
    assert migrate.current(bare) is None
    assert migrate.upgrade(bare)
    assert migrate.current(bare) == migrate.head()
    with bare.read() as connection:
        assert [row.name for row in platforms.listed(connection)] == ["default"]


def test_upgrading_twice_does_nothing_more(bare: Database) -> None:
    assert migrate.upgrade(bare)
    assert not migrate.upgrade(bare)
    migrate.require_current(bare)


def test_the_tables_are_those_of_the_code(database: Database) -> None:
    def here(thing: sa.schema.SchemaItem, *_: object) -> bool:
        return bool(thing.info.get("only", database.dialect) == database.dialect)

    with database.read() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "compare_server_default": True, "include_object": here},
        )
        assert compare_metadata(context, metadata) == []


def test_the_frozen_sql_is_what_the_code_says() -> None:
    sys.path.insert(0, str(migrate.scripts()))
    try:
        frozen = import_module("freeze").files()
    finally:
        sys.path.pop(0)
    for path, script in frozen.items():
        assert path.read_text(encoding="utf-8") == script, "run `python migrations/freeze.py`"


def test_an_empty_sqlite_file_is_prepared_on_first_use(bare: Database) -> None:
    if bare.dialect == "sqlite":
        migrate.prepare(bare)
    else:
        with pytest.raises(SchemaOutdated, match="no schema yet"):
            migrate.prepare(bare)
        migrate.upgrade(bare)
    migrate.prepare(bare)
    migrate.require_current(bare)


def test_an_older_schema_is_not_upgraded_by_the_way(database: Database) -> None:
    stamp(database, "0000")
    with pytest.raises(SchemaOutdated, match="run `mirror database upgrade`"):
        migrate.prepare(database)


def test_a_newer_schema_is_left_alone(database: Database) -> None:
    stamp(database, "9999")
    with pytest.raises(SchemaOutdated, match="Use the newer version"):
        migrate.prepare(database)
    with pytest.raises(SchemaOutdated, match="Use the newer version"):
        migrate.upgrade(database)


def test_another_programs_database_is_left_alone(bare: Database) -> None:
    with bare.write() as connection:
        connection.exec_driver_sql("CREATE TABLE invoices (number INTEGER PRIMARY KEY)")
    with pytest.raises(SchemaOutdated, match="another program: it has a table 'invoices'"):
        migrate.upgrade(bare)
    with pytest.raises(SchemaOutdated):
        migrate.prepare(bare)
    assert tables(bare) == {"invoices"}


def test_a_migration_that_fails_leaves_nothing(
    bare: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise DatabaseUnavailable

    monkeypatch.setattr(platforms, "add", fail)
    with pytest.raises(DatabaseUnavailable):
        migrate.upgrade(bare)
    assert tables(bare) == set()


def upgrade(url: str) -> None:
    with closing(open_database(url, busy_timeout=30)) as database:
        migrate.upgrade(database)


def test_several_processes_may_begin_at_once(bare_url: str) -> None:
    spawn = get_context("spawn")
    starters = [spawn.Process(target=upgrade, args=(bare_url,)) for _ in range(3)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert [starter.exitcode for starter in starters] == [0, 0, 0]
    with closing(open_database(bare_url)) as database:
        migrate.require_current(database)


def test_the_first_schema_cannot_be_taken_back(database: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.scripts()))

    def downgrade() -> None:
        with database.write() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "base")

    with pytest.raises(RuntimeError, match="the journal would go with it"):
        downgrade()
    migrate.require_current(database)


def test_a_checkout_and_a_package_both_have_their_migrations() -> None:
    assert (migrate.scripts() / "versions").is_dir()
    assert Path(migrate.__file__).parents[2] in migrate.scripts().parents


def test_a_schema_that_changes_while_a_process_runs_is_not_written_to_any_more(
    database: Database,
) -> None:
    migrate.require_current(database)
    with database.write() as connection:
        platforms.add(connection, "before", now=database.now(connection))
    stamp(database, "9999")
    with (
        pytest.raises(SchemaOutdated, match=r"has got schema 9999.* Start the version") as raised,
        database.write(),
    ):
        pytest.fail("it may not write")
    assert is_final(raised.value)
