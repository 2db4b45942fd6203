"""The change feed: committed changes in order, without gaps, to be taken up again anywhere.

A place in it is (generation, seq, ordinal). A rebuild that makes other change rows starts a new
generation; who comes with a place in an older one is told so, and reads from the beginning.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from msgspec import Struct, json

from mirror.core.model import Seq
from mirror.errors import FeedReset, NotFound
from mirror.store import checkpoints
from mirror.store.schema import changes, platforms

Entity = Literal["class", "material", "file", "link", "project", "task"]
Op = Literal["insert", "update", "delete"]


class Position(NamedTuple):
    """A place in the feed: that of the last change that was read."""

    generation: int
    seq: Seq
    ordinal: int


class Change(Struct, frozen=True):
    """One decided change of one row; `before` and `after` hold the changed fields.

    `before` is None for an insert, `after` for a delete. `ordinal` counts within the delivery.
    """

    generation: int
    seq: Seq
    ordinal: int
    entity: Entity
    key: str
    op: Op
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @property
    def position(self) -> Position:
        """Where to go on after this change."""
        return Position(self.generation, self.seq, self.ordinal)


def end(connection: sa.Connection, platform: str) -> Position:
    """The place behind every change of the deliveries applied so far. Raises NotFound."""
    feed = platforms.c.feed_generation
    generation = connection.execute(
        sa.select(feed).where(platforms.c.platform == platform)
    ).scalar()
    if generation is None:
        raise NotFound(f"There is no platform '{platform}': `mirror platform list` names them.")
    checkpoint = checkpoints.current(connection, platform)
    return Position(generation, Seq(0) if checkpoint is None else checkpoint.seq, _LAST)


def read(
    connection: sa.Connection,
    platform: str,
    after: Position,
    until: Seq,
    limit: int = 1_000,
) -> list[Change]:
    """Up to `limit` changes behind `after`, of deliveries up to `until`, ascending.

    Raises FeedReset where `after` is of another generation, and NotFound.
    """
    generation = end(connection, platform).generation
    if after.generation != generation:
        raise FeedReset(
            f"Platform '{platform}': a rebuild made the change feed anew (generation {generation}, "
            f"not {after.generation}). Drop what was made from it, and read it from the beginning."
        )
    place = sa.tuple_(changes.c.seq, changes.c.ordinal)
    rows = connection.execute(
        sa.select(*(changes.c[name] for name in Change.__struct_fields__[1:]))
        .where(
            changes.c.platform == platform,
            changes.c.generation == checkpoints.live_generation(connection, platform),
            place > sa.tuple_(sa.literal(after.seq), sa.literal(after.ordinal)),
            changes.c.seq <= until,
        )
        .order_by(changes.c.seq, changes.c.ordinal)
        .limit(limit)
    )
    return [
        Change(generation, seq, ordinal, entity, key, op, _fields(before), _fields(after_))
        for seq, ordinal, entity, key, op, before, after_ in rows
    ]


_LAST = 2**31 - 1  # no delivery makes so many changes


def _fields(text: str | None) -> dict[str, Any] | None:
    return None if text is None else json.decode(text, type=dict[str, Any])
