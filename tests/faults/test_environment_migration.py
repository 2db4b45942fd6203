"""A newer version migrates the database while an older one receives: that one stops, and loses nothing."""

import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

from mirror.store import migrate
from tests.faults.conditions import NEWER
from tests.faults.environment import Conditions, traffic
from tests.faults.mirrors import Faulted
from tests.support.processes import eventually

FAILING = 'op.execute("INSERT INTO counted VALUES (NULL)")'
REVISION = f'''"""Counts what there is, slowly."""

import time

from alembic import op

revision = "{NEWER}"
down_revision = "{migrate.HEAD}"


def upgrade() -> None:
    op.execute("CREATE TABLE counted (head INTEGER NOT NULL)")
    op.execute("INSERT INTO counted SELECT count(*) FROM journal")
    time.sleep(0.5)
    ...
'''  # noqa: S608 - nothing comes from outside


@pytest.fixture
def conditions(mirror: Faulted) -> Conditions:
    return Conditions(mirror)


def newer(folder: Path, end: str = "") -> Path:
    """The migrations of a newer version, whose last one ends with a statement."""
    shutil.copytree(migrate.scripts(), folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / f"{NEWER}_counted.py").write_text(REVISION.replace("...", end))
    return folder


def scalar(mirror: Faulted, asked: str) -> int:
    with mirror.reading() as connection:
        return int(connection.exec_driver_sql(asked).scalar_one())


def test_a_server_stops_once_a_newer_version_has_migrated_and_that_one_goes_on(
    mirror: Faulted, conditions: Conditions, tmp_path: Path
) -> None:
    client = mirror.client(retries=2)
    with ExitStack() as load:
        load.enter_context(traffic(client))
        with mirror.serving() as server:
            assert eventually(lambda: len(client.acknowledged) > 50)
            conditions.set(schema=newer(tmp_path / "newer"))
            mirror.run("database", "upgrade")
            assert server.process.wait(20) == 3, mirror.log_text()
        # It wrote nothing into a schema that it does not know.
        assert scalar(mirror, "SELECT head FROM counted") == len(mirror.bodies())
        assert len(mirror.bodies()) >= len(client.acknowledged)
        told = mirror.log_text()
        assert "The schema changed; no callback is confirmed any more" in told
        assert f"has got schema {NEWER}, and this process was started for {migrate.HEAD}" in told
        assert "Start the version of mirror that changed it" in told
        before = len(client.acknowledged)
        with mirror.serving() as server:
            assert eventually(lambda: len(client.acknowledged) > before + 50)
            load.close()
            server.stop()
    mirror.judge().check()


def test_an_older_version_does_not_start_on_a_newer_schema(
    mirror: Faulted, conditions: Conditions, tmp_path: Path
) -> None:
    conditions.set(schema=newer(tmp_path / "newer"))
    mirror.run("database", "upgrade")
    conditions.end("schema")
    mirror.run("serve", "--port=0", code=3)
    told = mirror.log_text().splitlines()[-1]
    assert f"has schema {NEWER}, and this version of mirror knows {migrate.HEAD} at most" in told


def test_a_migration_that_fails_leaves_the_server_as_it_was(
    mirror: Faulted, conditions: Conditions, tmp_path: Path
) -> None:
    client = mirror.client()
    with mirror.serving() as server:
        with traffic(client):
            assert eventually(lambda: len(client.acknowledged) > 50)
            conditions.set(schema=newer(tmp_path / "newer", end=FAILING))
            mirror.run("database", "upgrade", code=1)
            before = len(client.acknowledged)
            assert eventually(lambda: len(client.acknowledged) > before + 50)
        server.stop()
    assert client.failed == []
    assert scalar(mirror, "SELECT count(*) FROM sqlite_master WHERE name = 'counted'") == 0
    mirror.judge().check()
