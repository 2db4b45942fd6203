"""Databases for tests: migrated, empty but for the platform `default`, one for each test.

SQLite files are copies of one that was migrated; PostgreSQL databases are made from a template on
the server that MIRROR_TEST_POSTGRESQL names, and without one their tests are skipped.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from mirror.store import migrate
from mirror.store.engine import Database, open_database

SERVER = os.environ.get("MIRROR_TEST_POSTGRESQL", "")
ENGINES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql))


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the schema, closed."""
    path = tmp_path_factory.mktemp("databases") / "migrated.db"
    with closing(open_database(f"sqlite:///{path}")) as database:
        migrate.upgrade(database)
    return path


@pytest.fixture(scope="session")
def migrated_template() -> Iterator[str]:
    """The name of a PostgreSQL database with the schema; gone when the tests are over."""
    if not SERVER:
        pytest.skip("MIRROR_TEST_POSTGRESQL names no server")
    with postgresql_database() as url:
        with closing(open_database(url)) as database:
            migrate.upgrade(database)
        yield str(sa.make_url(url).database)


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a migrated database of this test's own is, on each engine in turn."""
    if request.param == "sqlite":
        path = tmp_path / "mirror.db"
        shutil.copyfile(request.getfixturevalue("migrated_file"), path)
        yield f"sqlite:///{path}"
    else:
        with postgresql_database(request.getfixturevalue("migrated_template")) as found:
            yield found


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """A migrated database, open."""
    with closing(open_database(url)) as opened:
        yield opened


@pytest.fixture(params=ENGINES)
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a database without a schema is, or (SQLite) can be."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'bare.db'}"
        return
    if not SERVER:
        pytest.skip("MIRROR_TEST_POSTGRESQL names no server")
    with postgresql_database() as found:
        yield found


class postgresql_database:  # noqa: N801 - it reads as the function it could be
    """A new database on the test server, for the length of a `with`; gives its URL."""

    def __init__(self, template: str = "template0") -> None:
        self._name = f"mirror_test_{uuid4().hex}"
        self._template = template

    def __enter__(self) -> str:
        self._ask(f"CREATE DATABASE {self._name} TEMPLATE {self._template}")
        server = sa.make_url(SERVER)
        return server.set(database=self._name).render_as_string(hide_password=False)

    def __exit__(self, *_: object) -> None:
        self._ask(f"DROP DATABASE {self._name} WITH (FORCE)")

    def _ask(self, statement: str) -> None:
        server = sa.make_url(SERVER).set(drivername="postgresql+psycopg")
        engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
