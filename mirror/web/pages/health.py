"""`/health`: whether everything runs as it should, how fast, and what to see to."""

from __future__ import annotations

from itertools import pairwise

from msgspec import Struct

from mirror.core.model import Micros, Outcome, Seq
from mirror.store import queries
from mirror.store.queries import oversight
from mirror.web.pages.look import Look, Page, Shown
from mirror.web.pages.scales import HOUR, MINUTE, Bar, Scale, bars

SPANS: dict[str, tuple[int, int]] = {
    "hour": (HOUR, MINUTE),
    "day": (24 * HOUR, 15 * MINUTE),
    "week": (7 * 24 * HOUR, 2 * HOUR),
}
"""How long a chart reaches back, and how long one of its bars is."""
FIRST = "hour"
NOTED: tuple[Outcome, ...] = ("quarantined", "unrecognised", "redelivery")
LATE = MINUTE
"""Microseconds that a delivery waits before somebody should know."""


class Traffic(Struct, frozen=True):
    """Deliveries over a span of time."""

    scale: Scale
    bars: list[Bar]
    total: int
    most: int
    noted: dict[Outcome, int]  # of these outcomes, since the span began


def health(look: Look) -> Shown:
    """The page."""
    return Shown("health.html", _pulse(look) | _health(look))


def health_part(look: Look) -> Shown:
    """What changes by the minute."""
    return Shown("parts/health.html", _health(look))


def pulse(look: Look) -> Shown:
    """What changes by the second."""
    return Shown("parts/pulse.html", _pulse(look))


def _pulse(look: Look) -> dict[str, object]:
    progress = queries.progress(look.connection, look.stamp.platform)
    waiting = oversight.waiting(look.connection, look.stamp)
    now = oversight.clock(look.connection)
    (before,) = oversight.seqs_at(look.connection, look.stamp.platform, [Micros(now - MINUTE)])
    waits = 0 if waiting.since is None else max(0, now - waiting.since)
    return {
        "progress": progress,
        "waiting": waiting,
        "waits": waits / 1_000_000,
        "late": waits > LATE,
        "now": now,
        "recent": progress.head_seq - before,
    }


def _health(look: Look) -> dict[str, object]:
    span = look.query.get("span", "")
    span = span if span in SPANS else FIRST
    connection, stamp = look.connection, look.stamp
    now = oversight.clock(connection)
    size = oversight.size(connection, stamp)
    return {
        "progress": queries.progress(connection, stamp.platform),
        "size": size,
        "bodies": size.body * stamp.head_seq,
        "traffic": _traffic(look, now, *SPANS[span]),
        "span": span,
        "spans": tuple(SPANS),
        "kinds": oversight.kinds(connection, stamp),
        "access": oversight.access(connection, now),
        "trust": queries.trust(connection, stamp.platform, 0),
        "reasons": oversight.reasons(connection, stamp),
        "counts": oversight.tallied(connection, stamp),
        "many": oversight.MOST,
    }


def _traffic(look: Look, now: Micros, span: int, step: int) -> Traffic:
    """The last bar is the one that is growing: it ends at the next whole step."""
    end = -(-(now + 1) // step) * step
    edges = [Micros(each) for each in range(end - span, end + 1, step)]
    seqs = oversight.seqs_at(look.connection, look.stamp.platform, edges)
    counts = [max(0, after - before) for before, after in pairwise(seqs)]
    scale = Scale(edges[0], end)
    noted = {
        outcome: oversight.counted(look.connection, look.stamp, outcome, Seq(seqs[0]))
        for outcome in NOTED
    }
    return Traffic(scale, bars(scale, edges, counts), sum(counts), max(counts, default=0), noted)


PAGES = (
    Page("/health", health),
    Page("/parts/health", health_part),
    Page("/parts/pulse", pulse),
)
