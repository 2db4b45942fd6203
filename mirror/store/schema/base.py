"""What all tables share: the metadata, keys compared byte by byte, and platform leading every key."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def key(length: int = 255) -> TypeEngine[str]:
    """Text compared byte by byte on every engine."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def words() -> TypeEngine[str]:
    """Text of any length that is part of a key."""
    return Text().with_variant(Text(collation="C"), "postgresql")


def platform_key(*names: str) -> PrimaryKeyConstraint:
    """A primary key that the platform leads."""
    return PrimaryKeyConstraint("platform", *names)


STATE: list[Table] = []
"""The tables that a rebuild fills, each keyed by (platform, generation, …)."""


def state_table(name: str, key_names: tuple[str, ...], *columns: Column[object]) -> Table:
    """A table of state: a rebuild fills it anew, in a generation of its own."""
    table = Table(
        name,
        metadata,
        Column("platform", key(), nullable=False),
        Column("generation", Integer, nullable=False),
        *columns,
        platform_key("generation", *key_names),
        sqlite_with_rowid=False,
    )
    STATE.append(table)
    return table
