"""Which platform is meant, and how far it is: what every read begins with."""

from __future__ import annotations

import sqlalchemy as sa
from msgspec import Struct

from mirror.core.model import Micros, Seq
from mirror.errors import NotFound
from mirror.store import checkpoints, journal, schema
from mirror.store import platforms as known


class Stamp(Struct, frozen=True):
    """The moment that a read sees: while it is the same, so is the state."""

    platform: str
    generation: int
    feed_generation: int
    applied_seq: Seq
    head_seq: Seq


def stamp(connection: sa.Connection, platform: str | None) -> Stamp:
    """How far a platform is: that one, else `default` or the only one. Raises NotFound."""
    name = known.DEFAULT if platform is None else platform
    found = _find(connection, name)
    if found is None:
        found = _find(connection, known.resolve(connection, platform).name)
    if found is None:
        raise NotFound(f"There is no platform '{name}': `mirror platform list` names them.")
    return found


def _find(connection: sa.Connection, name: str) -> Stamp | None:
    table, heads = schema.platforms, schema.heads
    row = connection.execute(
        sa.select(table.c.generation, table.c.feed_generation, table.c.removed_at, heads.c.head_seq)
        .select_from(table.join(heads, heads.c.platform == table.c.platform))
        .where(table.c.platform == name)
    ).first()
    if row is None:
        return None
    checkpoint = checkpoints.current(connection, name, row.generation)
    applied = Seq(0) if checkpoint is None else checkpoint.seq
    return Stamp(name, row.generation, row.feed_generation, applied, row.head_seq)


def seq_at(connection: sa.Connection, platform: str, time: Micros) -> Seq:
    """The last delivery at or before a time; 0 if all came after. Raises NotFound."""
    return journal.seq_at(connection, platform, time)


def platforms(connection: sa.Connection) -> list[str]:
    """Every platform by name, removed ones included."""
    return [platform.name for platform in known.listed(connection)]
