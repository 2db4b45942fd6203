"""The tables. Platform leads every key; state rows carry the generation (rebuild) that made them.

The journal is the truth and append-only. State tables hold what the transitions decided;
`platforms.generation` says which generation is live, so that a rebuild swaps by one update. Times
are integer microseconds UTC. Reading tokens alone are of no platform: they open all.
"""

from mirror.store.schema.base import STATE, key, metadata
from mirror.store.schema.journal import (
    callback_tokens,
    checkpoints,
    heads,
    imports,
    journal,
    platforms,
    reading_tokens,
    sweeps,
    unconfirmed,
)
from mirror.store.schema.log import changes, corrections, outcomes, samples
from mirror.store.schema.state import (
    classes,
    deletions,
    departures,
    doubts,
    files,
    heard,
    links,
    materials,
    owners,
    project_statuses,
    projects,
    tags,
    tangles,
    tasks,
)

__all__ = [
    "STATE",
    "callback_tokens",
    "changes",
    "checkpoints",
    "classes",
    "corrections",
    "deletions",
    "departures",
    "doubts",
    "files",
    "heads",
    "heard",
    "imports",
    "journal",
    "key",
    "links",
    "materials",
    "metadata",
    "outcomes",
    "owners",
    "platforms",
    "project_statuses",
    "projects",
    "reading_tokens",
    "samples",
    "sweeps",
    "tags",
    "tangles",
    "tasks",
    "unconfirmed",
]
