"""What somebody browsing the library looks at, a page at a time, now or at an earlier moment.

Every read touches no more than a page of rows, or says how many it has looked at.
"""

from mirror.store.queries.browse.media import files_of
from mirror.store.queries.browse.nodes import Node, children, lineage, roots
from mirror.store.queries.browse.search import Found, Hit, Sought, find
from mirror.store.queries.browse.strip import MANY_DOUBTS, Strip, came_at, strip
from mirror.store.queries.browse.then import Then

__all__ = [
    "MANY_DOUBTS",
    "Found",
    "Hit",
    "Node",
    "Sought",
    "Strip",
    "Then",
    "came_at",
    "children",
    "files_of",
    "find",
    "lineage",
    "roots",
    "strip",
]
