"""The tables of record: platforms and their tokens, the journal, and how far it was read."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    Table,
    Text,
)

from mirror.store.schema.base import key, metadata, platform_key

platforms = Table(
    "platforms",
    metadata,
    Column("platform", key(), nullable=False),
    Column("platform_id", key(), nullable=False),  # what API calls send as Platform
    Column("generation", Integer, nullable=False),  # the live one
    Column("feed_generation", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("removed_at", BigInteger),
    platform_key(),
    sqlite_with_rowid=False,
)

callback_tokens = Table(
    "callback_tokens",
    metadata,
    Column("platform", key(), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
    platform_key("digest"),
    ForeignKeyConstraint(["platform"], ["platforms.platform"]),
    sqlite_with_rowid=False,
)

heads = Table(
    "heads",
    metadata,
    Column("platform", key(), nullable=False),
    Column("head_seq", BigInteger, nullable=False),
    Column("head_digest", LargeBinary(32), nullable=False),
    Column("last_received_at", BigInteger),  # of a delivery that the platform sent
    Column("last_reconciled_at", BigInteger),  # of a delivery that reconciliation wrote
    # Up to here every reply is known to have been sent in time, or to be in `unconfirmed`.
    Column("confirmed_seq", BigInteger, nullable=False),
    platform_key(),
    sqlite_with_rowid=False,
)

journal = Table(
    "journal",
    metadata,
    Column("platform", key(), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("source", key(16), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("redelivery_of", BigInteger),
    platform_key("seq"),
    CheckConstraint("seq > 0", name="seq_positive"),
    sqlite_with_rowid=False,
)

unconfirmed = Table(
    "unconfirmed",
    metadata,
    Column("platform", key(), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("body_digest", LargeBinary(32), nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("repeats", Integer, nullable=False),  # how many redeliveries it has accounted for
    platform_key("seq"),
    sqlite_with_rowid=False,
)

imports = Table(
    "imports",
    metadata,
    Column("platform", key(), nullable=False),
    Column("fingerprint", LargeBinary(32), nullable=False),  # of the file's content up to `lines`
    Column("file_name", Text, nullable=False),
    Column("lines", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("started_seq", BigInteger, nullable=False),
    Column("finished", Boolean(create_constraint=False), nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    platform_key("fingerprint"),
    sqlite_with_rowid=False,
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("platform", key(), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),  # applied up to here
    Column("epoch", BigInteger, nullable=False),  # whoever writes must know it
    Column("logical_at", BigInteger, nullable=False),
    Column("next_class_id", BigInteger, nullable=False),
    Column("rules", Text, nullable=False),  # version of the transition rules and their parameters
    Column("updated_at", BigInteger, nullable=False),
    platform_key("generation"),
    sqlite_with_rowid=False,
)

sweeps = Table(
    "sweeps",
    metadata,
    Column("platform", key(), nullable=False),
    Column("owner_type", key(), nullable=False),
    Column("owner_id", key(), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    platform_key("owner_type", "owner_id"),
)
"""When reconciliation began and ended reading each owner: where it goes on, not what it learnt."""

reading_tokens = Table(
    "reading_tokens",
    metadata,
    Column("name", key(64), primary_key=True),
    Column("digest", LargeBinary(32), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
    Column("expires_at", BigInteger),  # of a login; other tokens end when they are revoked
    sqlite_with_rowid=False,
)
"""Who may read over HTTP: tokens that were given out, and logins. They open every platform."""
