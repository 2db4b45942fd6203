"""The public views of what came in and what it did: deliveries, changes, and how far each platform is."""

from __future__ import annotations

import sqlalchemy as sa

from mirror.store.schema import changes, checkpoints, doubts, heads, journal, outcomes, platforms
from mirror.store.view_parts import Query, live, same, time


def delivery_log_joined() -> Query:
    """Deliveries, starting from the journal."""
    applied = platforms.join(journal, journal.c.platform == platforms.c.platform).outerjoin(
        outcomes, sa.and_(same(outcomes, platforms), outcomes.c.seq == journal.c.seq)
    )
    return sa.select(
        journal.c.platform,
        journal.c.seq,
        time(journal.c.received_at),
        journal.c.source,
        outcomes.c.event_type,
        sa.func.coalesce(outcomes.c.outcome, "pending").label("outcome"),
        outcomes.c.detail,
        sa.func.coalesce(outcomes.c.change_count, 0).label("change_count"),
        journal.c.redelivery_of,
    ).select_from(applied)


def delivery_log() -> Query:
    """Deliveries, starting from what became of them or, while they wait, from the journal."""
    # In two parts, so that what is asked of an outcome or a type is answered from an index of theirs.
    delivery = sa.and_(journal.c.platform == outcomes.c.platform, journal.c.seq == outcomes.c.seq)
    applied = sa.select(
        outcomes.c.platform,
        outcomes.c.seq,
        time(journal.c.received_at),
        journal.c.source,
        outcomes.c.event_type,
        outcomes.c.outcome,
        outcomes.c.detail,
        outcomes.c.change_count,
        journal.c.redelivery_of,
    ).select_from(live(outcomes).join(journal, delivery))
    waiting = sa.and_(
        journal.c.platform == platforms.c.platform,
        journal.c.seq > sa.func.coalesce(checkpoints.c.seq, 0),
    )
    known = same(outcomes, platforms)
    # Of the same types in both parts, or SQLite would not read them side by side in order.
    pending = sa.select(
        journal.c.platform,
        journal.c.seq,
        time(journal.c.received_at),
        journal.c.source,
        sa.cast(sa.null(), sa.Text).label("event_type"),
        sa.cast(sa.literal("pending"), sa.String(16)).label("outcome"),
        sa.cast(sa.null(), sa.Text).label("detail"),
        sa.cast(sa.literal(0), sa.Integer).label("change_count"),
        journal.c.redelivery_of,
    ).select_from(
        platforms.outerjoin(checkpoints, same(checkpoints, platforms)).join(journal, waiting)
    )
    return sa.union_all(
        applied, pending.where(~sa.exists().where(known, outcomes.c.seq == journal.c.seq))
    )


def change_log() -> Query:
    """Changes."""
    return sa.select(
        changes.c.platform,
        changes.c.seq,
        changes.c.ordinal,
        changes.c.entity,
        changes.c.key,
        changes.c.op,
        changes.c.before,
        changes.c.after,
    ).select_from(live(changes))


def mirror_status() -> Query:
    """Platforms, and how far they are."""

    def count(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
        counted = sa.select(sa.func.count()).where(same(table, platforms), *conditions)
        return counted.correlate(platforms).scalar_subquery()

    def outcome(name: str) -> sa.ScalarSelect[int]:
        return count(outcomes, outcomes.c.outcome == name)

    applied = sa.func.coalesce(checkpoints.c.seq, 0)
    return sa.select(
        platforms.c.platform,
        heads.c.head_seq,
        applied.label("applied_seq"),
        (heads.c.head_seq - applied).label("lag"),
        time(heads.c.last_received_at),
        outcome("quarantined").label("quarantined"),
        outcome("unrecognised").label("unrecognised"),
        count(doubts).label("open_doubts"),
        time(heads.c.last_reconciled_at),
    ).select_from(
        platforms.join(heads, heads.c.platform == platforms.c.platform).outerjoin(
            checkpoints, same(checkpoints, platforms)
        )
    )
