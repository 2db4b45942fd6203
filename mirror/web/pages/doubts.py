"""`/doubts`: what may be wrong, what could not be read, and what reconciliation has put right."""

from __future__ import annotations

from typing import get_args

from mirror.core.model import Label
from mirror.core.secrets import mask_addresses
from mirror.store import queries
from mirror.store.queries import Logged, lists, oversight
from mirror.web.pages.look import Look, Page, Shown, number

MOST = 50
LABELS: tuple[str, ...] = get_args(Label)
UNREAD = ("quarantined", "unrecognised")


# --------------------------------------------------------------------------------------- doubts


def doubts(look: Look) -> Shown:
    """The page."""
    return Shown("doubts.html", _doubts(look))


def doubts_part(look: Look) -> Shown:
    """The doubts alone."""
    return Shown("parts/doubts.html", _doubts(look))


def _doubts(look: Look) -> dict[str, object]:
    reason = look.query.get("reason") or None
    after = look.query.get("after") or None
    page = oversight.suspicions(look.connection, look.stamp, reason, _place(after), MOST)
    return {
        "reasons": oversight.reasons(look.connection, look.stamp),
        "reason": reason,
        "rows": page.rows,
        "after": after,
        "next": None if page.next is None else _cursor(page.next),
    }


_PARTS = 4
_LONG = 19


def _cursor(place: tuple[object, ...]) -> str:
    """Where a page ends: seq, kind, reason and key, which alone may hold a colon."""
    seq, kind, key, reason = place
    return f"{seq}:{kind}:{reason}:{key}"


def _place(after: str | None) -> tuple[int, str, str, str] | None:
    parts = (after or "").split(":", _PARTS - 1)
    if len(parts) < _PARTS or not _is_number(parts[0]):
        return None
    seq, kind, reason, key = parts
    return int(seq), kind, key, reason


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < _LONG


# --------------------------------------------------------------------------------------- unread


def unread(look: Look) -> Shown:
    """The page of deliveries that could not be read."""
    return Shown("unread.html", _unread(look))


def unread_part(look: Look) -> Shown:
    """The deliveries alone."""
    return Shown("parts/unread.html", _unread(look))


def _unread(look: Look) -> dict[str, object]:
    before = number(look, "before", 0, 2**62) or None
    outcome = look.query.get("outcome", "")
    outcome = outcome if outcome in UNREAD else ""
    only = lists.Deliveries((), (outcome,) if outcome else UNREAD, until=look.at)
    place = None if before is None else (before,)
    page = lists.deliveries(look.connection, look.stamp, only, place, MOST)
    return {
        "rows": page.rows,
        "why": why,
        "masked": mask_addresses,
        "outcome": outcome,
        "outcomes": UNREAD,
        "before": before,
        "next": None if page.next is None else page.next[0],
    }


def why(row: Logged) -> str:
    """Which kind of trouble a delivery made: what to do about it depends on that."""
    detail = row.detail or ""
    if row.outcome == "unrecognised":
        return "foreign" if (row.event_type or "").lower().startswith("mirror.") else "unknown"
    if detail.startswith("Traceback") or "\n" in detail:
        return "failure"
    return "malformed" if row.event_type is None else "payload"


# ---------------------------------------------------------------------------------- corrections


def corrections(look: Look) -> Shown:
    """The page of what reconciliation put right."""
    return Shown("corrections.html", _corrections(look))


def corrections_part(look: Look) -> Shown:
    """The corrections alone."""
    return Shown("parts/corrections.html", _corrections(look))


def _corrections(look: Look) -> dict[str, object]:
    label = look.query.get("label", "")
    label = label if label in LABELS else ""
    after = look.query.get("after") or None
    page = oversight.corrections(look.connection, look.stamp, label or None, _pair(after), MOST)
    wanted = {(row.entity, row.key) for row in page.rows}
    return {
        "rows": page.rows,
        "names": oversight.things(look.connection, look.stamp, wanted),
        "counts": oversight.tallied(look.connection, look.stamp),
        "trust": queries.trust(look.connection, look.stamp.platform, 0),
        "label": label,
        "labels": LABELS,
        "after": after,
        "next": None if page.next is None else "{}:{}".format(*page.next),
    }


def _pair(after: str | None) -> tuple[int, int] | None:
    seq, _, ordinal = (after or "").partition(":")
    return (int(seq), int(ordinal)) if _is_number(seq) and _is_number(ordinal) else None


PAGES = (
    Page("/doubts", doubts),
    Page("/parts/doubts", doubts_part),
    Page("/doubts/unread", unread),
    Page("/parts/doubts/unread", unread_part),
    Page("/doubts/corrections", corrections),
    Page("/parts/doubts/corrections", corrections_part),
)
