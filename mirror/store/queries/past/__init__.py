"""Looking back: the library at any moment, one thing's history, and what differs between two moments."""

from mirror.store.queries.past.differences import NetChange, differences
from mirror.store.queries.past.history import (
    NAMED,
    Corrected,
    Happening,
    History,
    class_of,
    history,
)
from mirror.store.queries.past.moment import Moment, seq_at
from mirror.store.queries.past.reader import MaterialCursor, Past
from mirror.store.queries.past.rows import (
    ClassRow,
    FileRow,
    GoneRow,
    LinkRow,
    MaterialRow,
    ProjectRow,
    TaskRow,
    TimelineRow,
)

__all__ = [
    "NAMED",
    "ClassRow",
    "Corrected",
    "FileRow",
    "GoneRow",
    "Happening",
    "History",
    "LinkRow",
    "MaterialCursor",
    "MaterialRow",
    "Moment",
    "NetChange",
    "Past",
    "ProjectRow",
    "TaskRow",
    "TimelineRow",
    "class_of",
    "differences",
    "history",
    "seq_at",
]
