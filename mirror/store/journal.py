"""Appends deliveries and reads them back in seq order.

A delivery is durable once the transaction it was appended in is committed. Seqs of a platform are
1, 2, 3 … without gaps, in commit order; rows are chained, and the database refuses to change them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, cast

import sqlalchemy as sa
from msgspec import Struct

from mirror.core.model import Micros, Seq
from mirror.errors import NotFound
from mirror.store import chain
from mirror.store.engine import Speaker, insert_together, run
from mirror.store.schema import heads, journal

Source = Literal["callback", "import", "reconcile"]


class Arrival(Struct, frozen=True, gc=False):
    """A delivery that has no place in the journal yet: exact bytes, and what is known about them."""

    body: bytes
    received_at: Micros
    source: Source = "callback"
    redelivery_of: Seq | None = None


class Delivery(Struct, frozen=True, gc=False):
    """A delivery as the journal keeps it."""

    platform: str
    seq: Seq
    received_at: Micros
    source: Source
    body: bytes
    redelivery_of: Seq | None
    digest: bytes


class Head(Struct, frozen=True):
    """Where a platform's journal ends. `confirmed_seq`: so far every answer's fate is recorded."""

    seq: Seq
    digest: bytes
    last_received_at: Micros | None
    last_reconciled_at: Micros | None
    confirmed_seq: Seq


_DELIVERY = sa.select(*(journal.c[name] for name in Delivery.__struct_fields__))
_HEAD = sa.select(
    heads.c.head_seq,
    heads.c.head_digest,
    heads.c.last_received_at,
    heads.c.last_reconciled_at,
    heads.c.confirmed_seq,
).where(heads.c.platform == sa.bindparam("platform"))
_LOCKED_HEAD = _HEAD.with_for_update()
_MOVE_HEAD = (
    sa.update(heads)
    .values(
        head_seq=sa.bindparam("seq"),
        head_digest=sa.bindparam("digest"),
        last_received_at=sa.bindparam("received"),
        last_reconciled_at=sa.bindparam("reconciled"),
        confirmed_seq=sa.bindparam("confirmed"),
    )
    .where(heads.c.platform == sa.bindparam("of"))
)


def append(connection: Speaker, platform: str, arrivals: Sequence[Arrival]) -> list[Seq]:
    """Appends `arrivals` in their order, inside the caller's write transaction; returns their seqs.

    Raises NotFound for an unknown platform, and Broken where the journal does not end where its
    head says.
    """
    before = head_of(connection, platform, lock=True)
    digest, first = before.digest, before.seq + 1
    rows = []
    for seq, arrival in enumerate(arrivals, start=first):
        at, source, body = arrival.received_at, arrival.source, arrival.body
        digest = chain.link(digest, platform, seq, at, source, body, arrival.redelivery_of)
        rows.append((platform, seq, at, source, body, digest, arrival.redelivery_of))
    if rows:
        insert_together(connection, journal, rows)
        _advance(connection, platform, before, arrivals, digest)
    return cast("list[Seq]", list(range(first, first + len(rows))))


def _advance(
    connection: Speaker,
    platform: str,
    before: Head,
    arrivals: Sequence[Arrival],
    digest: bytes,
) -> None:
    received, reconciled = before.last_received_at, before.last_reconciled_at
    sources = {arrival.source for arrival in arrivals}
    if "reconcile" in sources:
        reconciled = _last(arrivals, sources & {"reconcile"})
    if others := sources - {"reconcile"}:
        received = _last(arrivals, others)
    # Only a callback waits for an answer; the others must not hold the watermark back.
    answered = before.confirmed_seq == before.seq and "callback" not in sources
    seq = before.seq + len(arrivals)
    confirmed = seq if answered else before.confirmed_seq
    run(connection, _MOVE_HEAD, (seq, digest, received, reconciled, confirmed, platform))


def _last(arrivals: Sequence[Arrival], sources: set[Source]) -> Micros:
    """When the last of those from `sources` came."""
    return next(one.received_at for one in reversed(arrivals) if one.source in sources)


def head_of(connection: Speaker, platform: str, *, lock: bool = False) -> Head:
    """Where the journal of `platform` ends. With `lock` nobody else can append until the commit."""
    row = run(connection, _LOCKED_HEAD if lock else _HEAD, (platform,)).fetchone()
    if row is None:
        raise NotFound(f"There is no platform '{platform}': `mirror platform list` names them.")
    return Head(*tuple(row))


def head(connection: sa.Connection, platform: str) -> Seq:
    """The seq of the newest delivery; 0 for an empty journal. Raises NotFound."""
    return head_of(connection, platform).seq


def read(
    connection: sa.Connection, platform: str, after: Seq, limit: int, until: Seq | None = None
) -> list[Delivery]:
    """Up to `limit` deliveries with `after` < seq (<= `until`), ascending."""
    query = _DELIVERY.where(journal.c.platform == platform, journal.c.seq > after)
    if until is not None:
        query = query.where(journal.c.seq <= until)
    rows = connection.execute(query.order_by(journal.c.seq).limit(limit))
    return [Delivery(*row) for row in rows]


def at(connection: sa.Connection, platform: str, seq: Seq) -> Delivery:
    """The delivery at `seq`. Raises NotFound."""
    found = read(connection, platform, Seq(seq - 1), 1, seq)
    if not found:
        last = head(connection, platform)
        raise NotFound(
            f"Platform '{platform}' has no delivery {seq}: its journal ends at {last}, "
            "and starts at 1."
        )
    return found[0]


def seq_at(connection: sa.Connection, platform: str, time: Micros) -> Seq:
    """The last delivery at or before `time`; 0, if all came after.

    Found by halving, with no index to keep. Where a clock went back, it is one delivery at or
    before `time` whose next came after it.
    """
    low, high = 0, head(connection, platform)
    while low < high:
        middle = (low + high + 1) // 2
        if at(connection, platform, Seq(middle)).received_at <= time:
            low = middle
        else:
            high = Seq(middle - 1)
    return Seq(low)


def check_chain(
    connection: sa.Connection, platform: str, batch: int = 5_000
) -> Iterator[chain.Fault]:
    """Reads the whole journal and yields each row that was edited, swapped or taken out.

    Against one who rewrites everything up to the head, hold the head's digest against a copy kept
    elsewhere. Raises NotFound.
    """
    end = head_of(connection, platform)
    rows = _all(connection, platform, batch)
    yield from chain.faults(platform, rows, end.seq, end.digest)


def _all(connection: sa.Connection, platform: str, batch: int) -> Iterator[chain.Row]:
    columns = sa.select(*(journal.c[name] for name in chain.Row._fields)).order_by(journal.c.seq)
    query = columns.where(journal.c.platform == platform, journal.c.seq > sa.bindparam("after"))
    after = Seq(0)
    while rows := connection.execute(query.limit(batch), {"after": after}).all():
        for row in rows:
            yield chain.Row(*row)
        after = rows[-1].seq
