"""`/tasks`: export tasks, the newest first; `/tasks/ID`: one with all that happened to it."""

from __future__ import annotations

from mirror.core.model import Seq
from mirror.core.secrets import mask_addresses
from mirror.errors import NotFound
from mirror.store import queries
from mirror.store.queries import browse, lists, oversight
from mirror.store.queries.past import Past, TaskRow
from mirror.web.pages.changes import told
from mirror.web.pages.look import Look, Page, Shown, number

MOST = 50
HAPPENINGS = 25
STATUSES = ("SUCCESS", "FAIL")


def tasks(look: Look) -> Shown:
    """The page."""
    return Shown("tasks.html", _tasks(look))


def tasks_part(look: Look) -> Shown:
    """The tasks alone."""
    return Shown("parts/tasks.html", _tasks(look))


def _tasks(look: Look) -> dict[str, object]:
    status = look.query.get("status") or None
    after = look.query.get("after") or None
    following: str | None
    if look.at is not None:
        then = Past(look.connection, look.stamp.platform, look.at).tasks(after=after, limit=MOST)
        rows = [row for row in then if status in {None, row.status}]
        following = then[-1].task_id if len(then) == MOST else None
    else:
        only = lists.Tasks(status=status)
        page = oversight.exports(look.connection, look.stamp, only, _place(after), MOST)
        rows = page.rows
        following = None if page.next is None else "{}:{}".format(*page.next)
    ids = [row.material_id for row in rows if row.material_id is not None]
    return {
        "rows": rows,
        "names": oversight.things(look.connection, look.stamp, {("material", key) for key in ids}),
        "masked": mask_addresses,
        "status": status,
        "statuses": STATUSES,
        "after": after,
        "next": following,
    }


def _place(after: str | None) -> tuple[int, str] | None:
    seq, _, task_id = (after or "").partition(":")
    return (int(seq), task_id) if seq.isascii() and seq.isdigit() and len(seq) < _LONG else None


_LONG = 19


def task(look: Look) -> Shown:
    """The page."""
    return Shown("task.html", _task(look))


def task_part(look: Look) -> Shown:
    """The same without what is around it."""
    return Shown("parts/task.html", _task(look))


def _task(look: Look) -> dict[str, object]:
    task_id: str = look.path["task_id"]
    row = _one(look, task_id)
    before = number(look, "before", 0, 2**62) or None
    history = queries.history(
        look.connection,
        look.stamp.platform,
        "task",
        task_id,
        before=Seq(min(before or 2**62, (look.at or 2**62) + 1)),
        limit=HAPPENINGS,
    )
    keys = {("material", row.material_id)} if row.material_id is not None else set()
    files = [] if row.file_id is None else [row.file_id]
    known = browse.files_of(look.connection, look.stamp, files)
    return {
        "task": row,
        "masked": mask_addresses,
        "names": oversight.things(look.connection, look.stamp, keys),
        "file": known.get(row.file_id) if row.file_id is not None else None,
        "history": history,
        "told": told,
        "before": before,
    }


def _one(look: Look, task_id: str) -> TaskRow:
    if look.at is not None:
        return Past(look.connection, look.stamp.platform, look.at).task(task_id)
    found = lists.tasks(look.connection, look.stamp, lists.Tasks(task_id), None, 1).rows
    if not found:
        raise NotFound(f"Platform '{look.stamp.platform}' has no export task '{task_id}'.")
    return found[0]


PAGES = (
    Page("/tasks", tasks),
    Page("/parts/tasks", tasks_part),
    Page("/tasks/{task_id:path}", task),
    Page("/parts/tasks/{task_id:path}", task_part),
)
