"""`/deliveries`: what came, the newest first; `/deliveries/SEQ`: one, with all that it changed."""

from __future__ import annotations

from typing import Any, get_args

from msgspec import Struct

from mirror.core.decode import EVENT_TYPES
from mirror.core.decoding.kinds import OBSERVATION_KINDS
from mirror.core.model import Outcome, Seq
from mirror.core.secrets import mask_addresses
from mirror.store import queries
from mirror.store.queries import PENDING, Changed, lists, oversight
from mirror.web.pages.bodies import body
from mirror.web.pages.changes import told
from mirror.web.pages.look import Look, Page, Shown, number

MOST = 50
MOST_CHANGES = 200
OUTCOMES = (*get_args(Outcome), PENDING)
OBSERVED = tuple(known.event_type for known in OBSERVATION_KINDS)
TYPES = (*EVENT_TYPES, *OBSERVED)


# ---------------------------------------------------------------------------------------- many


def deliveries(look: Look) -> Shown:
    """The page."""
    return Shown("deliveries.html", _deliveries(look))


def deliveries_part(look: Look) -> Shown:
    """The deliveries alone."""
    return Shown("parts/deliveries.html", _deliveries(look))


def _deliveries(look: Look) -> dict[str, object]:
    event_type = look.query.get("type") or None
    outcome = look.query.get("outcome", "")
    outcome = outcome if outcome in OUTCOMES else ""
    before = number(look, "before", 0, 2**62) or None
    only = lists.Deliveries(
        (event_type,) if event_type else (), (outcome,) if outcome else (), until=look.at
    )
    place = None if before is None else (before,)
    page = lists.deliveries(look.connection, look.stamp, only, place, MOST)
    return {
        "rows": page.rows,
        "subjects": oversight.subjects(
            look.connection, look.stamp, [row.seq for row in page.rows if row.change_count]
        ),
        "next": None if page.next is None else page.next[0],
        "before": before,
        "type": event_type,
        "types": TYPES,
        "outcome": outcome,
        "outcomes": OUTCOMES,
        "masked": mask_addresses,
    }


# ----------------------------------------------------------------------------------------- one


def delivery(look: Look) -> Shown:
    """The page."""
    return Shown("delivery.html", _delivery(look))


def delivery_part(look: Look) -> Shown:
    """The same without what is around it."""
    return Shown("parts/delivery.html", _delivery(look))


def _delivery(look: Look) -> dict[str, object]:
    seq = Seq(min(look.path["seq"], 2**62))
    found = queries.show(look.connection, look.stamp.platform, seq, MOST_CHANGES)
    changes = [_change(each) for each in found.changes]
    named = {(each.kind, each.key) for each in changes}
    return {
        "delivery": found.delivery,
        "digest": found.digest.hex(),
        "body": body(found.body),
        "changes": changes,
        "names": oversight.things(look.connection, look.stamp, named),
        "repeats": oversight.repeats_of(look.connection, look.stamp, seq),
        "previous": seq - 1 if seq > 1 else None,
        "following": seq + 1 if seq < look.stamp.head_seq else None,
        "masked": mask_addresses,
    }


class Effect(Struct, frozen=True):
    """A change as a page shows it. `kind` is that of the thing it is about: of a link, its material."""

    entity: str
    kind: str
    key: str
    op: str
    was: dict[str, Any]
    now: dict[str, Any]


def _change(change: Changed) -> Effect:
    was, now = told(change)
    kind = "material" if change.entity == "link" else change.entity
    return Effect(change.entity, kind, change.key, change.op, was, now)


PAGES = (
    Page("/deliveries", deliveries),
    Page("/parts/deliveries", deliveries_part),
    Page("/deliveries/{seq:int}", delivery),
    Page("/parts/deliveries/{seq:int}", delivery_part),
)
