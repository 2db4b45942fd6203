"""`/find`: one box for names, paths, ids and tags."""

from __future__ import annotations

from mirror.store.queries import browse
from mirror.store.queries.browse import Sought
from mirror.web.pages.look import Look, Page, Shown

HITS = 50


def find(look: Look) -> Shown:
    """What was found, a page of it; always in the library as it is now."""
    text = look.query.get("q", "").strip()
    after = look.query.get("after") or None
    found = None
    if text:
        found = browse.find(look.connection, look.stamp, Sought(text, after, HITS))
    return Shown("find.html", {"text": text, "found": found, "after": after})


PAGES = (Page("/find", find),)
