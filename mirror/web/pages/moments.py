"""The time slider's part: which time a delivery stands for."""

from __future__ import annotations

from mirror.store.queries import browse
from mirror.web.pages.look import Look, Page, Shown


def moment(look: Look) -> Shown:
    """When the delivery of `?at=` came."""
    seq = look.stamp.applied_seq if look.at is None else look.at
    came = browse.came_at(look.connection, look.stamp.platform, seq)
    return Shown("parts/moment.html", {"seq": seq, "came": came})


PAGES = (Page("/parts/moment", moment),)
