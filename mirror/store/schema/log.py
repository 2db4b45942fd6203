"""The state tables that tell what each delivery did: its outcome, its changes, and what it put right."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    Text,
    or_,
)

from mirror.store.schema.base import key, state_table

outcomes = state_table(
    "outcomes",
    ("seq",),
    Column("seq", BigInteger, nullable=False),
    Column("event_type", Text),
    Column("outcome", key(16), nullable=False),
    Column("detail", Text),
    Column("change_count", Integer, nullable=False),
)
# The common one needs no index. SQLite uses it for `outcome = …` of one of these alone, and only as the
# condition is written out: an equality must be one of its terms. `pending` has no rows, and so is answered at once.
_NOTABLE = or_(
    *(
        outcomes.c.outcome == name
        for name in ("quarantined", "unrecognised", "redelivery", "unchanged", "pending")
    )
)
Index(
    "ix_outcomes_notable",
    outcomes.c.platform,
    outcomes.c.outcome,
    outcomes.c.seq,
    outcomes.c.generation,
    sqlite_where=_NOTABLE,
    postgresql_where=_NOTABLE,
)
Index(None, outcomes.c.platform, outcomes.c.event_type, outcomes.c.seq, outcomes.c.generation)

changes = state_table(
    "changes",
    ("seq", "ordinal"),
    Column("seq", BigInteger, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("entity", key(16), nullable=False),
    Column("key", key(), nullable=False),
    Column("op", key(8), nullable=False),
    Column("before", Text),  # JSON object of the changed fields
    Column("after", Text),
)
Index(
    None, changes.c.platform, changes.c.generation, changes.c.entity, changes.c.key, changes.c.seq
)

corrections = state_table(
    "corrections",
    ("seq", "ordinal"),
    Column("seq", BigInteger, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("label", key(32), nullable=False),
    Column("entity", key(16), nullable=False),
    Column("key", key(2600), nullable=False),
    Column("event_type", Text),
    Column("detail", Text, nullable=False),
)

samples = state_table(
    "samples",
    ("seq",),
    Column("seq", BigInteger, nullable=False),
    Column("drawn", Integer, nullable=False),
    Column("wrong", Integer, nullable=False),
    Column("wrong_undoubted", Integer, nullable=False),
)
