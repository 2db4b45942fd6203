"""Lists of everything, page by page: filters and a place go in, rows and the next place come out.

A page looks at so many rows at most, whatever the filters leave of them. So it is short and its
transaction, too; it may hold fewer rows than asked for, even none, with others behind it.
"""

from mirror.store.queries.lists.board import (
    DoubtRow,
    Doubts,
    Projects,
    Tasks,
    doubts,
    projects,
    tasks,
    timeline,
)
from mirror.store.queries.lists.common import Stamp, platforms, seq_at, stamp
from mirror.store.queries.lists.library import Classes, Files, Links, classes, files, links
from mirror.store.queries.lists.log import Deliveries, deliveries
from mirror.store.queries.lists.materials import Materials, MediumRow, materials
from mirror.store.queries.lists.paging import Page, Place

__all__ = [
    "Classes",
    "Deliveries",
    "DoubtRow",
    "Doubts",
    "Files",
    "Links",
    "Materials",
    "MediumRow",
    "Page",
    "Place",
    "Projects",
    "Stamp",
    "Tasks",
    "classes",
    "deliveries",
    "doubts",
    "files",
    "links",
    "materials",
    "platforms",
    "projects",
    "seq_at",
    "stamp",
    "tasks",
    "timeline",
]
