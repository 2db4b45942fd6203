"""What tests of the web start with."""

import shutil
from pathlib import Path

import pytest

from mirror.store.engine import Database
from tests.support.databases import database, migrated_file
from tests.support.web import Web

__all__ = ["database", "migrated_file"]


@pytest.fixture
def url(migrated_file: Path, tmp_path: Path) -> str:
    """Where a database of this test's own is; what differs between engines is for contracts."""
    path = tmp_path / "mirror.db"
    shutil.copyfile(migrated_file, path)
    return f"sqlite:///{path}"


@pytest.fixture
def web(database: Database) -> Web:
    """A website over an empty mirror."""
    return Web(database)
