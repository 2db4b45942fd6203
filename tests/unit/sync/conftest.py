"""An SQLite database for tests of the running parts."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mirror.store.engine import Database, open_database
from tests.support.databases import migrated_file
from tests.support.mirrored import Mirrored, mirrored

__all__ = ["database", "migrated_file"]


@pytest.fixture
def database(migrated_file: Path, tmp_path: Path) -> Iterator[Database]:
    """A migrated database in a file, open."""
    path = tmp_path / "mirror.db"
    shutil.copyfile(migrated_file, path)
    with closing(open_database(f"sqlite:///{path}", busy_timeout=2.0)) as opened:
        yield opened


@pytest.fixture
def at(database: Database) -> Iterator[Mirrored]:
    """A platform with one person's classes `/a` and `/b`, and an exact mirror of it."""
    with mirrored(database) as found:
        yield found
