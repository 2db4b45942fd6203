"""How the mirror is doing, in the header of every page."""

from __future__ import annotations

from mirror.store.queries import browse
from mirror.web.pages.look import Look, Page, Shown


def strip(look: Look) -> Shown:
    """The numbers of the header."""
    return Shown("parts/strip.html", {"strip": browse.strip(look.connection, look.stamp)})


PAGES = (Page("/parts/strip", strip),)
