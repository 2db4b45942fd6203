"""`/projects`: what every project is doing; `/projects/ID`: what it has been doing, and when."""

from __future__ import annotations

from msgspec import Struct

from mirror.core.model import ProjectId, Seq
from mirror.errors import NotFound
from mirror.store import queries
from mirror.store.queries import lists, oversight
from mirror.store.queries.past import Past, ProjectRow, TimelineRow
from mirror.web.pages.changes import told
from mirror.web.pages.lanes import Lane, kind_of, lanes
from mirror.web.pages.look import Look, Page, Shown, number
from mirror.web.pages.scales import DAY, HOUR, MINUTE, Scale

MOST = 300
"""Projects on a page."""
STATUSES = 100
HAPPENINGS = 25
GROUPS = ("cut", "on", "unknown", "off", "gone")
SHOW = ("all", "running", "stopped", "gone")
CATEGORIES = ("SWITCHER", "STREAM_CONNECT", "MEDIA_CAST")
SPANS = {"hour": HOUR, "day": DAY, "week": 7 * DAY}


class Board(Struct, frozen=True):
    """Projects in the order in which somebody wants to know of them."""

    groups: dict[str, list[ProjectRow]]
    count: int
    next: str | None


# ---------------------------------------------------------------------------------------- board


def board(look: Look) -> Shown:
    """The page."""
    return Shown("projects.html", _board(look))


def board_part(look: Look) -> Shown:
    """The projects alone."""
    return Shown("parts/projects.html", _board(look))


def _board(look: Look) -> dict[str, object]:
    show = look.query.get("show", "")
    show = show if show in SHOW else "all"
    category = look.query.get("category") or None
    after = look.query.get("after") or None
    rows, following = _rows(look, show, category, after)
    groups: dict[str, list[ProjectRow]] = {name: [] for name in GROUPS}
    for row in rows:
        groups[group_of(row)].append(row)
    found = Board({name: some for name, some in groups.items() if some}, len(rows), following)
    return {
        "board": found,
        "show": show,
        "category": category,
        "after": after,
        "shows": SHOW,
        "categories": CATEGORIES,
    }


def _rows(
    look: Look, show: str, category: str | None, after: str | None
) -> tuple[list[ProjectRow], str | None]:
    running = {"running": True, "stopped": False}.get(show)
    gone = show == "gone"
    if look.at is None:
        only = lists.Projects(None, category, None, None, running, gone)
        place = None if after is None else (after,)
        page = lists.projects(look.connection, look.stamp, only, place, MOST)
        return page.rows, None if page.next is None else str(page.next[0])
    then = Past(look.connection, look.stamp.platform, look.at).projects(after=after, limit=MOST)
    kept = [
        row
        for row in then
        if row.gone == gone
        and category in {None, row.category}
        and (running is None or row.running is running)
    ]
    return kept, then[-1].project_id if len(then) == MOST else None


def group_of(row: ProjectRow) -> str:
    """Where on the board a project belongs."""
    if row.gone:
        return "gone"
    if row.running:
        return "cut" if row.interrupted_inputs or row.interrupted_outputs else "on"
    return "unknown" if row.running is None else "off"


# ------------------------------------------------------------------------------------ a project


def project(look: Look) -> Shown:
    """The page."""
    return Shown("project.html", _project(look))


def project_part(look: Look) -> Shown:
    """The same without what is around it."""
    return Shown("parts/project.html", _project(look))


def _project(look: Look) -> dict[str, object]:
    project_id: str = look.path["project_id"]
    before = number(look, "before", 0, 2**62) or None
    row, newest = _one(look, project_id)
    history = queries.history(
        look.connection,
        look.stamp.platform,
        "project",
        project_id,
        before=Seq(min(before or 2**62, (look.at or 2**62) + 1)),
        limit=HAPPENINGS,
    )
    span = look.query.get("span", "")
    chart, scale = _chart(look, row, newest, span)
    return {
        "project": row,
        "group": group_of(row),
        "statuses": newest,
        "most": STATUSES,
        "kind_of": kind_of,
        "chart": chart,
        "scale": scale,
        "span": span if span in SPANS else "all",
        "spans": (*SPANS, "all"),
        "history": history,
        "told": told,
        "before": before,
    }


def _one(look: Look, project_id: str) -> tuple[ProjectRow, list[TimelineRow]]:
    """A project and its newest statuses, newest first."""
    if look.at is not None:
        past = Past(look.connection, look.stamp.platform, look.at)
        return past.project(project_id), past.timeline(project_id)[::-1][:STATUSES]
    only = lists.Projects(project_id, gone=None)
    found = lists.projects(look.connection, look.stamp, only, None, 1).rows
    if not found:
        raise NotFound(f"Platform '{look.stamp.platform}' has no project '{project_id}'.")
    newest = lists.timeline(look.connection, look.stamp, ProjectId(project_id), limit=STATUSES)
    return found[0], newest


def _chart(
    look: Look, row: ProjectRow, newest: list[TimelineRow], span: str
) -> tuple[list[Lane], Scale | None]:
    if not newest:
        return [], None
    first, last = newest[-1].from_at, newest[0].from_at
    if look.at is None:
        last = max(last, oversight.clock(look.connection))
    start = first if span not in SPANS else max(first, last - SPANS[span])
    if last - start < MINUTE:
        start = last - MINUTE
    scale = Scale(start, last)
    return lanes(newest[::-1], row.category, scale), scale


PAGES = (
    Page("/projects", board),
    Page("/parts/projects", board_part),
    Page("/projects/{project_id:path}", project),
    Page("/parts/projects/{project_id:path}", project_part),
)
