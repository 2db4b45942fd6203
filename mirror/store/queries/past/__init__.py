"""Looking back: the library at any moment, one thing's history, and what differs between two moments."""

from mirror.store.queries.past.moment import seq_at
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
    "ClassRow",
    "FileRow",
    "GoneRow",
    "LinkRow",
    "MaterialCursor",
    "MaterialRow",
    "Past",
    "ProjectRow",
    "TaskRow",
    "TimelineRow",
    "seq_at",
]
