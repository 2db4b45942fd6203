"""One SQLite database for all examples of a module: each example has a platform of its own in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mirror.store.engine import Database
from tests.support.databases import migrated_file
from tests.support.journals import database_in

__all__ = ["migrated_file", "shared"]


@pytest.fixture(scope="module")
def shared(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A migrated database."""
    with database_in(tmp_path_factory.mktemp("shared"), migrated_file) as opened:
        yield opened
