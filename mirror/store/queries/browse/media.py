"""What lists of materials show beside them."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from mirror.core.model import File
from mirror.store import rows
from mirror.store.queries.lists import Stamp
from mirror.store.queries.lists.library import mine
from mirror.store.schema import files


def files_of(connection: sa.Connection, stamp: Stamp, file_ids: Collection[str]) -> dict[str, File]:
    """The files of a page of materials, by id."""
    columns = list(files.columns)[2:]
    query = sa.select(*columns).where(*mine(files, stamp), files.c.file_id.in_(sorted(file_ids)))
    return {row.file_id: rows.file_from(row) for row in connection.execute(query)}
