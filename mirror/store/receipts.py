"""Which answers may not have reached the platform, kept so that a restart still knows a redelivery.

Every answer up to `confirmed_seq` arrived, but for the receipts recorded here; the fate of later
ones is unknown after a crash, and `load_recent` counts them as failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

import sqlalchemy as sa
from msgspec import Struct

from mirror.core.model import Micros, Seq
from mirror.store import dialects, journal
from mirror.store.engine import Speaker, bulk, run
from mirror.store.schema import heads, unconfirmed
from mirror.store.schema import journal as deliveries


class Receipt(Struct, frozen=True):
    """A journaled body whose answer is not known to have reached the platform.

    `digest` is the body's SHA-256. `first` is the delivery that it repeats, or itself; `repeats`
    counts that one's redeliveries.
    """

    seq: Seq
    digest: bytes
    received_at: Micros
    first: Seq
    repeats: int = 0


def record_unconfirmed(connection: Speaker, platform: str, receipts: Sequence[Receipt]) -> None:
    """Records receipts, or anew with their `repeats`, in the caller's write transaction."""
    statement = dialects.upsert(connection.dialect.name, unconfirmed)
    rows = [(platform, r.seq, r.digest, r.received_at, r.repeats) for r in receipts]
    bulk(connection, statement, rows)


def add_repeat(connection: sa.Connection, platform: str, seq: Seq) -> None:
    """Counts one more redelivery of a recorded receipt."""
    connection.execute(
        sa.update(unconfirmed)
        .where(unconfirmed.c.platform == platform, unconfirmed.c.seq == seq)
        .values(repeats=unconfirmed.c.repeats + 1)
    )


def load_recent(connection: Speaker, platform: str, since: Micros) -> list[Receipt]:
    """The receipts from `since` on that may still be repeated, in order of seq.

    `repeats` are at least as many as there are redeliveries among them. Raises NotFound.
    """
    confirmed = journal.head_of(connection, platform).confirmed_seq
    found = {**_recorded(connection, platform, since)}
    for receipt in _unanswered(connection, platform, confirmed, since):
        found.setdefault(receipt.seq, receipt)
    counted = Counter(receipt.first for receipt in found.values() if receipt.first != receipt.seq)
    return [
        Receipt(r.seq, r.digest, r.received_at, r.first, max(r.repeats, counted[r.first]))
        for _, r in sorted(found.items())
    ]


def _recorded(connection: Speaker, platform: str, since: Micros) -> dict[Seq, Receipt]:
    return {row[0]: Receipt(*row) for row in run(connection, _RECORDED, (platform, since))}


def _unanswered(connection: Speaker, platform: str, confirmed: Seq, since: Micros) -> list[Receipt]:
    rows = run(connection, _UNANSWERED, (platform, confirmed, since))
    return [Receipt(seq, sha256(body).digest(), at, first) for seq, body, at, first in rows]


def advance_confirmed(connection: Speaker, platform: str, seq: Seq) -> None:
    """Notes that every answer up to `seq` arrived or is recorded here; never goes back."""
    run(connection, _CONFIRM, (seq, platform, seq))


def prune(connection: Speaker, platform: str, before: Micros) -> None:
    """Forgets receipts from before `before`: no redelivery of theirs is expected any more."""
    run(connection, _PRUNE, (platform, before))


_OF: sa.BindParameter[str] = sa.bindparam("of")
_RECORDED = (
    sa.select(
        unconfirmed.c.seq,
        unconfirmed.c.body_digest,
        unconfirmed.c.received_at,
        sa.func.coalesce(deliveries.c.redelivery_of, unconfirmed.c.seq),
        unconfirmed.c.repeats,
    )
    .join(
        deliveries,
        sa.and_(
            deliveries.c.platform == unconfirmed.c.platform,
            deliveries.c.seq == unconfirmed.c.seq,
        ),
    )
    .where(unconfirmed.c.platform == _OF, unconfirmed.c.received_at >= sa.bindparam("since"))
)
_UNANSWERED = sa.select(
    deliveries.c.seq,
    deliveries.c.body,
    deliveries.c.received_at,
    sa.func.coalesce(deliveries.c.redelivery_of, deliveries.c.seq),
).where(
    deliveries.c.platform == _OF,
    deliveries.c.seq > sa.bindparam("confirmed"),
    deliveries.c.source == sa.literal_column("'callback'"),
    deliveries.c.received_at >= sa.bindparam("since"),
)
_CONFIRM = (
    sa.update(heads)
    .values(confirmed_seq=sa.bindparam("confirmed"))
    .where(heads.c.platform == _OF, heads.c.confirmed_seq < sa.bindparam("below"))
)
_PRUNE = sa.delete(unconfirmed).where(
    unconfirmed.c.platform == _OF, unconfirmed.c.received_at < sa.bindparam("before")
)
