# ruff: noqa: INP001 - Datasette loads the files of this folder one by one
"""Lets Datasette show the public views alone: no table, no SQL of a visitor's own, no download.

The journal holds bodies as received, and with them stream addresses and signed URLs; other tables hold
hashes of tokens. Whatever the file is called and whatever tables come with a later version, what is not
named here is refused, to everybody.
"""

from __future__ import annotations

from datasette import hookimpl

VIEWS = frozenset(
    {
        "change_log",
        "class_tree",
        "delivery_log",
        "export_tasks",
        "material_tags",
        "media_files",
        "media_gone",
        "media_links",
        "media_tree",
        "mirror_status",
        "open_doubts",
        "project_board",
        "project_timeline",
    }
)
NEVER = frozenset(
    {
        "alter-table",
        "create-table",
        "debug-menu",
        "delete-row",
        "drop-table",
        "execute-sql",
        "insert-row",
        "update-row",
        "view-database-download",
    }
)


@hookimpl(tryfirst=True)
def permission_allowed(action: str, resource: object) -> bool | None:
    """Refuses what is not public, and leaves the rest to metadata.yml."""
    if action in NEVER:
        return False
    if action == "view-table" and not (isinstance(resource, tuple) and resource[1] in VIEWS):
        return False
    return None
