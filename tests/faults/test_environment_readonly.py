"""What may not be written is named, with what to do; what only reads goes on."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mirror.core.model import Micros
from mirror.store import migrate
from mirror.store.engine import Database, open_database
from mirror.store.journal import Arrival, append
from tests.faults.environment import bound_by_permissions, classes, read_only
from tests.support.processes import Mirror

SERVE = ("serve", "--port=0")


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    """A mirror that has received something."""
    with database(tmp_path) as opened, opened.write() as connection:
        arrivals = [Arrival(body, Micros(1)) for body in classes(5)]
        append(connection, "default", arrivals)
    return Mirror(tmp_path)


@contextmanager
def database(folder: Path) -> Iterator[Database]:
    with closing(open_database(f"sqlite:///{folder}/mirror.db")) as opened:
        migrate.prepare(opened)
        yield opened


@contextmanager
def forbidden(path: Path, mode: int) -> Iterator[None]:
    before = path.stat().st_mode
    path.chmod(mode)
    try:
        yield
    finally:
        path.chmod(before)


def refused(mirror: Mirror, *command: str) -> str:
    told = mirror.run(*command, code=3)
    assert len(told.splitlines()) == 1
    return told


def test_a_read_only_file_is_named_before_anything_is_promised(mirror: Mirror) -> None:
    bound_by_permissions(mirror)
    before = mirror.journal()
    with forbidden(mirror.folder / "mirror.db", 0o444):
        told = refused(mirror, *SERVE)
        assert f"Database {mirror.folder}/mirror.db cannot be written" in told
        assert "See to its permissions" in told
        assert "nothing differs" in mirror.run("verify")
    assert mirror.journal() == before


def test_what_stands_beside_the_file_and_may_not_be_written_is_named(mirror: Mirror) -> None:
    bound_by_permissions(mirror)
    with database(mirror.folder), forbidden(mirror.folder / "mirror.db-wal", 0o444):
        told = refused(mirror, *SERVE)
        assert "sqlite:///mirror.db cannot be written: the file, its -wal and -shm" in told


def test_a_file_that_may_not_be_read_is_named(mirror: Mirror) -> None:
    bound_by_permissions(mirror)
    with forbidden(mirror.folder / "mirror.db", 0o000):
        told = refused(mirror, "status")
        assert "sqlite:///mirror.db could not be opened" in told
        assert "permissions of the file and its directory" in told


def test_a_folder_in_which_nothing_may_be_made_is_named(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)
    bound_by_permissions(mirror)
    with forbidden(tmp_path, 0o555):
        told = refused(mirror, *SERVE)
        assert "sqlite:///mirror.db could not be opened" in told
        assert "permissions of the file and its directory" in told
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_may_not_leave_its_lock_does_not_start(mirror: Mirror) -> None:
    bound_by_permissions(mirror)
    with database(mirror.folder), forbidden(mirror.folder, 0o555):  # SQLite has what it needs
        told = refused(mirror, *SERVE)
        assert "mirror.db.serve-lock could not be opened" in told
        assert "see to the permissions of the database's directory" in told


@pytest.mark.mounts
@pytest.mark.parametrize("what", ["mirror.db", "."])
def test_a_disk_that_is_mounted_read_only_is_named(mirror: Mirror, what: str) -> None:
    with database(mirror.folder), read_only(mirror.folder / what):
        told = refused(mirror, *SERVE)
        assert f"Database {mirror.folder}/mirror.db cannot be written" in told
        assert "how its disk is mounted" in told
