"""Typed reads for commands, pages and the API: a platform and what is asked go in, frozen rows out.

All read the live generation, and raise NotFound for a platform that does not exist. Lists have a
stable order; the last item is the cursor of the next page.
"""

from mirror.store.engine import Connection
from mirror.store.queries.deliveries import (
    ANY,
    PENDING,
    Changed,
    Logged,
    Only,
    Shown,
    log,
    log_after,
    show,
)
from mirror.store.queries.past import (
    Happening,
    History,
    MaterialCursor,
    Moment,
    NetChange,
    Past,
    class_of,
    differences,
    history,
    seq_at,
)
from mirror.store.queries.status import Counts, Progress, Status, progress, status
from mirror.store.queries.tree import Branch, Medium, OwnerRow, at_or_beneath, owners, tree
from mirror.store.queries.trust import Trust, trust

__all__ = [
    "ANY",
    "PENDING",
    "Branch",
    "Changed",
    "Connection",
    "Counts",
    "Happening",
    "History",
    "Logged",
    "MaterialCursor",
    "Medium",
    "Moment",
    "NetChange",
    "Only",
    "OwnerRow",
    "Past",
    "Progress",
    "Shown",
    "Status",
    "Trust",
    "at_or_beneath",
    "class_of",
    "differences",
    "history",
    "log",
    "log_after",
    "owners",
    "progress",
    "seq_at",
    "show",
    "status",
    "tree",
    "trust",
]
