"""Export tasks, the one that changed last first."""

from __future__ import annotations

import sqlalchemy as sa

from mirror.store.queries.lists import Page, Place, Stamp, Tasks
from mirror.store.queries.lists.library import equal
from mirror.store.queries.oversight.newest import Newest
from mirror.store.queries.past import TaskRow
from mirror.store.schema import tasks


def exports(
    connection: sa.Connection, stamp: Stamp, only: Tasks, after: Place | None, limit: int
) -> Page[TaskRow]:
    """Those of `only` (but for its task) by when they changed; `after` is a seq and a task id."""
    filters = equal(status=only.status, material_id=only.material_id, file_id=only.file_id)
    names = ("task_id", "status", "err_code", "err_msg", "material_id", "file_id", "completed_at")
    listing = Newest(tasks, (*names, "changed_seq"), ("changed_seq", "task_id"), filters)
    found = listing.page(connection, stamp, after, limit)
    return Page([TaskRow(*row) for row in found.rows], found.next)
